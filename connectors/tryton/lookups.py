"""The ERP's own ids for countries, languages and subdivisions, and the types of the connection's further fields."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from connectors.tryton import party, write
from connectors.tryton.rest import SIMPLE, Rest, Unreadable
from hub.sdk import ConnectionBroken, RecordRejected


class Lookups(write.References):
    """Reads each list once per job."""

    def __init__(self, rest: Rest, *, extra: Sequence[str]) -> None:
        self._rest = rest
        self._extra = tuple(extra)
        self._countries: dict[str, int] | None = None
        self._languages: dict[str, int] | None = None
        self._subdivisions: dict[str, list[Mapping[str, Any]]] = {}
        self._types: dict[str, str] | None = None
        self._own: list[int] | None = None

    def own_parties(self) -> list[int]:
        """The parties that the companies in the ERP themselves are; none where it has no companies."""
        if self._own is None:
            try:
                rows = self._rest.search_read("company.company", [], ["party"]).rows
            except Unreadable:
                rows = []
            self._own = [int(row["party"]) for row in rows if row["party"]]
        return self._own

    def countries(self) -> Mapping[str, int]:
        if self._countries is None:
            self._countries = self._codes("country.country")
        return self._countries

    def country(self, code: str) -> int:
        found = self.countries().get(str(code).upper())
        if found is None:
            raise RecordRejected(
                f'the ERP has no country "{code}"', fix="load the countries there (trytond_import_countries)"
            )
        return found

    def language(self, code: str) -> int:
        """`zh-CN` is their `zh_CN`; a language without region takes the only one there is of it."""
        if self._languages is None:
            self._languages = self._codes("ir.lang")
        wanted = str(code).replace("-", "_").upper()
        if wanted in self._languages:
            return self._languages[wanted]
        base = wanted.split("_", 1)[0]
        if base in self._languages:
            return self._languages[base]
        family = [id for word, id in self._languages.items() if word.startswith(base + "_")]
        if len(family) == 1:
            return family[0]
        raise RecordRejected(
            f'the ERP has no language "{code}"', fix="add it there, or take language out of the push"
        )

    def subdivision(self, country: str | None, word: str) -> int:
        """By code (`DE-BY` or `BY`) or name within the country."""
        if not country:
            raise RecordRejected(f'the region "{word}" needs a country')
        if country not in self._subdivisions:
            read = self._rest.search_read(
                "country.subdivision", [["country.code", "=", country]], ["code", "name"]
            )
            self._subdivisions[country] = list(read.rows)
        known = self._subdivisions[country]
        wanted = word.casefold()
        names = [one["id"] for one in known if wanted in _spellings(one, country)]
        if len(names) != 1:
            raise RecordRejected(
                f'the ERP has no region "{word}" in {country}',
                fix="load the subdivisions there (trytond_import_countries), or take region out of the push",
            )
        return int(names[0])

    def types(self) -> Mapping[str, str]:
        """The types of the further fields. Raises ConnectionBroken for one that is missing or not simple."""
        if self._types is None:
            shapes = self._rest.tables(party.MODEL, "fields_get", {}) if self._extra else {}
            for name in self._extra:
                kind = shapes.get(name, {}).get("type")
                if kind not in SIMPLE:
                    raise ConnectionBroken(
                        f'parties have no simple field "{name}"' + (f" (it is a {kind})" if kind else ""),
                        fix="correct the setting `fields`",
                    )
            self._types = {name: shapes[name]["type"] for name in self._extra}
        return self._types

    def _codes(self, model: str) -> dict[str, int]:
        rows = self._rest.search_read(model, [], ["code"]).rows
        return {str(row["code"]).upper(): int(row["id"]) for row in rows if row["code"]}


def _spellings(subdivision: Mapping[str, Any], country: str) -> set[str]:
    code = str(subdivision["code"] or "")
    return {code.casefold(), code.removeprefix(f"{country}-").casefold(), str(subdivision["name"]).casefold()}
