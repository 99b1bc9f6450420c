"""Records that people merged in a system: the one that went is retired as a delete, and is of the other one's customer.

The pair is evidence of the machine's kind, a tie as of a record of our making: a steward's "different" is stronger, and
every computing anew finds it. Contributions never move between bindings (sync.md).
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection

from hub.flows import owing
from hub.flows.absorb import absorb
from hub.flows.wiring import Stream, Wiring
from hub.mapping.spec import MAIN
from hub.store.queries import matching, records


def tie(
    conn: Connection, wiring: Wiring, stream: Stream, *, pairs: Iterable[tuple[str, str]], now: float
) -> tuple[int, bool]:
    """(how many records were tied now, whether all of the merged ones' targets are known here), in the open
    transaction. A record that is not known here has nothing to tie; a target that is not may still come."""
    wanted = list(dict.fromkeys(pairs))
    ids = {id for pair in wanted for id in pair}
    known = records.digests(conn, stream.connection_id, stream.object, external_ids=sorted(ids))
    main = {id: part.id for id, parts in known.items() for part in parts if part.part == MAIN}
    touched: list[int] = []
    for gone, into in wanted:
        if gone in main and into in main and (root := _loose_end(conn, main[gone], main[into])) is not None:
            matching.tie(conn, root, to=main[into])
            touched += [root, main[gone], main[into]]
    if touched:
        absorb(conn, wiring, [], now=now, lane=owing.BULK, touched=set(touched))
    return len(touched) // 3, all(into in main for gone, into in wanted if gone in main)


def _loose_end(conn: Connection, gone: int, into: int) -> int | None:
    """The record to tie: the end of the ties of the one that went; None if they hang together already."""
    ends = _chain(conn, gone)[-1], _chain(conn, into)[-1]
    return ends[0] if ends[0] != ends[1] else None


def _chain(conn: Connection, record_id: int) -> list[int]:
    """The record, the one it is tied to, and so on."""
    found = [record_id]
    while (one := matching.standings(conn, found[-1:]).get(found[-1])) and one.tied_to not in (None, *found):
        found.append(one.tied_to)  # type: ignore[arg-type]
    return found
