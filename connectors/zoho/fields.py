"""Which fields a module of this account has, and which of them are read: a list must name them, 50 a call at most."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from connectors.zoho.api import Api, Row
from hub.sdk import ConnectionBroken, FieldShape

MOST = 50
_LETTERS = 1024  # of the parameter `fields`, says the specification

_KINDS: Mapping[str, str] = {
    "email": "email",
    "phone": "phone",
    "website": "url",
    "date": "date",
    "datetime": "instant",
    "boolean": "bool",
    "integer": "int",
    "bigint": "int",
    "double": "decimal",
    "currency": "money",
    "multiselectpicklist": "list",
    "subform": "list",
    "lookup": "object",
    "ownerlookup": "object",
}
# What a list shows as something else than a value, or not at all.
_UNREAD = frozenset(
    {
        *("subform", "fileupload", "imageupload", "profileimage", "consent_lookup", "multiselectlookup"),
        *("multiuserlookup", "multi_module_lookup", "rich_text", "event_reminder", "RRULE", "ALARM"),
    }
)


class Field(NamedTuple):
    """One field as the account has it."""

    name: str
    type: str
    label: str | None
    custom: bool
    required: bool
    readonly: bool
    longest: int | None


class Fields:
    """The fields of each module, asked once per job. `further`: names the admin wants besides."""

    def __init__(self, api: Api, *, further: Sequence[str]) -> None:
        self._api = api
        self._further = tuple(further)
        self._known: dict[str, dict[str, Field]] = {}

    def of(self, module: str) -> Mapping[str, Field]:
        """By API name. Raises ConnectionBroken if the account has no such module."""
        found = self._known.get(module)
        if found is None:
            rows = self._api.read("/settings/fields", {"module": module}, key="fields").rows
            found = {str(row["api_name"]): _field(row) for row in rows if row.get("api_name")}
            if not found:
                raise ConnectionBroken(
                    f"the account shows no fields of {module}",
                    fix=f"take {module} out of the setting modules, or give the user rights to it",
                )
            self._known[module] = found
        return found

    def read(self, module: str, usual: Sequence[str]) -> list[tuple[str, ...]]:
        """What to ask of a list, in portions: the usual ones that exist, the admin's, and all simple custom ones."""
        there = self.of(module)
        wanted = [name for name in (*usual, *self._further) if name in there]
        wanted += [one.name for one in there.values() if one.custom and one.type not in _UNREAD]
        return list(_portions(dict.fromkeys(wanted)))

    def shapes(self, module: str, names: Mapping[str, str]) -> list[FieldShape]:
        """For `discover`; `names`: the names under which our records show some of them."""
        return [
            FieldShape(
                names.get(one.name, one.name),
                _KINDS.get(one.type, "text"),
                one.label,
                required=one.required,
                readonly=one.readonly,
                custom=one.custom,
            )
            for one in self.of(module).values()
        ]


def _portions(wanted: Mapping[str, None]) -> Iterator[tuple[str, ...]]:
    portion: list[str] = []
    letters = 0
    for name in wanted:
        if len(portion) == MOST or letters + len(name) + 1 > _LETTERS:
            yield tuple(portion)
            portion, letters = [], 0
        portion.append(name)
        letters += len(name) + 1
    if portion:
        yield tuple(portion)


def _field(row: Row) -> Field:
    length = row.get("length")
    return Field(
        str(row["api_name"]),
        str(row.get("data_type") or "text"),
        str(row["field_label"]) if row.get("field_label") else None,
        bool(row.get("custom_field")),
        bool(row.get("system_mandatory")),
        bool(row.get("read_only") or row.get("field_read_only")),
        length if isinstance(length, int) else None,
    )
