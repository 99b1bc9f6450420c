"""Odoo's own ids for countries, states, languages, titles and tags; each list is read once per job."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from connectors.odoo.rpc import Rpc
from hub.sdk import RecordRejected

_FIX = 'create it in Odoo, take it out of the map\'s push, or set unknown_words = "leave"'


class State(NamedTuple):
    id: int
    code: str
    name: str
    country: int


class Lookups:
    """`strict`: a region, language or title that Odoo has no word for is refused instead of left out."""

    def __init__(self, rpc: Rpc, *, strict: bool = False) -> None:
        self._rpc = rpc
        self._strict = strict
        self._countries: dict[str, int] | None = None
        self._codes: dict[int, str] = {}
        self._states: dict[int, State] = {}
        self._whole: set[int] = set()
        self._languages: list[str] | None = None
        self._titles: dict[str, int] | None = None
        self._tags: dict[int, str] | None = None

    # --- reading ------------------------------------------------------------------------------------

    def country_code(self, id: int | None) -> str | None:
        if id is None:
            return None
        self.countries()
        return self._codes.get(id)

    def countries(self) -> dict[str, int]:
        """Code → id."""
        if self._countries is None:
            rows = self._rpc.search_read("res.country", [], ["code"])
            self._codes = {row["id"]: str(row["code"]).upper() for row in rows if row.get("code")}
            self._countries = {code: id for id, code in self._codes.items()}
        return self._countries

    def learn_states(self, ids: Iterable[int | None]) -> None:
        """Read the states of a page together."""
        missing = [id for id in ids if id is not None and id not in self._states]
        self._keep(self._rpc.by_ids("res.country.state", missing, ["code", "name", "country_id"]))

    def state(self, id: int | None) -> State | None:
        if id is None:
            return None
        if id not in self._states:
            self.learn_states([id])
        return self._states.get(id)

    def tags(self, ids: Sequence[int]) -> list[str]:
        if not ids:
            return []
        if self._tags is None or any(id not in self._tags for id in ids):
            rows = self._rpc.search_read("res.partner.category", [], ["name"])
            self._tags = {row["id"]: str(row["name"]) for row in rows}
        return sorted(self._tags[id] for id in ids if id in self._tags)

    # --- writing ------------------------------------------------------------------------------------

    def country(self, code: str) -> int:
        found = self.countries().get(str(code).upper())
        if found is None:
            raise RecordRejected(f'Odoo has no country "{code}"', fix="correct the country")
        return found

    def region(self, country: int | None, code: str | None, name: str | None) -> int | None:
        """By its code (`US-CA` or `CA`), else by its name, within the country."""
        if not (code or name):
            return None
        if country is None:
            return self._nothing(f'the region "{name or code}" needs a country')
        if country not in self._whole:
            fields = ["code", "name", "country_id"]
            self._keep(self._rpc.search_read("res.country.state", [["country_id", "=", country]], fields))
            self._whole.add(country)
        mine = [one for one in self._states.values() if one.country == country]
        short = str(code or "").rpartition("-")[2].casefold()
        words = [one.casefold() for one in (name, code) if one]
        for fits in (
            lambda one: bool(short) and one.code.casefold() == short,
            lambda one: one.name.casefold() in words,
            lambda one: one.code.casefold() in words,
        ):
            found = [one.id for one in mine if fits(one)]
            if len(found) == 1:
                return found[0]
        return self._nothing(f'Odoo has no region "{name or code}" in {self._codes.get(country)}')

    def language(self, tag: str) -> str | None:
        """`de-AT` is their `de_AT`; a language without region takes the only one there is of it."""
        if self._languages is None:
            rows = self._rpc.search_read("res.lang", [["active", "=", True]], ["code"])
            self._languages = [str(row["code"]) for row in rows]
        wanted = str(tag).replace("-", "_").casefold()
        exact = [one for one in self._languages if one.casefold() == wanted]
        family = [
            one for one in self._languages if one.casefold().partition("_")[0] == wanted.partition("_")[0]
        ]
        if exact or len(family) == 1:
            return (exact or family)[0]
        self._nothing(f'the language "{tag}" is not installed in Odoo')
        return None

    def title(self, word: str) -> int | None:
        if self._titles is None:
            rows = self._rpc.search_read("res.partner.title", [], ["name", "shortcut"])
            self._titles = {
                str(row[name]).casefold(): row["id"]
                for name in ("shortcut", "name")
                for row in rows
                if row.get(name)
            }
        found = self._titles.get(word.casefold())
        return found if found is not None else self._nothing(f'Odoo has no title "{word}"')

    def tag_ids(self, names: Sequence[str]) -> list[int]:
        """The tags' ids; those that are not there are made."""
        rows = self._rpc.search_read("res.partner.category", [["name", "in", list(names)]], ["name"])
        known = {str(row["name"]): int(row["id"]) for row in rows}
        for name in names:
            if name not in known:
                (made,) = self._rpc.write("res.partner.category", "create", {"vals_list": [{"name": name}]})
                known[name] = int(made)
                self._tags = None
        return [known[name] for name in names]

    def lacks(self, what: str) -> None:
        """Odoo has no field for this. Raises RecordRejected if that is not to be passed over."""
        self._nothing(f"this Odoo has no field for {what}")

    def _nothing(self, message: str) -> int | None:
        """Left out, unless the connection wants it refused."""
        if self._strict:
            raise RecordRejected(message, fix=_FIX)
        return None

    def _keep(self, rows: Iterable[dict[str, object]]) -> None:
        for row in rows:
            country = row.get("country_id")
            if isinstance(country, list) and isinstance(row["id"], int):
                self._states[row["id"]] = State(
                    row["id"], str(row["code"]), str(row["name"]), int(country[0])
                )
