"""The admin's wishes and the store: what would change (`plan`), and the change (`apply`), in one transaction."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal, NamedTuple

from sqlalchemy import Connection

from hub.errors import HubError, NotFound
from hub.flows import schedule
from hub.flows.catching_up import TELLING
from hub.flows.config import COMMON, OBJECT_KEYS, ConnectionConfig, from_json
from hub.flows.connection_file import Document
from hub.flows.connection_place import MapText, Place, Wanted
from hub.flows.wiring import compiled
from hub.sdk import registry
from hub.sdk.manifest import nearest
from hub.store.queries import connections
from hub.store.queries.connection_state import STOPPED
from hub.store.queries.connections import ConnectionRow
from hub.store.session import Database

_MAPPED = ("country", "timezone", "currency")  # they change how a record is read
_DERIVED = ("realm", "priority", "unique_customers")


class Change(NamedTuple):
    """One key, before and after; None: it is not there."""

    key: str
    old: Any
    new: Any


class Step(NamedTuple):
    """What applying does to one connection, or to the survivorship rules. notes: what else the admin should know."""

    act: Literal["add", "change", "unchanged"]
    what: Literal["connection", "survivorship"]
    name: str
    changes: tuple[Change, ...]
    notes: tuple[str, ...]


class Stored(NamedTuple):
    """A connection as it stands: its row, its config and its maps by object."""

    row: ConnectionRow
    config: ConnectionConfig
    maps: Mapping[str, MapText]


def load_stored(conn: Connection, *, removed: bool = False) -> dict[str, Stored]:
    """Every connection by name."""
    kept = connections.maps(conn)
    found = {}
    for row in connections.rows(conn, removed=removed):
        texts = {object: MapText(**one) for (id, object), one in kept.items() if id == row.id}
        found[row.name] = Stored(row, from_json(row.config), texts)
    return found


def named(stored: Mapping[str, Stored], name: str) -> Stored:
    """The stored connection of this name. Raises NotFound with the nearest one."""
    if name not in stored:
        guess = nearest(name, stored)
        fix = f'Did you mean "{guess}"?' if guess else f"Known: {', '.join(stored) or 'none yet'}."
        raise NotFound(f'There is no connection "{name}".', fix=fix)
    return stored[name]


def plan(db: Database, document: Document) -> list[Step]:
    """What applying would do, nothing written. Raises WrongFile where the file cannot be applied."""
    with db.read() as conn:
        stored = load_stored(conn, removed=True)
        rules = connections.rules(conn)
    return _plan(document, stored, rules)


def apply(db: Database, document: Document, *, by: str, now: float) -> list[Step]:
    """Make it so, all or nothing. Every map is compiled first. Connections not named are left alone."""
    with db.write() as conn:
        stored = load_stored(conn, removed=True)
        steps = _plan(document, stored, connections.rules(conn))
        acts = {step.name: step for step in steps if step.what == "connection"}
        for name, wanted in document.connections.items():
            if acts[name].act != "unchanged":
                _put(conn, wanted, stored.get(name), changes=acts[name].changes, now=now)
        if document.survivorship is not None:
            connections.put_rules(conn, document.survivorship)
        for step in steps:
            if step.act != "unchanged":
                detail = [[one.key, one.old, one.new] for one in step.changes]
                connections.note(conn, f"config.{step.act}", step.name, by=by, detail=detail, now=now)
    return steps


def flat(
    config: ConnectionConfig, maps: Mapping[str, MapText], *, base_dir: Path, paused: bool
) -> dict[str, Any]:
    """A connection as key → value, paths absolute: two connections are the same when these are equal."""
    default = ConnectionConfig(config.connector)
    found: dict[str, Any] = {"connector": config.connector}
    found |= {
        name: getattr(config, name)
        for name in COMMON
        if name != "owners" and getattr(config, name) != getattr(default, name)
    }
    found |= {f"owners.{name}": theirs for name, theirs in config.owners.items()}
    found |= absolute(config, base_dir=base_dir)
    for object, one in config.objects.items():
        found[f"{object}.pull"] = one.pull
        for name, value in one.to_json().items():
            nested = isinstance(value, Mapping)
            found |= (
                {f"{object}.{name}.{path}": word for path, word in value.items()}
                if nested
                else {f"{object}.{name}": value}
            )
    for number, table in enumerate(config.files, start=1):
        found |= {f"file.{number}.{key}": value for key, value in table.items()}
    for object, texts in maps.items():
        found |= {
            f"{object}.{kind}_text": value
            for kind, value in (("map", texts.map), ("overlay", texts.overlay))
            if value is not None
        }
    if paused:
        found["paused"] = True
    return found


def absolute(config: ConnectionConfig, *, base_dir: Path) -> dict[str, Any]:
    """The connector's settings with their paths resolved."""
    try:
        spec = registry.load(config.connector)[0].spec()
    except HubError:  # its package is no longer installed; what is stored can still be shown
        spec = ()
    places = {one.name for one in spec if one.kind == "path"}
    return {
        key: str((base_dir / value).resolve()) if key in places and isinstance(value, str) else value
        for key, value in config.settings.items()
    }


