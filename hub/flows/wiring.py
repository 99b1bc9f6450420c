"""The hub as configured now: every stream with its compiled map, policy and scope, the match model and the rules.

Read once per job. Nothing here changes while the job runs; a change by the admin counts from the next job on.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, select

from hub import resources
from hub.errors import WrongFile
from hub.flows import models
from hub.flows.config import ConnectionConfig, ObjectConfig, from_json
from hub.flows.owners import PATH, Owners, owners_of
from hub.golden.order import referred
from hub.golden.rules import Rules, compile_rules
from hub.identity.model import MatchModel
from hub.mapping.engine import CompiledMap, CompiledPart, Context, Pulled, compile_map
from hub.mapping.load import load_map
from hub.mapping.spec import MAIN
from hub.sdk import registry
from hub.sdk.connector import Owner
from hub.sdk.manifest import Manifest, ObjectCapabilities
from hub.store.documents import dump, load
from hub.store.queries import connections, owner_map
from hub.store.queries.connection_state import STOPPED
from hub.store.queries.undone import Undone, in_force
from hub.store.session import Database
from hub.store.tables import connection as connection_table
from hub.store.tables import connection_map, map_version
from hub.sync.policy import Manners, Policy, compile_policy
from hub.sync.scope import Scope, compile_scope

# every map version by (connection, object, digest): its number, and whether it reads references to other records
Versions = dict[tuple[int, str, str], tuple[int, bool]]
_REFERS = map_version.c.lines.like("%external\\_ref[%", escape="\\").label("refers")


@dataclass(frozen=True, slots=True)
class Stream:
    """One object of one connection, ready to run. `map_id`: the row of `map_version` its records are read with."""

    connection_id: int
    connection: str
    object: str
    config: ConnectionConfig
    rules: ObjectConfig
    manifest: Manifest
    capabilities: ObjectCapabilities
    map: CompiledMap
    map_id: int
    policies: Mapping[str, Policy]
    scope: Scope
    base_dir: Path
    confirmed: bool
    active: bool
    undone: Mapping[int, Mapping[str, Undone]] = field(default_factory=dict)  # by record and path
    owners: Owners = field(default_factory=Owners)

    def as_undone(self, record_id: int, golden: Mapping[str, Any]) -> Mapping[str, Any]:
        """Golden for one record: where a person took back what a run wrote, and golden still says so, what stood
        there before."""
        mine = self.undone.get(record_id)
        if not mine:
            return golden
        return {**golden, **{path: one.before for path, one in mine.items() if golden.get(path) == one.wrote}}

    @property
    def label(self) -> str:
        return f"{self.connection}/{self.object}"

    @property
    def policy(self) -> Policy:
        """The policy of a record's main part."""
        return self.policies[MAIN]

    def pull(self, raw: Mapping[str, Any]) -> list[Pulled]:
        """A raw record as its map reads it. Raises RecordRejected."""
        parts = self.map.pull(raw)
        if self.object == "customer" and self.owners.ours:
            return [part._replace(values=self._ours(part.values)) for part in parts]
        if self.object != "order":
            return parts
        return [part._replace(values=referred(part.values, self.connection)) for part in parts]

    def value(self, path: str, raw: Any, *, part: str) -> Any:
        """The value of one rendering. Raises RecordRejected, and KeyError for a path the map does not read."""
        found = self.map.value(path, raw, part=part)
        if self.object == "customer" and path == PATH:
            return self.owners.pulled(found)
        return referred({path: found}, self.connection)[path] if self.object == "order" else found

    def _ours(self, values: dict[str, Any]) -> dict[str, Any]:
        return {**values, PATH: self.owners.pulled(values[PATH])} if PATH in values else values

    def push(self, values: Mapping[str, Any], *, create: bool, part: str = MAIN) -> dict[str, Any]:
        """The remote's fields for these values (`CompiledMap.push`), the owner as the system knows it."""
        mine = self.owners.translated(values) if self.object == "customer" else values
        return self.map.push(mine, create=create, part=part)

    def placed(self, golden: Mapping[str, Any]) -> Mapping[str, Any]:
        """Golden without what has no counterpart in the system: an owner it does not know."""
        return self.owners.placed(golden) if self.object == "customer" else golden

    @property
    def writes(self) -> bool:
        """Whether the hub brings bound records here to golden."""
        return self.policy.update and bool(self.policy.pushable)


