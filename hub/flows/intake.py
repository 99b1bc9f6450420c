"""A page in: digest, map, then one transaction for everything that follows (DESIGN §5, "Pull").

A crash before the commit loses nothing and repeats the page; a crash after it repeats nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any, NamedTuple

import orjson
from sqlalchemy import Connection

from hub.errors import RecordRejected
from hub.flows import owing, quarantine, rebasing
from hub.flows.absorb import Evidence
from hub.flows.bindings import load_bindings
from hub.flows.create_row import state_of
from hub.flows.kinds import kind_of
from hub.flows.order_family import OURS
from hub.flows.wiring import Stream, Wiring
from hub.mapping.engine import Pulled
from hub.sdk.connector import RemoteRecord
from hub.store.queries import numbers, outgoing, records, streams
from hub.store.queries.records import Known
from hub.store.session import Database
from hub.sync.binding import Binding
from hub.sync.create import could_be
from hub.sync.reading import Reading, Taken, dropped, first_sight, take
from hub.sync.rules import parks


class Mapped(NamedTuple):
    """A record of the page that is new or changed, mapped; `text` is its raw body as stored."""

    record: RemoteRecord
    text: str
    digest: bytes
    parts: Sequence[Pulled]


@dataclass(slots=True)
class PageIn:
    """A page to take: the stream's records with when the call for them began and ended (epoch seconds, our clock)."""

    records: Sequence[RemoteRecord]
    started: float
    finished: float
    rejected: Sequence[quarantine.Refusal] = ()
    cursor: Any = None
    settles: Sequence[str] = ()  # external ids whose re-read this page is
    counts: Counter[str] = field(default_factory=Counter)


def take_page(
    db: Database, wiring: Wiring, stream: Stream, *, page: PageIn, now: float, lane: str = owing.BULK
) -> Counter[str]:
    """Take one page. Returns how many records were read, unchanged, created, changed, rejected, dropped, parked."""
    counts = page.counts
    counts["read"] += len(page.records)
    refusals = list(page.rejected)
    fresh, back = _unlike_before(db, stream, page.records)
    counts["unchanged"] += len(page.records) - len(fresh)
    mapped = _map(stream, fresh, refusals)
    counts["rejected"] += len(refusals)
    if not (mapped or refusals or back or page.settles) and page.cursor is None:
        return counts
    with db.write() as conn:
        outgoing.settle_rereads(conn, stream.connection_id, stream.object, external_ids=page.settles)
        if mapped:
            _take(conn, wiring, stream, page, mapped=mapped, now=now, lane=lane)
        quarantine.settle(conn, stream, taken=[*(one.record.external_id for one in mapped), *back], now=now)
        quarantine.put(conn, stream, refusals, now=now)
        if page.cursor is not None:
            streams.put_cursor(conn, stream.connection_id, stream.object, cursor=page.cursor)
    return counts


def seed(stream: Stream) -> Any:
    """The digest every record's digest starts from: another map or overlay makes every record count as changed."""
    return blake2b(digest_size=16, key=stream.map.digest)


def digest_of(stream: Stream, body: bytes) -> bytes:
    """The digest of one raw body (JSON with sorted keys)."""
    hasher = seed(stream)
    hasher.update(body)
    return bytes(hasher.digest())


def _unlike_before(
    db: Database, stream: Stream, page: Sequence[RemoteRecord]
) -> tuple[list[tuple[RemoteRecord, bytes, bytes]], list[str]]:
    """The records whose raw body differs from the last reading taken, with their JSON bytes and digest; and the ids of
    those in quarantine that are again as they were last taken."""
    start = seed(stream)
    dumps, sorted_keys = orjson.dumps, orjson.OPT_SORT_KEYS
    digested = []
    for record in page:
        body = dumps(record.raw, option=sorted_keys)
        hasher = start.copy()
        hasher.update(body)
        digested.append((record, body, hasher.digest()))
    with db.read() as conn:
        known = records.digests(
            conn, stream.connection_id, stream.object, external_ids=[record.external_id for record in page]
        )
        fresh = [
            one for one in digested if not _as_known(known.get(one[0].external_id), one[2], one[0].deleted)
        ]
        changed = {one[0].external_id for one in fresh}
        same = [record.external_id for record in page if record.external_id not in changed]
        return fresh, quarantine.open_among(conn, stream, same) if same else []


def _as_known(known: Sequence[Known] | None, digest: bytes, deleted: bool) -> bool:
    if not known:
        return False
    return not deleted and all(one.digest == digest and not one.gone for one in known)


def _map(
    stream: Stream,
    fresh: Sequence[tuple[RemoteRecord, bytes, bytes]],
    refusals: list[quarantine.Refusal],
) -> list[Mapped]:
    mapped = []
    pull = stream.pull
    for record, body, digest in fresh:
        try:
            mapped.append(Mapped(record, body.decode(), digest, pull(record.raw)))
        except RecordRejected as error:
            refusals.append(quarantine.Refusal(record.external_id, record.raw, str(error), error.code))
    return mapped


