"""What is worth telling an admin of without being asked, found in the store as it stands (DESIGN §7, issue 6.9).

Nothing here remembers anything: a trouble is there or it is not. Begin, worse and over are `flows/alerts.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from sqlalchemy import Connection, text

from hub.canonical.moment import from_epoch
from hub.errors import HubError
from hub.flows.auth_life import forecast
from hub.flows.causes import common
from hub.flows.config import from_json
from hub.settings import Settings
from hub.store.documents import load
from hub.store.queries import connections, glance, inbox
from hub.store.queries.connections import ConnectionRow
from hub.store.queries.heartbeats import ALIVE_SECONDS

_DAY = 86400.0
_STALLED_GRACE = 60.0  # seconds over the time of the last missed run, for one that is just being started
_TRIED = 2  # attempts after which what waits on the ladder counts as stuck


class Found(NamedTuple):
    """A trouble that is there now. subject: what it is about, stable while it lasts; level: how bad, from 1 in steps;
    facts: the values of its sentence."""

    kind: str
    subject: str
    connection: str | None
    level: int
    facts: Mapping[str, Any]
    cause: str | None = None


class Look(NamedTuple):
    """What a condition is derived from."""

    conn: Connection
    settings: Settings
    rows: list[ConnectionRow]
    now: float


def found(conn: Connection, settings: Settings, *, now: float) -> list[Found]:
    """Every trouble of the hub, in the order of CONDITIONS."""
    look = Look(conn, settings, connections.rows(conn), now)
    return [one for condition in CONDITIONS for one in condition(look)]


def _states(look: Look) -> Iterator[Found]:
    for row in look.rows:
        if row.state in ("needs_reauth", "broken"):
            yield Found(row.state, row.name, row.name, 1, {"name": row.name}, row.reason)


def _quotas(look: Look) -> Iterator[Found]:
    for row in look.rows:
        if row.state == "active" and row.parked_until and row.parked_until > look.now:
            facts = {"name": row.name, "until": from_epoch(row.parked_until)}
            yield Found("quota", row.name, row.name, 1, facts, row.parked_why)


def _dead_letters(look: Look) -> Iterator[Found]:
    """By cause, whose words they share, and without what is quoted in it, which is people's; ten times as many are a
    step worse."""
    groups: dict[tuple[str, str, str, str], int] = {}
    for one in glance.dead_groups(look.conn):
        key = (one.connection, one.object, one.code, common(one.cause))
        groups[key] = groups.get(key, 0) + one.records
    for key, count in groups.items():
        facts = {"name": key[0], "object": key[1], "count": count}
        yield Found("dead_letters", "/".join(key), key[0], _size(count), facts, key[3] or None)


def _drift(look: Look) -> Iterator[Found]:
    """The last comparison of a stream found more records changed behind our back than `alert_drift` of a thousand."""
    for row in _last_runs(look, kinds=("reconcile",), states=("done", "held", "failed")):
        counts = load(row.counts) or {}
        read, off = counts.get("read", 0), counts.get("drifted", 0) + counts.get("gone", 0)
        share = off / read if read else 0.0
        if share <= look.settings.alert_drift / 1000:
            continue
        level = 1 + (share > 0.05) + (share > 0.5)
        fields = sorted(
            ((name.removeprefix("field "), n) for name, n in counts.items() if name.startswith("field ")),
            key=lambda one: -one[1],
        )
        facts = {
            "name": row.name,
            "object": row.object,
            "count": off,
            "of": read,
            "percent": round(100 * share, 2),
            "healed": counts.get("healed", 0),
            "fields": ", ".join(f"{name} {n}" for name, n in fields[:5]) or "-",
            "run": row.id,
        }
        yield Found("drift", f"{row.name}/{row.object}", row.name, level, facts, row.cause)


def _held_deletes(look: Look) -> Iterator[Found]:
    """The last pull or comparison of a stream waits for a person: too many records were gone, or had drifted."""
    for row in _last_runs(look, kinds=("pull", "reconcile"), states=("done", "held", "failed")):
        if row.state == "held":
            facts = {"name": row.name, "object": row.object, "run": row.id}
            yield Found("held_run", f"{row.name}/{row.object}/{row.kind}", row.name, 1, facts, row.cause)


def _held_plans(look: Look) -> Iterator[Found]:
    names = {row.id: row.name for row in look.rows}
    held: dict[int, int] = {}
    for table in ("delivery", "creation"):
        query = f"SELECT connection_id, COUNT(*) FROM {table} WHERE state = 'held' GROUP BY connection_id"
        for id, count in look.conn.execute(text(query)):
            held[id] = held.get(id, 0) + count
    for id, count in held.items():
        if id in names:
            facts = {"name": names[id], "count": count}
            cause = next(iter(glance.held_causes(look.conn, id)), None)
            yield Found("held_plan", names[id], names[id], _size(count), facts, cause)


def _stalled(look: Look) -> Iterator[Found]:
    """A stream at work by its schedule that was not read to its end for `alert_missed` of its times."""
    last = {
        (row.connection_id, row.object): row.last_success
        for row in look.conn.execute(text("SELECT connection_id, object, last_success FROM stream"))
    }
    busy = {
        (row.connection_id, row.object)
        for row in look.conn.execute(
            text(
                "SELECT connection_id, object FROM run WHERE kind = 'pull' AND state = 'running' "
                "AND lease_until > :now"
            ),
            {"now": look.now},
        )
    }
    for row in look.rows:
        if row.state != "active" or (row.parked_until or 0.0) > look.now:
            continue
        config = from_json(row.config)
        for object in config.objects:
            table, key = config.timetable(object), (row.id, object)
            if table is None or key in busy:
                continue
            since = max(last.get(key) or 0.0, row.updated_at)
            missed = table.upcoming(since, look.settings.alert_missed)
            late = look.now - missed[-1] - _STALLED_GRACE
            if late <= 0:
                continue
            span = max(missed[-1] - since, 1.0)
            level = 1 + (late > 3 * span) + (late > 10 * span)
            facts = {"name": row.name, "object": object, "minutes": int((look.now - since) // 60)}
            yield Found("stalled", f"{row.name}/{object}", row.name, level, facts, _why(look, row.id, object))


def _backlog(look: Look) -> Iterator[Found]:
    """What is owed to a connection that works, and waits too long: not begun, or tried again and again."""
    before = look.now - 60.0 * look.settings.alert_backlog_minutes
    for row in look.rows:
        if row.state != "active" or (row.parked_until or 0.0) > look.now:
            continue
        count, since, cause = 0, look.now, None
        for table, tried in (("delivery", True), ("creation", True), ("inbox", False)):
            stuck = f"next_at <= :before OR attempts >= {_TRIED}" if tried else "next_at <= :before"
            query = (
                "SELECT COUNT(*) AS n, MIN(updated_at) AS since, MAX(cause) AS cause "
                f"FROM {table} WHERE connection_id = :id AND state <> 'done' "
                f"AND state IN ('waiting', 'claimed') AND ({stuck})"
            )
            one = look.conn.execute(text(query), {"id": row.id, "before": before}).one()
            count += one.n
            since = min(since, one.since or since)
            cause = cause or one.cause
        if count:
            facts = {"name": row.name, "count": count, "minutes": int((look.now - since) // 60)}
            yield Found("backlog", row.name, row.name, _size(count), facts, cause)


def _webhooks(look: Look) -> Iterator[Found]:
    for one in inbox.troubles(look.conn, since=look.now - _DAY):
        kind = "webhooks_refused" if one.state == "refused" else "webhooks_left"
        facts = {"name": one.connection, "count": one.rows, "state": one.state}
        subject = f"{one.connection}/{one.state}"
        yield Found(kind, subject, one.connection, _size(one.rows), facts, one.cause)


def _tokens(look: Look) -> Iterator[Found]:
    """An authorisation that ends by itself, and soon, unless a person renews it."""
    for row in look.rows:
        if row.state in ("paused", "needs_reauth"):
            continue
        try:
            days = forecast(look.conn, look.settings, row.name).days
        except HubError:
            continue  # tokens that cannot be read make a run fail, which is told of
        if days is not None and days <= look.settings.alert_token_days:
            facts = {"name": row.name, "days": max(0, int(days))}
            yield Found("token_expires", row.name, row.name, 1 + (days <= 1), facts)


def _parts(look: Look) -> Iterator[Found]:
    """A kind of process of which the last one ended without a word."""
    query = "SELECT kind, MAX(at) AS at FROM heartbeat GROUP BY kind ORDER BY kind"
    for row in look.conn.execute(text(query)):
        silent = look.now - row.at
        if silent > 2 * ALIVE_SECONDS:
            facts = {"part": row.kind, "minutes": int(silent // 60)}
            yield Found("silent_part", row.kind, None, 1, facts)


def _last_runs(look: Look, *, kinds: tuple[str, ...], states: tuple[str, ...]) -> list[Any]:
    """The newest run of each kind and stream that has ended in one of these states, of connections that are there."""
    query = (
        "SELECT r.id, r.kind, r.object, r.state, r.counts, r.cause, c.name FROM run r "
        "JOIN connection c ON c.id = r.connection_id WHERE c.state <> 'removed' AND r.id IN ("
        f"SELECT MAX(id) FROM run WHERE kind IN ({_marks(kinds)}) AND state IN ({_marks(states)}) "
        "GROUP BY connection_id, object, kind) ORDER BY r.id"
    )
    return list(look.conn.execute(text(query)))


def _why(look: Look, connection_id: int, object: str) -> str | None:
    """What the last run of a stream met."""
    query = (
        "SELECT cause FROM run WHERE connection_id = :id AND object = :object AND kind = 'pull' "
        "ORDER BY id DESC LIMIT 1"
    )
    found: str | None = look.conn.scalar(text(query), {"id": connection_id, "object": object})
    return found


def _size(count: int) -> int:
    """1 for up to 9, 2 for up to 99, and so on."""
    return len(str(count))


def _marks(words: tuple[str, ...]) -> str:
    return ", ".join(f"'{word}'" for word in words)


CONDITIONS: tuple[Callable[[Look], Iterator[Found]], ...] = (
    _states,
    _quotas,
    _parts,
    _stalled,
    _backlog,
    _dead_letters,
    _held_deletes,
    _held_plans,
    _drift,
    _webhooks,
    _tokens,
)
