"""People of ours and who they are in a system (canonical-model.md, owner): the `owner_ref` of a customer in our words,
an e-mail address or a name, and in theirs, an id."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from hub.errors import Unsupported
from hub.flows.config import ConnectionConfig
from hub.sdk.connector import Connector, Owner
from hub.store.queries import owner_map
from hub.store.session import Database

PATH = "owner_ref"


@dataclass(frozen=True, slots=True)
class Owners:
    """The people of one connection. ours: by id there; theirs: by e-mail, or the admin's word, in lower case.

    Without any of these, and without a default, owners pass as they are.
    """

    ours: Mapping[str, str] = field(default_factory=dict)
    theirs: Mapping[str, str] = field(default_factory=dict)
    default: str | None = None

    @property
    def mapped(self) -> bool:
        return bool(self.ours or self.theirs or self.default)

    def pulled(self, value: Any) -> Any:
        """An owner as read there, in our words where the person is known."""
        return self.ours.get(value, value) if isinstance(value, str) else value

    def pushed(self, value: Any) -> Any:
        """An owner of ours as that system knows it; None if it knows nobody of that name."""
        if value is None or not self.mapped:
            return value
        return self.theirs.get(str(value).lower(), self.default)

    def placed(self, golden: Mapping[str, Any]) -> Mapping[str, Any]:
        """Golden without an owner that the system has no valid person for."""
        value = golden.get(PATH)
        if value is None or self.pushed(value) is not None:
            return golden
        return {path: one for path, one in golden.items() if path != PATH}

    def translated(self, values: Mapping[str, Any]) -> Mapping[str, Any]:
        """Values to be written, the owner in their words."""
        return {**values, PATH: self.pushed(values[PATH])} if values.get(PATH) is not None else values


def owners_of(config: ConnectionConfig, told: Iterable[Owner]) -> Owners:
    """From the admin's table and what the system told. Read there, the admin's word names a person first; written
    there, the e-mail address does."""
    ours = {one.external_id: name for one in told if (name := one.email or one.name)}
    ours |= {theirs: name for name, theirs in config.owners.items()}
    theirs = {name.lower(): id for name, id in config.owners.items()}
    theirs |= {one.email.lower(): one.external_id for one in told if one.email}
    return Owners(ours, theirs, config.default_owner)


def refresh(db: Database, connection_id: int, connector: Connector, *, now: float) -> bool:
    """Ask the system for its people. True if they are not as we knew them: then what is owed there is counted again."""
    try:
        told = {one.external_id: Owner(*one) for one in connector.owners()}
    except Unsupported:
        return False
    with db.read() as conn:
        if {one[0]: one for one in owner_map.rows(conn).get(connection_id, ())} == told:
            return False
    with db.write() as conn:
        owner_map.put(conn, connection_id, told.values(), now=now)
    return True