def _take(
    conn: Connection,
    wiring: Wiring,
    stream: Stream,
    page: PageIn,
    *,
    mapped: Sequence[Mapped],
    now: float,
    lane: str,
) -> None:
    """Inside the transaction: what is known is looked up again, for another process may have been here meanwhile."""
    known = records.digests(
        conn, stream.connection_id, stream.object, external_ids=[one.record.external_id for one in mapped]
    )
    new, old = [], []
    for one in mapped:
        there = {found.part: found for found in known.get(one.record.external_id, ())}
        for part in one.parts:
            found = there.get(part.part)
            if found is None:
                new.append((one, part))
            elif found.digest != one.digest or found.gone:
                old.append((one, part, found))
    evidence: list[Evidence] = []
    new = _unparked(conn, stream, new, page=page, now=now)
    evidence += _first_seen(conn, stream, new, page=page, now=now)
    evidence += _again(conn, stream, old, page=page, now=now)
    if evidence:
        page.counts.update(kind_of(stream.object).absorb(conn, wiring, evidence, now=now, lane=lane).counts)


def _unparked(
    conn: Connection, stream: Stream, new: Sequence[tuple[Mapped, Pulled]], *, page: PageIn, now: float
) -> list[tuple[Mapped, Pulled]]:
    """sync.md R5: an unknown record that a create of ours, begun and not receipted, could have made waits for it."""
    rows = (
        outgoing.begun_creates(conn, stream.connection_id, stream.object, since=page.started) if new else []
    )
    if not rows:
        return list(new)
    open_ones = [state_of(row) for row in rows]
    free, parked = [], {}
    for one, part in new:
        found = reading(one, part, page=page)
        if any(
            parks(create, found)
            and could_be(create, found, policy=stream.policy, marker=_marker(stream, found))
            for create in open_ones
        ):
            parked[one.record.external_id] = True
        else:
            free.append((one, part))
    outgoing.mark_reread(
        conn, stream.connection_id, stream.object, external_ids=parked, why="parked", now=now
    )
    page.counts["parked"] += len(parked)
    return free


def _marker(stream: Stream, found: Reading) -> str | None:
    """Our id as a record carries it, where its map reads one; "" for a record without."""
    return found.values.get(OURS, "") if OURS in stream.map.pull_paths else None


def reading(one: Mapped, part: Pulled, *, page: PageIn) -> Reading:
    """What a page says of one part of a record, for the pure transitions."""
    return Reading(
        part.values,
        part.seen,
        part.blanks,
        part.source_at,
        page.started,
        page.finished,
        one.record.version,
        one.digest,
    )


def _first_seen(
    conn: Connection, stream: Stream, new: Sequence[tuple[Mapped, Pulled]], *, page: PageIn, now: float
) -> list[Evidence]:
    if not new:
        return []
    ids = numbers.record_ids(conn, len(new), now=now)
    rows, evidence = [], []
    for id, (one, part) in zip(ids, new, strict=True):
        external_id = one.record.external_id
        rows.append(
            (
                id, stream.connection_id, stream.object, external_id, part.part, one.digest, stream.map_id, now,
                page.finished, one.text,
            )
        )  # fmt: skip
        binding = first_sight(reading(one, part, page=page), stream.policies[part.part])
        evidence.append(Evidence(id, stream, external_id, part.part, now, None, binding))
    records.insert(conn, rows)
    page.counts["created"] += len(rows)
    return evidence


def _again(
    conn: Connection,
    stream: Stream,
    old: Sequence[tuple[Mapped, Pulled, Known]],
    *,
    page: PageIn,
    now: float,
) -> list[Evidence]:
    """Known records whose body or map changed."""
    if not old:
        return []
    ids = [found.id for _, _, found in old]
    states = load_bindings(conn, ids)
    goldens = kind_of(stream.object).goldens(conn, ids)
    places = records.places(conn, ids)
    evidence, rows, marked = [], [], []
    read = {found.id: reading(one, part, page=page) for one, part, found in old}
    moved = {found.id: read[found.id] for _, _, found in old if found.map_id != stream.map_id}
    based = rebasing.base_known(conn, stream, states, readings=moved, now=now) if moved else {}
    for one, _, found in old:
        before, golden = states[found.id], goldens.get(found.id, {})
        policy = stream.policies[found.part]
        base, told = based.get(found.id, (before, ())) or (None, ())
        if base is None:
            taken = dropped(before)
        else:
            taken = take(base, read[found.id], policy=policy, golden=golden, now=now)
            taken = taken._replace(entries=(*told, *taken.entries))
        if taken.outcome == "dropped":
            marked.append(one.record.external_id)
        else:
            page.counts["changed"] += 1
            rows.append(_read_row(stream, one, found, page=page))
        if taken.binding is not before:
            evidence.append(_evidence(stream, places[found.id], before, taken=taken))
    records.mapped_by(conn, [id for id, found in based.items() if found], map_id=stream.map_id)
    records.update_read(conn, rows)
    why = "unsettled"
    outgoing.mark_reread(conn, stream.connection_id, stream.object, external_ids=marked, why=why, now=now)
    page.counts["dropped"] += len(marked)
    return evidence


def _read_row(stream: Stream, one: Mapped, found: Known, *, page: PageIn) -> dict[str, Any]:
    return {
        "id": found.id,
        "digest": one.digest,
        "map_id": stream.map_id,
        "read_at": page.finished,
        "raw": one.text,
    }


def _evidence(stream: Stream, place: records.Place, before: Binding, *, taken: Taken) -> Evidence:
    return Evidence(
        place.id,
        stream,
        place.external_id,
        place.part,
        place.first_seen,
        before,
        taken.binding,
        taken.edits,
        taken.entries,
    )
