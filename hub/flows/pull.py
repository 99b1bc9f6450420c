"""A pull: page by page from the checkpoint on, network outside and transaction inside (DESIGN §5)."""

from __future__ import annotations

import gc
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from hub.errors import NeedsSteward
from hub.flows import deletes, intake, interactions, merged_there, orders, owing
from hub.flows.boundary import page_done
from hub.flows.connect import Lease
from hub.flows.giving_way import give_way
from hub.flows.quarantine import Refusal
from hub.flows.wiring import Stream, Wiring
from hub.sdk.connector import Connector, Page
from hub.store.queries import streams
from hub.store.session import Database

ANALYSE_AFTER = 5_000  # new records; then four times as many, and so on

Say = Callable[[Counter[str], int | None], None]


def pull(  # noqa: PLR0913  # a run is all of these
    db: Database,
    wiring: Wiring,
    stream: Stream,
    *,
    connector: Connector,
    run: Any,
    lease: Lease,
    full: bool = False,
    confirmed: bool = False,
    say: Say | None = None,
) -> Counter[str]:
    """Read the stream of a claimed run to its end. Returns the counts; raises what the connector raises.

    Raises LeaseLost when another worker has taken the run over, NeedsSteward when too many records are gone, Cancelled
    and RetryLater when a person stopped it, after a page.
    """
    counts: Counter[str] = Counter()
    with db.read() as conn:
        cursor, deletes_cursor = streams.get_cursor(conn, stream.connection_id, stream.object)
        merges_cursor = streams.get_merges_cursor(conn, stream.connection_id, stream.object)
    since = (deletes_cursor, None if full else merges_cursor)
    measured = ANALYSE_AFTER
    started = time.time()
    with _few_collections():
        for shown in connector.pull(stream.object, None if full else cursor, full=full):
            finished = time.time()
            page = _living(db, wiring, stream, shown, confirmed=confirmed, counts=counts, say=say)
            _take(db, wiring, stream, page, times=(started, finished), counts=counts, run=run, lease=lease)
            if say is not None:
                say(counts, page.total)
            if counts["created"] >= measured:
                db.analyse()
                measured *= 4
            give_way(db, took=time.time() - started)
            started = time.time()
    ends = (_deletes, stream.capabilities.deletes), (_merges, stream.capabilities.merges)
    for (end, able), after in zip(ends, since, strict=True):
        if able and stream.rules.delete != "ignore":
            rest: dict[str, Any] = {"confirmed": confirmed, "counts": counts, "say": say}
            end(db, wiring, stream, connector=connector, since=after, **rest)
    if stream.object == "customer":
        _adopt(db, wiring, stream, counts=counts)
    return +counts


def _adopt(db: Database, wiring: Wiring, stream: Stream, *, counts: Counter[str]) -> None:
    """Orders and messages that came before their customer find it now."""
    with db.write() as conn:
        counts["adopted_orders"] += orders.adopt(conn, wiring, stream.connection_id, now=time.time())
        counts["adopted_interactions"] += interactions.adopt(conn, stream.connection_id, now=time.time())


@contextmanager
def _few_collections() -> Iterator[None]:
    """A page makes many objects that live for its length only; collecting among them costs a tenth of the CPU."""
    before = gc.get_threshold()
    gc.set_threshold(100_000, 20, 100)
    try:
        yield
    finally:
        gc.set_threshold(*before)


def _living(
    db: Database,
    wiring: Wiring,
    stream: Stream,
    page: Page,
    *,
    confirmed: bool,
    counts: Counter[str],
    say: Say | None,
) -> Page:
    """The page without the records it shows as deleted; those are retired first. Raises NeedsSteward."""
    told = [one.external_id for one in page.records if one.deleted]
    if not told:
        return page
    _gone(db, wiring, stream, told=told, confirmed=confirmed, counts=counts, say=say)
    return page._replace(records=[one for one in page.records if not one.deleted])


def _take(
    db: Database,
    wiring: Wiring,
    stream: Stream,
    page: Page,
    *,
    times: tuple[float, float],
    counts: Counter[str],
    run: Any,
    lease: Lease,
) -> None:
    page_in = intake.PageIn(
        records=page.records,
        started=times[0],
        finished=times[1],
        rejected=[Refusal(*one) for one in page.rejected],
        cursor=page.cursor,
        counts=counts,
    )
    intake.take_page(db, wiring, stream, page=page_in, now=time.time(), lane=owing.BULK)
    page_done(db, run, lease, counts=counts, label=stream.label)


def _deletes(
    db: Database,
    wiring: Wiring,
    stream: Stream,
    *,
    connector: Connector,
    since: Any,
    confirmed: bool,
    counts: Counter[str],
    say: Say | None,
) -> None:
    found = connector.deletes(stream.object, since, deletes.Bound(db, stream))
    _gone(db, wiring, stream, told=found.external_ids, confirmed=confirmed, counts=counts, say=say)
    if found.cursor is not None:
        with db.write() as conn:
            streams.put_deletes_cursor(conn, stream.connection_id, stream.object, cursor=found.cursor)


def _merges(
    db: Database,
    wiring: Wiring,
    stream: Stream,
    *,
    connector: Connector,
    since: Any,
    confirmed: bool,
    counts: Counter[str],
    say: Say | None,
) -> None:
    """What was merged there. The list is read again from where it was while a record others went into is unknown."""
    found = connector.merges(stream.object, since)
    told = [gone for gone, _ in found.pairs]
    _gone(db, wiring, stream, told=told, confirmed=confirmed, counts=counts, say=say)
    with db.write() as conn:
        tied, whole = merged_there.tie(conn, wiring, stream, pairs=found.pairs, now=time.time())
        counts["merged_there"] += tied
        if found.cursor is not None and whole:
            streams.put_merges_cursor(conn, stream.connection_id, stream.object, cursor=found.cursor)


def _gone(
    db: Database,
    wiring: Wiring,
    stream: Stream,
    *,
    told: Sequence[str],
    confirmed: bool,
    counts: Counter[str],
    say: Say | None,
) -> None:
    """Retire those of our records that the system says are gone. Raises NeedsSteward if they are too many."""
    if not told or stream.rules.delete == "ignore":
        return
    with db.read() as conn:
        gone, bound = deletes.living(conn, stream, told), deletes.bound_count(conn, stream)
    if not gone:
        return
    try:
        deletes.guard(stream, gone, bound=bound, confirmed=confirmed)
    except NeedsSteward:
        counts["deletes_held"] += len(gone)
        if say is not None:
            say(counts, None)
        raise
    with db.write() as conn:
        counts["deleted"] += deletes.retire(conn, wiring, stream, external_ids=gone, now=time.time())
