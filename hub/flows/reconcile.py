"""Every bound record read again and compared: drift is counted per field, and healed up to a cap (DESIGN §6).

Drift there: a record that is not as we last knew it, though no page or webhook told us. Drift here: a golden that is
owed and nobody's work. Both are mended by the same transitions as ever: a difference is a person's edit.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from hub.errors import NeedsSteward
from hub.flows import deletes, owing
from hub.flows.bindings import load_bindings
from hub.flows.boundary import page_done
from hub.flows.connect import Lease
from hub.flows.intake import PageIn, take_page
from hub.flows.kinds import has_kind, kind_of
from hub.flows.pull import Say, pull
from hub.flows.remote import reading_of
from hub.flows.wiring import Stream, Wiring
from hub.sdk.connector import Connector, RemoteRecord
from hub.store.queries import debts, records
from hub.store.session import Database
from hub.sync import rules
from hub.sync.binding import MISSING
from hub.sync.scope import cap


class Task(NamedTuple):
    """What one reconciliation works with. heal: whether drift is mended, not only counted."""

    db: Database
    wiring: Wiring
    stream: Stream
    connector: Connector
    run: Any
    lease: Lease
    heal: bool
    counts: Counter[str]


def reconcile(task: Task, *, say: Say | None = None) -> Counter[str]:
    """Compare a stream's bound records with the system. Returns counts: read, agree, drifted, gone, unsent, healed,
    left (over the cap), `field PATH`.

    A system that shows no single records is read whole instead: what changed is what had drifted. Raises LeaseLost,
    NeedsSteward when more has drifted than one run may mend.
    """
    stream, counts = task.stream, task.counts
    size = stream.capabilities.fetch_batch
    if not size or not has_kind(stream.object):
        return _whole(task, say=say)
    with task.db.read() as conn:
        bound = deletes.bound_count(conn, stream)
    allowed = cap(bound)
    for ids in deletes.Bound(task.db, stream).batches(size):
        _some(task, ids, allowed=allowed)
        page_done(task.db, task.run, task.lease, counts=counts, label=stream.label)
        if say is not None:
            say(counts, bound)
    if counts["left"]:
        raise NeedsSteward(
            f"{stream.label}: {counts['drifted'] + counts['gone']} of {bound} records have drifted; one run mends "
            f"{allowed}, {counts['left']} are left as they are.",
            fix=f"If it is meant, run: hub sync {stream.connection} --full --confirm",
        )
    return +counts


def _whole(task: Task, *, say: Say | None) -> Counter[str]:
    found = pull(
        task.db,
        task.wiring,
        task.stream,
        connector=task.connector,
        run=task.run,
        lease=task.lease,
        full=True,
        say=say or (lambda counts, total: None),
    )
    found["drifted"] = found["changed"] + found["created"]
    return found


def _some(task: Task, ids: list[str], *, allowed: int) -> None:
    stream, counts = task.stream, task.counts
    started = time.time()
    found = list(task.connector.fetch(stream.object, ids))
    times = (started, time.time())
    gone = sorted(one.external_id for one in found if one.deleted)
    if gone and stream.capabilities.deletes:
        gone = list(task.connector.deletes(stream.object, None, gone).external_ids)
    drifted = _drifted(task, [one for one in found if not one.deleted], times=times)
    counts["read"] += len(found)
    counts["drifted"] += len(drifted)
    counts["gone"] += len(gone)
    counts["agree"] += len(found) - len(drifted) - len(gone)
    room = max(0, allowed - counts["healed"])
    if task.heal:
        _mend(task, drifted[:room], gone[: max(0, room - len(drifted))], times=times)
        counts["left"] += max(0, len(drifted) + len(gone) - room)
    _unsent(task, ids)


def _drifted(task: Task, found: Sequence[RemoteRecord], *, times: tuple[float, float]) -> list[RemoteRecord]:
    """Those that are not as we last knew them; what is being written is not looked at."""
    stream = task.stream
    with task.db.read() as conn:
        known = records.digests(
            conn, stream.connection_id, stream.object, external_ids=[one.external_id for one in found]
        )
        bindings = load_bindings(conn, [part.id for parts in known.values() for part in parts])
    drifted = []
    for one in found:
        paths: set[str] = set()
        for part in known.get(one.external_id, ()):
            binding, reading = bindings[part.id], reading_of(stream, one, part=part.part, times=times)
            if reading is None or rules.under_way(binding, times[1]):
                continue
            paths |= {path for path, raw in reading.seen.items() if binding.seen.get(path, MISSING) != raw}
        if paths:
            drifted.append(one)
            task.counts.update(f"field {path}" for path in paths)
    return drifted


def _mend(
    task: Task, drifted: Sequence[RemoteRecord], gone: Sequence[str], *, times: tuple[float, float]
) -> None:
    stream = task.stream
    if drifted:
        page = PageIn(records=drifted, started=times[0], finished=times[1])
        take_page(task.db, task.wiring, stream, page=page, now=time.time(), lane=owing.BULK)
        task.counts["healed"] += len(drifted)
    if gone and stream.rules.delete != "ignore":
        with task.db.write() as conn:
            bound = deletes.bound_count(conn, stream)
            deletes.guard(stream, gone, bound=bound, confirmed=False)
            task.counts["healed"] += deletes.retire(
                conn, task.wiring, stream, external_ids=gone, now=time.time()
            )


def _unsent(task: Task, ids: Iterable[str]) -> None:
    """Records that differ from golden and that nothing waits for."""
    stream = task.stream
    if not stream.writes:
        return
    with task.db.write() as conn:
        known = records.digests(conn, stream.connection_id, stream.object, external_ids=ids)
        alive = [part.id for parts in known.values() for part in parts if not part.gone]
        open_ones = debts.waiting_among(conn, alive)
        kind = kind_of(stream.object)
        rest = [id for id in alive if id not in open_ones]
        owed = [id for id, _, values, _ in kind.debts(conn, task.wiring, stream, ids=rest) if values]
        task.counts["unsent"] += len(owed)
        if owed and task.heal:
            kind.tell(conn, task.wiring, owed, lane=owing.BULK, now=time.time())