@dataclass(frozen=True, slots=True)
class Wiring:
    """All streams by (connection id, object), and what decides: match model and survivorship rules.

    names, configs: of every connection, removed ones included; streams: of the others. built_in: connections of the
    hub's own, whose records take no part in matching.
    """

    streams: Mapping[tuple[int, str], Stream]
    names: Mapping[int, str]
    configs: Mapping[int, ConnectionConfig]
    live: frozenset[str]  # names of connections that were not removed
    refers: bool  # whether some map, now or before, reads references: what was matched by them stays so
    model: MatchModel
    rules: Rules
    built_in: frozenset[int] = frozenset()

    def stream(self, connection_id: int, object: str) -> Stream | None:
        return self.streams.get((connection_id, object))

    def of(self, connection_id: int) -> list[Stream]:
        """The streams of one connection that are not paused."""
        return [one for one in self.streams.values() if one.connection_id == connection_id and one.active]

    def realm(self, connection_id: int) -> str:
        """Customers of different realms are never matched."""
        config = self.configs.get(connection_id)
        return config.realm if config else "default"

    def unique_customers(self, connection_id: int) -> bool:
        """Whether the admin vouches that no two customers there are the same."""
        config = self.configs.get(connection_id)
        return config.unique_customers if config else False

    def priority(self, connection_id: int) -> int:
        config = self.configs.get(connection_id)
        return config.priority if config else 0

    def writers(self, object: str) -> list[Stream]:
        """Streams of `object` the hub writes updates to."""
        return [one for one in self.streams.values() if one.object == object and one.writes]

    def creators(self, object: str) -> list[Stream]:
        """Streams of `object` where records may be created."""
        return [one for one in self.streams.values() if one.object == object and one.scope.create != "never"]


def load_wiring(db: Database) -> Wiring:
    """Read and compile everything. Raises WrongFile for a map that cannot be compiled."""
    with db.read() as conn:
        every = conn.execute(select(connection_table).order_by(connection_table.c.id)).all()
        maps = {(row.connection_id, row.object): row for row in conn.execute(select(connection_map))}
        overrides = connections.rules(conn)
        undone = in_force(conn)
        people = owner_map.rows(conn)
        model = models.in_force(conn)
        versions = {
            (row.connection_id, row.object, row.digest): (row.id, row.refers)
            for row in conn.execute(select(map_version, _REFERS))
        }
    rows = [row for row in every if row.state not in ("removed", connections.BUILT_IN)]
    streams: dict[tuple[int, str], Stream] = {}
    owners: dict[str, str] = {}
    for row in rows:
        config = from_json(load(row.config))
        for name in _objects(config):
            stream = _stream(db, row, config, object=name, kept=maps.get((row.id, name)), versions=versions)
            if stream is not None:
                streams[(row.id, name)] = replace(
                    stream,
                    undone=undone.get((row.id, name), {}),
                    owners=owners_of(config, [Owner(*one) for one in people.get(row.id, ())]),
                )
                owners.update(stream.rules.owner)
    shipped = _survivorship(resources.config_text("survivorship.toml"))
    return Wiring(
        streams=streams,
        names={row.id: row.name for row in every},  # values kept from a removed connection keep their source
        configs={row.id: from_json(load(row.config)) for row in every},
        live=frozenset(row.name for row in rows),
        refers=any(refers for _, refers in versions.values()),
        model=model,
        rules=compile_rules(shipped, overrides=overrides, owners=owners),
        built_in=frozenset(row.id for row in every if row.state == connections.BUILT_IN),
    )


def compiled(config: ConnectionConfig, object: str, *, kept: Any = None) -> CompiledMap | None:
    """The map of one object as this connection reads it: the admin's or the shipped one, with the overlay."""
    text = kept.map if kept is not None else None
    file = (kept.file if kept is not None else None) or f"mappings/{config.connector}/{object}.toml"
    if text is None:
        text = resources.map_text(config.connector, object)
    if text is None:
        return None
    overlay, overlay_file = (kept.overlay, kept.overlay_file) if kept is not None else (None, None)
    map = _compiled(
        (text, file, overlay, overlay_file), Context(config.country, config.timezone, config.currency)
    )
    if map.object != object:
        raise WrongFile(f"the map is for {map.object}, not for {object}", file=file)
    return map


