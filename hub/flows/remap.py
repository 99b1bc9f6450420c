"""A changed map or overlay applied to the stored raw bodies; no edit comes of it (sync.md, "A field without base")."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import orjson
from sqlalchemy import Connection, text

from hub.errors import RecordRejected
from hub.flows import owing
from hub.flows.absorb import Evidence
from hub.flows.bindings import load_bindings
from hub.flows.intake import digest_of
from hub.flows.kinds import kind_of
from hub.flows.quarantine import Refusal, put
from hub.flows.rebasing import again
from hub.flows.wiring import Stream, Wiring, changed_lines
from hub.mapping.engine import Pulled
from hub.store.queries import records
from hub.store.session import Database
from hub.sync.binding import MISSING, Binding
from hub.sync.reading import Reading, Taken
from hub.sync.rebase import rebase

PAGE = 500


class _Undo(Exception):
    """Leaves the transaction of a plan without a trace."""


def remap(
    db: Database,
    wiring: Wiring,
    stream: Stream,
    *,
    apply: bool,
    say: Callable[[Counter[str]], None] = lambda counts: None,
) -> Counter[str]:
    """Read every record of a stream whose map has changed again, from its stored body.

    Returns counts: records, changed, rejected, waiting (the stored body is old, or a write is under way: it is read
    again), and `field PATH` for each field whose contribution changed. Without `apply` nothing remains: the plan.
    """
    counts: Counter[str] = Counter()
    after = 0
    while True:
        try:
            with db.write() as conn:
                rows = _page(conn, stream, after=after)
                if rows:
                    _take(conn, wiring, stream, rows, counts=counts)
                if not apply:
                    raise _Undo
        except _Undo:
            pass
        if not rows:
            return counts
        after = rows[-1].id
        say(counts)


def _page(conn: Connection, stream: Stream, *, after: int) -> list[Any]:
    return list(
        conn.execute(
            text(
                "SELECT id, external_id, part, map_id, first_seen, read_at, raw FROM source_record "
                "WHERE connection_id = :connection_id AND object = :object AND id > :after AND map_id <> :map_id "
                "AND gone_at IS NULL AND (object <> 'customer' "
                "OR external_id NOT LIKE 'order:%' AND external_id NOT LIKE 'author:%') "
                "ORDER BY id LIMIT :limit"
            ),
            {
                "connection_id": stream.connection_id,
                "object": stream.object,
                "after": after,
                "map_id": stream.map_id,
                "limit": PAGE,
            },
        )
    )


def _take(conn: Connection, wiring: Wiring, stream: Stream, rows: list[Any], *, counts: Counter[str]) -> None:
    now = time.time()
    states = load_bindings(conn, [row.id for row in rows])
    lines = {old: changed_lines(conn, old=old, new=stream.map_id) for old in {row.map_id for row in rows}}
    evidence, updated, refusals = [], [], []
    for row in rows:
        counts["records"] += 1
        raw = orjson.loads(row.raw)
        try:
            pulled = {one.part: one for one in stream.pull(raw)}.get(row.part)
        except RecordRejected as error:
            counts["rejected"] += 1
            refusals.append(Refusal(row.external_id, raw, str(error), error.code))
            continue
        before = states.get(row.id)
        if pulled is None or before is None:
            continue
        taken = rebase(
            before,
            _stored(pulled, read_at=row.read_at),
            policy=stream.policies[row.part],
            changed_paths=lines[row.map_id].get(row.part, frozenset()),
            now=now,
            again=again(stream, row.part),
        )
        if taken.outcome == "dropped":
            counts["waiting"] += 1
            evidence.append(_evidence(stream, row, before, taken))
            continue
        counts["changed"] += 1
        for path in _changed(before.contribution, taken.binding.contribution):
            counts[f"field {path}"] += 1
        digest = digest_of(stream, orjson.dumps(raw, option=orjson.OPT_SORT_KEYS))
        updated.append(
            {"id": row.id, "digest": digest, "map_id": stream.map_id, "read_at": row.read_at, "raw": row.raw}
        )
        evidence.append(_evidence(stream, row, before, taken))
    records.update_read(conn, updated)
    put(conn, stream, refusals, now=now)
    kind_of(stream.object).absorb(conn, wiring, evidence, now=now, lane=owing.BULK)


def _stored(pulled: Pulled, *, read_at: float) -> Reading:
    """The stored body as a reading of when it was read; without a version, for a receipt may have come after it."""
    times = (pulled.source_at, read_at, read_at)
    return Reading(pulled.values, pulled.seen, pulled.blanks, *times, None)


def _evidence(stream: Stream, row: Any, before: Binding, taken: Taken) -> Evidence:
    place = (row.id, stream, row.external_id, row.part, row.first_seen)
    return Evidence(*place, before, taken.binding, taken.edits, taken.entries)


def _changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> set[str]:
    return {path for path in {*before, *after} if _value(before, path) != _value(after, path)}


def _value(contribution: Mapping[str, Any], path: str) -> Any:
    return contribution[path].value if path in contribution else MISSING
