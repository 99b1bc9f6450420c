"""The loop breaker (DESIGN §6): a field that is written from one value to another and back, again and again, is written
no more until a person has looked.

Two systems that each put the other's value back, or one that undoes what the hub writes, would go on for ever. Counted
are the writes that were done from the same value to the same value; other changes of the field count for nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import Connection, text

from hub.store import bulk
from hub.store.documents import load
from hub.store.queries import outgoing

FLIPS = 6  # so often a field may go from one value to the same other one
WINDOW = 6 * 3600.0  # seconds in which they are counted
RELEASED = "released"  # the code of a delivery that a person let go out again; it goes once

Flip = tuple[str, str, str]  # path, the value before and the one written, as `outgoing.spelt`


def worn(conn: Connection, record_ids: Collection[int], *, now: float) -> dict[int, frozenset[Flip]]:
    """The flips that these records have made too often, by record id; mostly nobody has."""
    ids = bulk.among(conn, "ids")
    done = f"record_id {ids} AND kind = 'update' AND outcome = 'done' AND at >= :since"
    bound = {"since": now - WINDOW, "flips": FLIPS}
    often = conn.execute(
        text(f"SELECT record_id FROM receipt WHERE {done} GROUP BY record_id HAVING count(*) >= :flips"),
        bound | {"ids": bulk.pack(conn, record_ids)},
    ).all()
    if not often:
        return {}
    counted: Counter[tuple[int, Flip]] = Counter()
    rows = conn.execute(
        text(f"SELECT record_id, wrote, before FROM receipt WHERE {done}"),
        bound | {"ids": bulk.pack(conn, [row[0] for row in often])},
    )
    for id, wrote, before in rows:
        counted.update((id, flip) for flip in _flips(load(before) or {}, load(wrote) or {}))
    found: dict[int, frozenset[Flip]] = {}
    for (id, flip), times in counted.items():
        if times >= FLIPS:
            found[id] = found.get(id, frozenset()) | {flip}
    return found


def spinning(worn: Collection[Flip], *, sent: Mapping[str, Any], values: Mapping[str, Any]) -> list[str]:
    """The paths among `values` that would make such a flip once more. sent: what stands there."""
    return sorted({flip[0] for flip in _flips(sent, values) if flip in worn}) if worn else []


def _flips(before: Mapping[str, Any], wrote: Mapping[str, Any]) -> list[Flip]:
    return [
        (path, outgoing.spelt({"": before.get(path)}), outgoing.spelt({"": value}))
        for path, value in wrote.items()
    ]
