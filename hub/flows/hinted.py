"""Records that webhooks speak of, read and taken: what a webhook says is a hint, the record itself is the word."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from hub.errors import HubError, NeedsSteward, RecordRejected, RetryLater, Unsupported
from hub.flows import deletes, orders, owing
from hub.flows.intake import PageIn, take_page
from hub.flows.wiring import Stream, Wiring
from hub.sdk.connector import Connector
from hub.store.queries import records, runs
from hub.store.session import Database

log = logging.getLogger(__name__)

_LATELY = 3600.0  # seconds; deletes come one by one, so the guard counts those of the last hour together
_PULL_AGAIN = 5.0  # seconds until a pull that had begun before is looked at again


class Desk(NamedTuple):
    """What every step works with. kept: called after each step that was stored."""

    db: Database
    wiring: Wiring
    connector: Connector
    counts: Counter[str]
    kept: Callable[[], None]


class Asked(NamedTuple):
    """Records of one stream that webhooks speak of: external id → whether it is said to be deleted. confirmed: ids a
    person has said may go."""

    stream: Stream
    said: Mapping[str, bool]
    confirmed: frozenset[str] = frozenset()


class Taken(NamedTuple):
    """What went wrong, by external id; and the runs asked for, where records cannot be read one by one."""

    trouble: Mapping[str, Exception]
    runs: Sequence[int] = ()


def take(desk: Desk, asked: Asked) -> Taken:
    """Bring in these records as they are now, in the realtime lane. Raises nothing: who fails is in the answer."""
    size = asked.stream.capabilities.fetch_batch
    if not size:
        return _by_pull(desk, asked)
    trouble: dict[str, Exception] = {}
    ids = list(asked.said)
    for chunk in _chunks(ids, size):
        try:
            trouble |= _read(desk, asked, chunk)
        except Exception as error:
            if not isinstance(error, HubError):
                log.exception("records of %s could not be taken", asked.stream.label)
            trouble |= dict.fromkeys(chunk, error)
            if isinstance(error, HubError) and not isinstance(error, RecordRejected | Unsupported):
                trouble |= dict.fromkeys(ids[ids.index(chunk[-1]) + 1 :], error)
                break  # the system itself does not serve us now
        desk.kept()
    return Taken(trouble)


def _chunks(ids: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    for start in range(0, len(ids), size):
        yield ids[start : start + size]


def _read(desk: Desk, asked: Asked, ids: Sequence[str]) -> dict[str, Exception]:
    """Read one batch and take it. One record that the system will not hear of does not keep the others."""
    stream, started = asked.stream, time.time()
    try:
        found = list(desk.connector.fetch(stream.object, ids))
    except RecordRejected as error:
        if len(ids) == 1:
            return {ids[0]: error}
        apart = [_read(desk, asked, [one]) for one in ids]
        return {id: error for each in apart for id, error in each.items()}
    page = PageIn(
        records=[one for one in found if not one.deleted],
        started=started,
        finished=time.time(),
        counts=desk.counts,
    )
    before = desk.counts["created"]
    take_page(desk.db, desk.wiring, stream, page=page, now=time.time(), lane=owing.REALTIME)
    if stream.object == "customer" and desk.counts["created"] > before:
        with desk.db.write() as conn:
            desk.counts["adopted_orders"] += orders.adopt(
                conn, desk.wiring, stream.connection_id, now=time.time(), lane=owing.REALTIME
            )
    lost = [one.external_id for one in found if one.deleted]
    if stream.rules.delete == "ignore":
        return {}
    if stream.capabilities.deletes and lost:  # not shown is not deleted: the system's own signal counts
        gone = set(desk.connector.deletes(stream.object, None, sorted(lost)).external_ids)
        lost = [one for one in lost if one in gone]
    else:
        lost = [one for one in lost if asked.said.get(one)]
    return _gone(desk, asked, lost)


def _gone(desk: Desk, asked: Asked, told: Sequence[str]) -> dict[str, Exception]:
    """Retire what is gone, under the guard."""
    stream, now = asked.stream, time.time()
    if not told or stream.rules.delete == "ignore":
        return {}
    with desk.db.write() as conn:
        lost = deletes.living(conn, stream, told)
        if not lost:
            return {}
        lately = records.gone_since(conn, stream.connection_id, stream.object, since=now - _LATELY)
        unheard = [one for one in lost if one not in asked.confirmed]
        try:
            bound = deletes.bound_count(conn, stream) + len(lately)
            deletes.guard(stream, [*unheard, *lately], bound=bound, confirmed=not unheard)
        except NeedsSteward as error:
            told_how = "If it is meant, run: hub inbox replay --held --confirm"
            held = NeedsSteward(error.message, cause=error.cause, fix=told_how)
            lost, trouble = [one for one in lost if one in asked.confirmed], dict.fromkeys(unheard, held)
        else:
            trouble = {}
        desk.counts["deleted"] += deletes.retire(
            conn, desk.wiring, stream, external_ids=lost, now=now, lane=owing.REALTIME
        )
    return dict(trouble)


def _by_pull(desk: Desk, asked: Asked) -> Taken:
    """A system that cannot be asked for single records is read as a stream; what it says is deleted is gone."""
    stream = asked.stream
    gone = [id for id, deleted in asked.said.items() if deleted]
    trouble = _gone(desk, asked, gone)
    changed = [id for id, deleted in asked.said.items() if not deleted]
    if not changed:
        return Taken(trouble)
    with desk.db.claim() as conn:
        run_id = runs.request(
            conn,
            stream.connection_id,
            stream.object,
            kind="pull",
            lane=owing.REALTIME,
            options={},
            now=time.time(),
        )
        running = runs.get(conn, run_id).state == "running"
    if not running:
        return Taken(trouble, (run_id,))
    wait = RetryLater("A pull that had begun before is at work; the next one counts.", after=_PULL_AGAIN)
    return Taken(trouble | dict.fromkeys(changed, wait))
