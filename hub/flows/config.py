"""What an admin may say of a connection, as frozen values; `[connection.NAME]` of a file, or the store's `config`
column.

Unknown keys are refused by `flows/connection_file.py`, which knows the lines; here the words are checked.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from hub.flows.timetable import Timetable, timetable

OBJECTS = ("customer", "order", "interaction")
COMMON = (
    "country",
    "timezone",
    "currency",
    "realm",
    "priority",
    "unique_customers",
    "calls_per_second",
    "allow_private",
    "quiet",
    "owners",
    "default_owner",
)
FILE_KEYS = ("object", "match", "id", "encoding", "delimiter", "complete", "map")


@dataclass(frozen=True, slots=True)
class ObjectConfig:
    """The admin's rules for one object of one connection (sync.md, "Which records go where", "Direction")."""

    pull: bool = True
    update: bool = False
    create: str = "never"
    where: str | None = None
    on_exit: str = "freeze"
    delete: str = "unlink"
    schedule: str | None = None
    missed: str = "once"
    reconcile: str | None = None
    map: str | None = None
    overlay: str | None = None
    direction: Mapping[str, str] = field(default_factory=dict)
    owner: Mapping[str, str] = field(default_factory=dict)
    blank: Mapping[str, str] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Only what differs from the default, so that an export says what the admin said."""
        default = ObjectConfig()
        return {
            one.name: getattr(self, one.name)
            for one in fields(self)
            if getattr(self, one.name) != getattr(default, one.name)
        }


OBJECT_KEYS = tuple(one.name for one in fields(ObjectConfig))


@dataclass(frozen=True, slots=True)
class ConnectionConfig:
    """One connection. `settings`: the connector's own keys, secrets only as `env:` or `file:` references."""

    connector: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    country: str | None = None
    timezone: str = "UTC"
    currency: str | None = None
    realm: str = "default"
    priority: int = 0
    unique_customers: bool = False
    calls_per_second: float | None = None
    allow_private: bool = True
    quiet: str | None = None
    owners: Mapping[str, str] = field(default_factory=dict)
    default_owner: str | None = None
    objects: Mapping[str, ObjectConfig] = field(default_factory=dict)
    files: tuple[Mapping[str, Any], ...] = ()

    def timetable(self, object: str, *, of: str = "schedule") -> Timetable | None:
        """When an object is pulled, or (`of` reconcile) compared whole; None: on request. Raises WrongUse."""
        rules = self.object(object)
        words = getattr(rules, of)
        if not words:
            return None
        return timetable(words, zone=self.timezone, quiet=self.quiet, missed=rules.missed)

    def object(self, name: str) -> ObjectConfig:
        """The rules for one object; the default ones (read, write nothing) where the admin said nothing."""
        return self.objects.get(name) or ObjectConfig()

    def to_json(self) -> dict[str, Any]:
        """The shape the store keeps."""
        default = ConnectionConfig(self.connector)
        document: dict[str, Any] = {"connector": self.connector, "settings": dict(self.settings)}
        for name in COMMON:
            if getattr(self, name) != getattr(default, name):
                document[name] = getattr(self, name)
        if self.objects:
            document["objects"] = {name: one.to_json() for name, one in self.objects.items()}
        if self.files:
            document["files"] = [dict(one) for one in self.files]
        return document


def from_json(document: Mapping[str, Any]) -> ConnectionConfig:
    """The inverse of `to_json`."""
    return ConnectionConfig(
        connector=document["connector"],
        settings=document.get("settings") or {},
        objects={name: ObjectConfig(**one) for name, one in (document.get("objects") or {}).items()},
        files=tuple(document.get("files") or ()),
        **{name: document[name] for name in COMMON if name in document},
    )
