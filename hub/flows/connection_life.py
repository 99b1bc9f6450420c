"""Pause, resume and remove a connection."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import Connection, text

from hub.errors import WrongUse
from hub.flows import schedule
from hub.flows.configure import Stored, load_stored, named
from hub.flows.deletes import retire_connection
from hub.flows.wiring import load_wiring
from hub.store.queries import connections, oauth_tokens, runs
from hub.store.session import Database


class Leaving(NamedTuple):
    """What removing a connection touches. alone: customers that have no live record elsewhere."""

    name: str
    records: int
    customers: int
    alone: int
    waiting: int


def pause(db: Database, name: str, *, by: str, now: float) -> bool:
    """Stop pulls of and deliveries to a connection; both wait. False: it was paused already."""
    with db.write() as conn:
        row = named(load_stored(conn), name).row
        if row.state == "paused":
            return False
        connections.change(conn, row.id, now=now, state="paused", reason=None)
        connections.note(conn, "connection.pause", name, by=by, detail=None, now=now)
    return True


def resume(db: Database, name: str, *, by: str, now: float) -> bool:
    """Let a paused, broken or parked connection work again; scheduled streams are due now. False: it was active."""
    with db.write() as conn:
        stored = named(load_stored(conn), name)
        if stored.row.state == "active" and (stored.row.parked_until or 0.0) <= now:
            return False
        wake(conn, stored, now=now)
        connections.note(conn, "connection.resume", name, by=by, detail=None, now=now)
    return True


def wake(conn: Connection, stored: Stored, *, now: float) -> None:
    """It works again: what is scheduled is due now, and a stream that failed for what is mended now is pulled again."""
    id = stored.row.id
    connections.change(
        conn, id, now=now, state="active", reason=None, state_at=None, parked_until=None, parked_why=None
    )
    for object in stored.config.objects:
        schedule.plan(conn, id, object, config=stored.config, now=now)
        if runs.stopped(conn, id, object):
            runs.request(conn, id, object, kind="pull", lane="bulk", options={}, now=now)


def leaving(db: Database, name: str) -> Leaving:
    """What `remove` would touch, to be said before."""
    with db.read() as conn:
        row = named(load_stored(conn), name).row
        return _leaving(conn, name, row.id)


def remove(db: Database, name: str, *, keep: bool, by: str, now: float) -> Leaving:
    """Take a connection out of the hub; nothing is done in the remote system.

    Its values are retired (they lose to any live one; golden follows), or with `keep` go on counting as they are. Its
    links are gone either way, ids and decisions stay, and a connection added again by the same name finds them.
    """
    wiring = load_wiring(db)
    with db.write() as conn:
        row = named(load_stored(conn), name).row
        if _running(conn, row.id, now=now):
            raise WrongUse(
                f"A run of {name} is at work.",
                fix=f"Pause it (hub connection pause {name}), wait, try again.",
            )
        touched = _leaving(conn, name, row.id)
        if not keep:
            retire_connection(conn, wiring, row.id, now=now)
        conn.execute(  # added again, it is read from the beginning: what was retired lives again
            text(
                "UPDATE stream SET cursor = NULL, deletes_cursor = NULL, merges_cursor = NULL "
                "WHERE connection_id = :id"
            ),
            {"id": row.id},
        )
        oauth_tokens.forget(conn, name)
        connections.stop_work(conn, row.id, cause="the connection was removed", now=now)
        connections.change(conn, row.id, now=now, state="removed", reason=None, confirmed_at=None)
        for object in {stream.object for (id, _), stream in wiring.streams.items() if id == row.id}:
            schedule.forget(conn, row.id, object)
        detail = {"keep": keep, "records": touched.records}
        connections.note(conn, "connection.remove", name, by=by, detail=detail, now=now)
    return touched


def _running(conn: Connection, id: int, *, now: float) -> bool:
    query = "SELECT 1 FROM run WHERE connection_id = :id AND state = 'running' AND lease_until > :now LIMIT 1"
    return conn.scalar(text(query), {"id": id, "now": now}) is not None


def _leaving(conn: Connection, name: str, id: int) -> Leaving:
    counts = conn.execute(
        text(
            "WITH mine AS (SELECT DISTINCT i.customer_id FROM source_record s JOIN identity i ON i.record_id = s.id "
            "WHERE s.connection_id = :id AND s.gone_at IS NULL) "
            "SELECT (SELECT COUNT(*) FROM source_record WHERE connection_id = :id AND gone_at IS NULL), "
            "(SELECT COUNT(*) FROM mine), "
            "(SELECT COUNT(*) FROM mine WHERE NOT EXISTS ("
            "SELECT 1 FROM identity j JOIN source_record r ON r.id = j.record_id "
            "WHERE j.customer_id = mine.customer_id AND r.connection_id <> :id AND r.gone_at IS NULL)), "
            "(SELECT COUNT(*) FROM delivery WHERE connection_id = :id AND state <> 'done')"
        ),
        {"id": id},
    ).one()
    return Leaving(name, *counts)
