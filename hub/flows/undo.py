"""A run taken back: what it wrote is put back, by the same three-way as any write (DESIGN §6, "Rails").

Nothing is overwritten that a person has changed since, and what golden says now is not touched: the record differs from
golden, by a person's word, until golden changes. What the run created stays; no record is ever deleted remotely.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any, NamedTuple

from sqlalchemy import Connection

from hub.errors import NotFound, WrongUse
from hub.flows import owing
from hub.flows.bindings import load_bindings
from hub.flows.kinds import kind_of
from hub.flows.wiring import load_wiring
from hub.store.documents import dump, load
from hub.store.queries import runs, undone
from hub.store.session import Database
from hub.sync.binding import MISSING


class Taken(NamedTuple):
    """What undoing does. values: record's external id → path → (wrote, before) put back; changed: fields a person or a
    later run has changed since, left alone; created: records the run made, which stay.

    A record of another object than the run's own is named with it: `order/12`."""

    values: dict[str, dict[str, tuple[Any, Any]]]
    changed: dict[str, list[str]]
    created: list[str]


def undo(db: Database, run_id: int, *, by: str, preview: bool = False) -> Taken:
    """Put back what a push wrote. Raises NotFound for an unknown run, WrongUse for a pull, or one that has not ended or
    is undone."""
    with db.write() as conn:
        run = _push(conn, run_id)
        if undone.of_run(conn, run_id):
            raise WrongUse(
                f"Run {run_id} is undone already.", fix=f"To let it stand again: hub run redo {run_id}"
            )
        found, rows = _values(conn, run, by=by)
        if not preview:
            undone.put(conn, rows)
    if not preview and rows:
        _owe(db, {(row[3], row[1]) for row in rows})
    return found


def redo(db: Database, run_id: int) -> int:
    """Let an undone run stand again. Returns how many records are brought back to golden. Raises NotFound, WrongUse."""
    with db.write() as conn:
        _push(conn, run_id)
        ids = undone.end(conn, run_id, now=time.time())
    if not ids:
        raise WrongUse(f"Run {run_id} is not undone.", fix=f"hub run undo {run_id}")
    _owe(db, ids)
    return len(ids)


def _push(conn: Connection, run_id: int) -> Any:
    run = runs.get(conn, run_id)
    if run is None:
        raise NotFound(f"There is no run {run_id}.", fix="See: hub run list")
    if run.kind != "push":
        raise WrongUse(f"Run {run_id} only read.", fix="To undo what a person decided: hub review undo")
    if run.finished_at is None:
        raise WrongUse(f"Run {run_id} has not ended.", fix="Wait until it has: hub run show")
    return run


def _values(conn: Connection, run: Any, *, by: str) -> tuple[Taken, list[tuple[Any, ...]]]:
    """The last value the run wrote to each field, with what stood there before its first write."""
    last: dict[int, dict[str, Any]] = {}
    object_of: dict[int, str] = {}
    first: dict[int, dict[str, Any]] = {}
    names: dict[int, str] = {}
    created: list[str] = []
    times = (run.started_at, run.finished_at)
    for row in undone.receipts_of(conn, run.connection_id, started=times[0], finished=times[1]):
        if row.kind == "create":
            created.append(row.external_id)
            continue
        other = "" if row.object == run.object else f"{row.object}/"
        names[row.record_id], object_of[row.record_id] = f"{other}{row.external_id}", row.object
        last.setdefault(row.record_id, {}).update(load(row.wrote) or {})
        for path, value in (load(row.before) or {}).items():
            first.setdefault(row.record_id, {}).setdefault(path, value)
    bindings = load_bindings(conn, last)
    found = Taken({}, {}, created)
    rows = []
    now = time.time()
    for id, values in last.items():
        binding = bindings.get(id)
        if binding is None or binding.gone:
            continue
        for path, wrote in values.items():
            before = first.get(id, {}).get(path)
            if binding.sent.get(path, MISSING) != wrote:
                found.changed.setdefault(names[id], []).append(path)
                continue
            found.values.setdefault(names[id], {})[path] = (wrote, before)
            place = (run.id, id, run.connection_id, object_of[id], path)
            rows.append((*place, dump(wrote), dump(before), by, now))
    return found, rows


def _owe(db: Database, records: Iterable[tuple[str, int]]) -> None:
    """Queue the writes to these records (object, id), with the wiring as it is now that the undo is in force."""
    wiring = load_wiring(db)
    by_object: dict[str, list[int]] = {}
    for object, id in records:
        by_object.setdefault(object, []).append(id)
    with db.write() as conn:
        for object, ids in by_object.items():
            kind_of(object).tell(conn, wiring, ids, lane=owing.REALTIME, now=time.time())