# A worker reads the wiring anew for every job; what the same text compiles to does not change meanwhile.


@lru_cache(maxsize=256)
def _compiled(source: tuple[str, str, str | None, str | None], context: Context) -> CompiledMap:
    text, file, overlay, overlay_file = source
    return compile_map(load_map(text, file=file, overlay=overlay, overlay_file=overlay_file), context=context)


@lru_cache(maxsize=4)
def _survivorship(text: str) -> Mapping[str, Any]:
    return tomllib.loads(text)


def policy_of(
    config: ObjectConfig, part: CompiledPart, capabilities: ObjectCapabilities, *, object: str
) -> Policy:
    """What may travel which way, from the map, the admin's words and the manifest's facts.

    A blank in an order clears: its content is its origin's (sync.md, "Orders").
    """
    blanks = dict.fromkeys(part.pull_paths, "clear") if object == "order" else {}
    return compile_policy(
        part.push_paths if capabilities.push else (),
        part.create_paths if capabilities.create else (),
        directions=config.direction,
        blanks=blanks | dict(config.blank),
        manners=Manners(
            identifying=capabilities.identifying,
            unique=capabilities.unique,
            conditional=capabilities.conditional,
            version=capabilities.version,
            marker=capabilities.marker,
            lands_late_seconds=capabilities.lands_late_seconds,
            read_after_write_seconds=capabilities.read_after_write_seconds,
        ),
        update=config.update,
    )


def _objects(config: ConnectionConfig) -> list[str]:
    named = dict.fromkeys([*(one["object"] for one in config.files), *config.objects])
    return list(named) or ["customer"]


def _stream(
    db: Database, row: Any, config: ConnectionConfig, *, object: str, kept: Any, versions: Versions
) -> Stream | None:
    _, manifest = registry.load(config.connector)
    capabilities = manifest.objects.get(object)
    map = compiled(config, object, kept=kept)
    if capabilities is None or map is None:
        return None
    rules = config.object(object)
    return Stream(
        connection_id=row.id,
        connection=row.name,
        object=object,
        config=config,
        rules=rules,
        manifest=manifest,
        capabilities=capabilities,
        map=map,
        map_id=_map_id(db, row.id, object, map=map, versions=versions),
        policies={
            name: policy_of(rules, part, capabilities, object=object) for name, part in map.parts.items()
        },
        scope=compile_scope(rules.create, rules.where, on_exit=rules.on_exit),
        base_dir=Path(row.base_dir),
        confirmed=row.confirmed_at is not None,
        active=row.state in ("active", *STOPPED),  # a person or the ladder may try a broken one again
    )


def _map_id(db: Database, connection_id: int, object: str, *, map: CompiledMap, versions: Versions) -> int:
    """The number of this map version; a new one is noted, also in `versions`, when it is first used."""
    key = (connection_id, object, map.digest.hex())
    if key not in versions:
        known = select(map_version.c.id, _REFERS).where(
            map_version.c.connection_id == connection_id,
            map_version.c.object == object,
            map_version.c.digest == key[2],
        )
        with db.write() as conn:
            found = conn.execute(known).first()
            if found is None:
                lines = {name: dict(part.line_digest) for name, part in map.parts.items()}
                row = {
                    "connection_id": connection_id,
                    "object": object,
                    "digest": key[2],
                    "lines": dump(lines),
                }
                conn.execute(map_version.insert().values(**row))
                found = conn.execute(known).one()
            versions[key] = (found.id, found.refers)
    return versions[key][0]


def changed_lines(conn: Connection, *, old: int, new: int) -> dict[str, frozenset[str]]:
    """Per part, the paths whose map line is new, gone or different between two map versions."""
    rows = conn.execute(select(map_version.c.id, map_version.c.lines).where(map_version.c.id.in_((old, new))))
    lines = {row.id: load(row.lines) for row in rows}
    return {part: frozenset(_unlike(lines[old].get(part, {}), mine)) for part, mine in lines[new].items()}


def _unlike(before: Mapping[str, str], after: Mapping[str, str]) -> set[str]:
    return {path for path in {*before, *after} if before.get(path) != after.get(path)}
