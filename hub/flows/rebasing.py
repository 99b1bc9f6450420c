"""Bindings brought under a changed map before anything read through it is compared with them (sync.md, "A field without
base, or whose map line changed").

From the stored body, if nothing was settled since it was read: only between two readings through one map can a person's
edit be told. Else from what was just read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import orjson
from sqlalchemy import Connection

from hub.errors import RecordRejected
from hub.flows.wiring import Stream, changed_lines
from hub.store.queries import records
from hub.store.queries.records import Body
from hub.sync.binding import MISSING, Binding
from hub.sync.conflict import Entry
from hub.sync.reading import Reading
from hub.sync.rebase import rebase


def base_known(
    conn: Connection,
    stream: Stream,
    states: Mapping[int, Binding],
    *,
    readings: Mapping[int, Reading],
    now: float,
) -> dict[int, tuple[Binding, tuple[Entry, ...]] | None]:
    """Those of these records that were last read through another map, as they are under the one in force, with the
    entries owed; None: a write is under way, or the reading is older than what is known.

    readings: what was just read of each. The caller stores the bindings, and that map with the records.
    """
    lines: dict[int, dict[str, frozenset[str]]] = {}
    found: dict[int, tuple[Binding, tuple[Entry, ...]] | None] = {}
    for body in records.bodies_of_other_maps(conn, readings, map_id=stream.map_id):
        if body.map_id not in lines:
            lines[body.map_id] = changed_lines(conn, old=body.map_id, new=stream.map_id)
        if changed := lines[body.map_id].get(body.part):
            found[body.id] = _based(
                stream, body, states[body.id], read=readings[body.id], changed=changed, now=now
            )
    return found


def _based(
    stream: Stream, body: Body, before: Binding, *, read: Reading, changed: frozenset[str], now: float
) -> tuple[Binding, tuple[Entry, ...]] | None:
    """From the stored body first. The lease of a claim is its owner's own, and does not stand in the way."""
    for reading in (stored(stream, body), read):
        if reading is None:
            continue
        taken = rebase(
            replace(before, lease_until=0.0) if before.lease_until > now else before,
            reading,
            policy=stream.policies[body.part],
            changed_paths=changed,
            now=now,
            again=again(stream, body.part),
        )
        if taken.outcome != "dropped":
            return replace(taken.binding, lease_until=before.lease_until), tuple(taken.entries)
    return None


def stored(stream: Stream, body: Body) -> Reading | None:
    """The stored body through the map in force, as a reading of when it was read; None if it cannot be mapped now.

    It has no version: what is known of the record may have come after it, by a receipt or a pre-read.
    """
    try:
        pulled = {one.part: one for one in stream.pull(orjson.loads(body.raw))}.get(body.part)
    except RecordRejected:
        return None
    if pulled is None:
        return None
    return Reading(
        pulled.values, pulled.seen, pulled.blanks, pulled.source_at, body.read_at, body.read_at, None
    )


def again(stream: Stream, part: str) -> Callable[[str, Any], Any]:
    """The value of an old rendering by the new line; MISSING where the line cannot read it."""

    def value(path: str, raw: Any) -> Any:
        try:
            return stream.value(path, raw, part=part)
        except (RecordRejected, KeyError):
            return MISSING

    return value