def _plan(document: Document, stored: Mapping[str, Stored], rules: Mapping[str, Any]) -> list[Step]:
    living = {name for name, one in stored.items() if one.row.state != "removed"}
    names = living | set(document.connections)
    steps = []
    for name, wanted in document.connections.items():
        _check(wanted, stored.get(name), names=names, place=document.place)
        steps.append(_step(wanted, stored.get(name)))
    if document.survivorship is not None:
        steps.append(_rules_step(document.survivorship, rules, names=names, place=document.place))
    return steps


def _check(wanted: Wanted, known: Stored | None, *, names: set[str], place: Place) -> None:
    """What one connection alone cannot tell: its past, the others, and whether its maps compile."""
    at = ("connection", wanted.name)
    if known and known.row.connector != wanted.config.connector:
        gone = " (removed)" if known.row.state == "removed" else ""
        place.refuse(
            (*at, "connector"),
            f'"{wanted.name}"{gone} is a connection of {known.row.connector}; its records would be mixed with others',
            fix="Give the new connection another name.",
        )
    config = wanted.config
    for object, rule in config.objects.items():
        for path, owner in rule.owner.items():
            if owner not in names:
                guess = nearest(owner, names)
                fix = f'Did you mean "{guess}"?' if guess else f"Known: {', '.join(sorted(names))}."
                place.refuse((*at, object, "owner", path), f'there is no connection "{owner}"', fix=fix)
    for object in dict.fromkeys([*(one["object"] for one in config.files), *config.objects]) or ["customer"]:
        if compiled(config, object, kept=wanted.maps.get(object)) is None:
            place.refuse(
                (*at, object),
                f'"{wanted.name}" has no map for its {object} records',
                fix='Write map = "FILE"; `hub map suggest EXPORT` makes one to begin with.',
            )


def _step(wanted: Wanted, known: Stored | None) -> Step:
    new = flat(wanted.config, wanted.maps, base_dir=wanted.base_dir, paused=bool(wanted.paused))
    if known is None or known.row.state == "removed":
        notes = ["It was removed before; its records and links live again."] if known else []
        if any(one.update or one.create != "never" for one in wanted.config.objects.values()):
            notes.append(
                "Nothing is written there before a person has seen the plan: "
                f"hub sync {wanted.name}, then with --confirm."
            )
        changes = _changes({}, new)
        return Step("add", "connection", wanted.name, changes, (*notes, *_unbuilt(changes)))
    was_paused = known.row.state == "paused"
    old = flat(known.config, known.maps, base_dir=Path(known.row.base_dir), paused=was_paused)
    if wanted.paused is None and was_paused:
        new["paused"] = True
    changes = _changes(old, new)
    return Step(
        "change" if changes else "unchanged", "connection", wanted.name, changes, _notes(wanted.name, changes)
    )


def _changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[Change, ...]:
    found = []
    for key in dict.fromkeys([*old, *new]):
        before, after = old.get(key), new.get(key)
        if before != after:
            found.append(
                _text_change(key, before, after) if key.endswith("_text") else Change(key, before, after)
            )
    return tuple(found)


