"""A pass over a table of Odoo: everything written since the pass before began, in the order of ids.

`write_date` has microseconds in the database and seconds in every answer, so (write_date, id) is no key that could be
asked for. Ids are: nothing that changes meanwhile can push a record over a page's edge. A pass ends with the server's
clock at its beginning less the overlap, for a stamp is the start of its transaction, which may commit later.

Cursor: {"since": moment | None} between passes, with "until" and "after" (an id) inside one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from connectors.odoo.rpc import Domain, Row, Rpc
from hub.sdk import ConnectionBroken

STAMP = "%Y-%m-%d %H:%M:%S"


class Step(NamedTuple):
    rows: Sequence[Row]
    cursor: Mapping[str, Any]
    total: int | None
    full: bool


class Source(NamedTuple):
    """What is walked. `touched(since)`: the domain of what changed at or after that moment."""

    model: str
    fields: Sequence[str]
    scope: Domain
    touched: Callable[[str], Domain]


def steps(rpc: Rpc, source: Source, cursor: Any, *, size: int, overlap: float) -> Iterator[Step]:
    state: Mapping[str, Any] = cursor if isinstance(cursor, dict) else {}
    since, until, after = state.get("since"), state.get("until"), int(state.get("after") or 0)
    changed = [*source.scope, *(source.touched(since) if since else [])]
    total = None if after else rpc.count(source.model, changed)
    while True:
        rows = rpc.search_read(source.model, [["id", ">", after], *changed], source.fields, limit=size)
        until = until or moment(rpc.server_now() - overlap)
        ids = [int(row["id"]) for row in rows]
        if len(rows) > size or (ids and min(ids) <= after):
            raise ConnectionBroken("the server's pages go in circles", cause=f"{source.model} after {after}")
        last = len(rows) < size
        after = max(ids, default=after)
        here = {"since": until} if last else {"since": since, "until": until, "after": after}
        yield Step(rows, here, total, since is None)
        if last:
            return
        total = None


def moment(epoch: float) -> str:
    return datetime.fromtimestamp(epoch, UTC).strftime(STAMP)
