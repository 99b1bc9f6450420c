"""Our marks on what we made: an external id (`crm_hub.<mark>`, in ir.model.data) or a field of the admin's choice.

The external id is Odoo's own way to say "this record is that one over there": invisible, unique, gone with its record.
`load` makes record and external id in one transaction, and given the same id again changes the record it made.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from connectors.odoo.faults import Forbidden, Gone
from connectors.odoo.rpc import Rpc
from hub.sdk import OutcomeUnknown, RecordRejected, RemoteUnavailable

MODULE = "crm_hub"

_ODD = re.compile(r"[^A-Za-z0-9_-]")
_REFERENCES = {"many2one", "many2many"}
_BUSY = "could not serialize"


def external(marker: str) -> str:
    return _ODD.sub("_", marker)


class Marks:
    """`field`: where marks stand instead of the external id."""

    def __init__(self, rpc: Rpc, model: str, *, field: str | None = None) -> None:
        self._rpc = rpc
        self._model = model
        self.field = field

    def find(self, markers: Sequence[str]) -> dict[str, int]:
        """Mark → record, for those that were made before and are still there."""
        if not markers:
            return {}
        if self.field:
            rows = self._rpc.search_read(self._model, [[self.field, "in", list(markers)]], [self.field])
            return {str(row[self.field]): int(row["id"]) for row in reversed(rows)}
        names = {external(one): one for one in markers}
        domain = [["module", "=", MODULE], ["model", "=", self._model], ["name", "in", list(names)]]
        try:
            rows = self._rpc.search_read("ir.model.data", domain, ["name", "res_id"])
        except Forbidden:
            # Not everybody may list external ids, but each may be asked for.
            found = {marker: self._one(name) for name, marker in names.items()}
        else:
            found = {names[str(row["name"])]: int(row["res_id"]) for row in rows}
        there = {id for id in found.values() if id is not None}
        alive = {row["id"] for row in self._rpc.by_ids(self._model, sorted(there), ["id"])}
        return {marker: id for marker, id in found.items() if id is not None and id in alive}

    def _one(self, name: str) -> int | None:
        try:
            said = self._rpc.read(
                "ir.model.data", "check_object_reference", {"module": MODULE, "xml_id": name}
            )
        except Gone:
            return None
        good = isinstance(said, list | tuple) and len(said) == 2 and said[0] == self._model
        return int(said[1]) if good and said[1] else None

    def create(self, markers: Sequence[str], values: Sequence[Mapping[str, Any]]) -> list[int]:
        """Make these records, all or none, each with its mark. Raises RecordRejected with Odoo's words."""
        if self.field:
            vals = [{**one, self.field: marker} for one, marker in zip(values, markers, strict=True)]
            return _ids(self._rpc.write(self._model, "create", {"vals_list": vals}), len(vals))
        header, table = sheet(self._model, values, markers, kinds=self._kinds())
        said = self._rpc.write(self._model, "load", {"fields": header, "data": table})
        if not isinstance(said, dict):
            raise OutcomeUnknown("the answer to load is not as agreed", cause=f"{said!r:.100}")
        if not said.get("ids"):
            complaints = [
                str(one.get("message")) for one in said.get("messages") or () if isinstance(one, dict)
            ]
            cause = " · ".join(complaints[:3])[:500]
            if _BUSY in cause:
                raise RemoteUnavailable("Odoo was busy with the same records", cause=cause)
            raise RecordRejected("Odoo refuses it", cause=cause or "load made nothing")
        return _ids(said["ids"], len(values))

    def _kinds(self) -> Mapping[str, str]:
        return {name: str(one.get("type")) for name, one in self._rpc.fields(self._model).items()}


def sheet(
    model: str, values: Sequence[Mapping[str, Any]], markers: Sequence[str], *, kinds: Mapping[str, str]
) -> tuple[list[str], list[list[str]]]:
    """The records as the table that `load` takes: texts only, a line for each, more where it has children.

    A column left blank empties its field, so all of `values` must have the same names.
    """
    plain = sorted({name for one in values for name in one if name != "child_ids"})
    inner = sorted({name for one in values for child in one.get("child_ids", ()) for name in child[2]})
    header = ["id", *(_column(name, kinds) for name in plain)]
    header += [f"child_ids/{_column(name, kinds)}" for name in inner]
    table: list[list[str]] = []
    for one, marker in zip(values, markers, strict=True):
        children = [child[2] for child in one.get("child_ids", ())] or [{}]
        for place, child in enumerate(children):
            mine = [f"{MODULE}.{external(marker)}", *(_cell(one.get(name)) for name in plain)]
            first = mine if place == 0 else [""] * len(mine)
            table.append([*first, *(_cell(child.get(name)) for name in inner)])
    return header, table


def _column(name: str, kinds: Mapping[str, str]) -> str:
    """References by the database's own id, never by a name that might be somebody else's."""
    return f"{name}/.id" if kinds.get(name) in _REFERENCES else name


def _cell(value: Any) -> str:
    if value is None or value is False:
        return ""
    if value is True:
        return "1"
    if isinstance(value, list):  # the command [[6, 0, ids]]
        return ",".join(str(id) for id in value[0][2])
    return str(value)


def _ids(said: Any, wanted: int) -> list[int]:
    if not isinstance(said, list) or len(said) != wanted or not all(isinstance(one, int) for one in said):
        raise OutcomeUnknown("the answer to a create is not as agreed", cause=f"{said!r:.100}")
    return said