def _text_change(key: str, before: str | None, after: str | None) -> Change:
    """A map is shown by its size and how many lines differ."""
    old, new = (before or "").splitlines(), (after or "").splitlines()
    lines = list(difflib.unified_diff(old, new, n=0, lineterm=""))[2:]
    more, less = (sum(line.startswith(sign) for line in lines) for sign in "+-")
    return Change(
        key.removesuffix("_text"),
        None if before is None else f"{len(old)} lines",
        None
        if after is None
        else f"{len(new)} lines" + (f" (+{more} -{less})" if before is not None else ""),
    )


def _notes(name: str, changes: Iterable[Change]) -> tuple[str, ...]:
    listed = list(changes)
    keys = {one.key for one in listed}
    notes = _unbuilt(listed)
    if any(key in _MAPPED or key.endswith((".map", ".overlay")) for key in keys):
        notes.append(f"Counts for what is read from now on; for what is stored, run: hub remap {name}")
    if any(key in _DERIVED or ".owner." in key for key in keys):
        notes.append("Counts for records that change from now on; for all of them, run: hub rebuild")
    return tuple(notes)


def _unbuilt(changes: Iterable[Change]) -> list[str]:
    """Words the file may say that do less than they promise so far."""
    said = {(one.key.rpartition(".")[2], one.new) for one in changes}
    notes = []
    if ("on_exit", "unlink") in said:
        notes.append('on_exit = "unlink" keeps the link, like "freeze": letting go is not built yet.')
    return notes


def _rules_step(
    wanted: Mapping[str, Any], rules: Mapping[str, Any], *, names: set[str], place: Place
) -> Step:
    for path, rule in wanted.items():
        for name in rule if isinstance(rule, list) else ():
            if name not in names:
                place.refuse(("survivorship", path), f'{path}: there is no connection "{name}"')
    changes = _changes(rules, wanted)
    notes = ("Counts for records that change from now on; for all of them, run: hub rebuild",)
    return Step(
        "change" if changes else "unchanged",
        "survivorship",
        "survivorship",
        changes,
        notes if changes and rules != {} else (),
    )


def _put(
    conn: Connection, wanted: Wanted, known: Stored | None, *, changes: Iterable[Change], now: float
) -> None:
    config = wanted.config.to_json()
    base_dir = str(wanted.base_dir)
    if known is None:
        state = "paused" if wanted.paused else "active"
        id = connections.insert(
            conn,
            wanted.name,
            connector=wanted.config.connector,
            config=config,
            base_dir=base_dir,
            state=state,
            now=now,
        )
    else:
        id = known.row.id
        values: dict[str, Any] = {"config": config, "base_dir": base_dir}
        revived = known.row.state == "removed"
        if (
            revived
            or any(one.key.split(".")[1:2] == [key] for one in changes for key in TELLING)
            or any(one.key.split(".")[0] in ("owners", "default_owner") for one in changes)
        ):
            values |= {"behind": now}
        if revived:
            values |= {"confirmed_at": None, "reason": None}
        if revived or wanted.paused is not None or known.row.state in STOPPED:
            values |= {
                "state": "paused" if wanted.paused else "active",
                "reason": None,
                "state_at": None,
            }
        connections.change(conn, id, now=now, **values)
    connections.put_maps(conn, id, {object: one._asdict() for object, one in wanted.maps.items()})
    _schedule(conn, id, wanted.config, known, now=now)


def _schedule(
    conn: Connection, id: int, config: ConnectionConfig, known: Stored | None, *, now: float
) -> None:
    """A stream whose schedule is new or changed is due now; one that lost it waits for a request."""
    for object in {*config.objects, *(known.config.objects if known else ())}:
        before = known.config if known and known.row.state != "removed" else None
        if before is None or _times(before, object) != _times(config, object):
            schedule.plan(conn, id, object, config=config, now=now)


def _times(config: ConnectionConfig, object: str) -> tuple[Any, ...]:
    rules = config.object(object)
    return rules.schedule, rules.missed, rules.reconcile, config.timezone, config.quiet


__all__ = [
    "OBJECT_KEYS",
    "Change",
    "Step",
    "Stored",
    "absolute",
    "apply",
    "flat",
    "load_stored",
    "named",
    "plan",
]
