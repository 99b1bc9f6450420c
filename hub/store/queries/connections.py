"""Connections as applied: their rows, the maps kept with them, and how each stands."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from sqlalchemy import Connection, delete, select, text, update

from hub.store.documents import dump, load
from hub.store.tables import audit, connection, connection_map, survivorship_rule

_MAP = ("file", "map", "overlay_file", "overlay")

BUILT_IN = "built_in"
"""The state of a connection of the hub's own: no admin's, nothing is pulled from it or delivered to it."""


class ConnectionRow(NamedTuple):
    """A connection as stored. config: the document of `flows.config`; confirmed_at: a person saw its first plan.
    behind: since when it is owed what was known before. state_at: since when it is broken. parked_until: its quota."""

    id: int
    name: str
    connector: str
    config: dict[str, Any]
    base_dir: str
    state: str
    reason: str | None
    confirmed_at: float | None
    behind: float | None
    created_at: float
    updated_at: float
    state_at: float | None
    parked_until: float | None
    parked_why: str | None


class Standing(NamedTuple):
    """How one stream stands: its live records, when it was last read to its end, when it is due again."""

    connection_id: int
    object: str
    records: int
    last_success: float | None
    next_due: float | None


def rows(conn: Connection, *, removed: bool = False) -> list[ConnectionRow]:
    """Every connection by name; `removed`: those too that were taken out, and those of the hub's own."""
    query = select(connection).order_by(connection.c.name)
    if not removed:
        query = query.where(connection.c.state.not_in(("removed", BUILT_IN)))
    return [_row(found) for found in conn.execute(query)]


def by_name(conn: Connection, name: str) -> ConnectionRow | None:
    """The connection of this name, also a removed one."""
    found = conn.execute(select(connection).where(connection.c.name == name)).first()
    return _row(found) if found else None


def maps(conn: Connection) -> dict[tuple[int, str], dict[str, str | None]]:
    """(connection id, object) → file, map, overlay_file, overlay, as kept."""
    return {
        (found.connection_id, found.object): {name: getattr(found, name) for name in _MAP}
        for found in conn.execute(select(connection_map))
    }


def insert(
    conn: Connection, name: str, *, connector: str, config: Any, base_dir: str, state: str, now: float
) -> int:
    """A new connection; its id."""
    result = conn.execute(
        connection.insert().values(
            name=name,
            connector=connector,
            config=dump(config),
            base_dir=base_dir,
            state=state,
            behind=now,
            created_at=now,
            updated_at=now,
        )
    )
    assert result.inserted_primary_key is not None
    return int(result.inserted_primary_key[0])


def built_in(conn: Connection, name: str, *, now: float) -> int:
    """The id of the hub's own connection of this name, which is made when it is first needed."""
    found = by_name(conn, name)
    if found is not None:
        return found.id
    config = {"connector": name}
    id = insert(conn, name, connector=name, config=config, base_dir="", state=BUILT_IN, now=now)
    change(conn, id, now=now, behind=None)
    return id


def change(conn: Connection, id: int, *, now: float, **values: Any) -> None:
    """Set columns of a connection; `config` as a document."""
    if "config" in values:
        values["config"] = dump(values["config"])
    conn.execute(update(connection).where(connection.c.id == id).values(updated_at=now, **values))


def put_maps(conn: Connection, id: int, texts: Mapping[str, Mapping[str, str | None]]) -> None:
    """Keep exactly these maps and overlays of a connection, by object."""
    conn.execute(delete(connection_map).where(connection_map.c.connection_id == id))
    for object, one in texts.items():
        if any(one.values()):
            conn.execute(connection_map.insert().values(connection_id=id, object=object, **one))


def rules(conn: Connection) -> dict[str, Any]:
    """The survivorship rules over the shipped ones, by path."""
    return {
        found.path: load(found.rule) if found.rule.startswith("[") else found.rule
        for found in conn.execute(select(survivorship_rule))
    }


def put_rules(conn: Connection, wanted: Mapping[str, Any]) -> None:
    """Store exactly these survivorship rules: a word as it is, a list of connections as JSON."""
    conn.execute(delete(survivorship_rule))
    for path, rule in wanted.items():
        text_of = rule if isinstance(rule, str) else dump(rule)
        conn.execute(survivorship_rule.insert().values(path=path, rule=text_of))


def stamp(conn: Connection) -> tuple[Any, ...]:
    """Two stamps that are equal: nothing of the configuration changed in between."""
    counted = conn.execute(text("SELECT COUNT(*), MAX(updated_at) FROM connection")).one()
    model = conn.scalar(text("SELECT MAX(number) FROM match_model"))
    return (*counted, model, *sorted(rules(conn).items(), key=repr))


def stop_work(conn: Connection, id: int, *, cause: str, now: float) -> int:
    """End what waits for a connection that is being removed: runs, deliveries, creates not begun. How many."""
    count = 0
    for statement in (
        "UPDATE run SET state = 'cancelled', cause = :cause, finished_at = :now "
        "WHERE connection_id = :id AND state IN ('queued', 'held')",
        "UPDATE delivery SET state = 'done', cause = :cause, updated_at = :now "
        "WHERE connection_id = :id AND state <> 'done'",
        "UPDATE creation SET state = 'done', step = 'dropped', cause = :cause, updated_at = :now "
        "WHERE connection_id = :id AND state <> 'done' AND step = 'waiting'",
    ):
        result: Any = conn.execute(text(statement), {"id": id, "cause": cause, "now": now})
        count += result.rowcount
    return count


def standings(conn: Connection) -> list[Standing]:
    """Every stream that has records or was ever due, with its live records."""
    found = conn.execute(
        text(
            "SELECT a.connection_id, a.object, COALESCE(n.records, 0), s.last_success, s.next_due FROM ("
            "SELECT connection_id, object FROM stream UNION SELECT connection_id, object FROM source_record) a "
            "LEFT JOIN stream s ON s.connection_id = a.connection_id AND s.object = a.object "
            "LEFT JOIN (SELECT connection_id, object, COUNT(DISTINCT external_id) AS records FROM source_record "
            "WHERE gone_at IS NULL GROUP BY connection_id, object) n "
            "ON n.connection_id = a.connection_id AND n.object = a.object ORDER BY a.connection_id, a.object"
        )
    )
    return [Standing(*one) for one in found]


def note(conn: Connection, act: str, subject: str, *, by: str, detail: Any, now: float) -> None:
    """One line of the audit trail: who did what."""
    conn.execute(audit.insert().values(at=now, by=by, act=act, subject=subject, detail=dump(detail)))


def _row(found: Any) -> ConnectionRow:
    values = found._asdict()
    values["config"] = load(values["config"])
    return ConnectionRow(**values)
