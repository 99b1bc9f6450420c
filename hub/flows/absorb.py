"""New evidence about records goes in: bindings stored, matched, goldens computed again, debts queued, all in one
transaction.

Every story that learns something of a remote record ends here: a page, a pre-read, a receipt, a changed map, a delete.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple, Protocol

from sqlalchemy import Connection

from hub.flows import goldens, owing
from hub.flows.bindings import load_bindings, save_bindings, to_row
from hub.flows.former import Former, of, remember
from hub.flows.goldens import Recomputed, Sighting
from hub.flows.matching import Matched, Subject, features_of, match
from hub.flows.wiring import Stream, Wiring
from hub.identity.features import Features, features
from hub.store import bulk
from hub.store.binding_row import COLUMNS as BINDING
from hub.store.documents import dump
from hub.store.queries import customers, dependencies, matching, outgoing, records
from hub.store.tables import binding as binding_table
from hub.store.tables import entry as entry_table
from hub.sync.binding import Binding
from hub.sync.conflict import Edit, Entry, overruled

_ENTRY = ("record_id", "customer_id", "path", "kind", "detail", "at")


class Origin(Protocol):
    """Where a record stands: a stream, or a connection of the hub's own."""

    @property
    def connection_id(self) -> int: ...
    @property
    def connection(self) -> str: ...
    @property
    def object(self) -> str: ...


class Evidence(NamedTuple):
    """What one record says now. `before`: its binding until now, None for a new record. first_seen: epoch seconds."""

    record_id: int
    stream: Origin
    external_id: str
    part: str
    first_seen: float
    before: Binding | None
    after: Binding
    edits: Sequence[Edit] = ()
    entries: Sequence[Entry] = ()


class Absorbed(NamedTuple):
    """customer_of: the customer each record answers to now; recomputed: the goldens that were computed again."""

    customer_of: Mapping[int, int]
    recomputed: Recomputed
    counts: Mapping[str, int] = MappingProxyType({})

    def binding(self, record_id: int) -> Binding:
        """The binding of a record as it is now."""
        return self._sighting(record_id).binding

    def wanted(self, stream: Stream, record_id: int) -> Mapping[str, Any]:
        """The golden of a record as it is written (path → value; None: an emptiness that won)."""
        return owing.wanted(self.recomputed.goldens[self.customer_of[record_id]])

    def owed(self, stream: Stream, record_id: int) -> dict[str, Any]:
        """What must be written to a record of that stream now (path → value)."""
        customer = self.customer_of[record_id]
        return owing.values_owed(
            stream,
            self._sighting(record_id),
            self.recomputed.goldens[customer],
            sightings=self.recomputed.sightings[customer],
        )

    def _sighting(self, record_id: int) -> Sighting:
        sightings = self.recomputed.sightings[self.customer_of[record_id]]
        return next(one for one in sightings if one.record_id == record_id)


def absorb(
    conn: Connection,
    wiring: Wiring,
    evidence: Sequence[Evidence],
    *,
    now: float,
    lane: str = owing.BULK,
    touched: Iterable[int] = (),
    refresh: Iterable[int] = (),
) -> Absorbed:
    """Store the evidence and all that follows from it. The caller holds the matching lock and commits.

    touched: known records to cluster again; refresh: customers to compute again although no record changed.
    """
    bulk.insert(
        conn,
        binding_table,
        BINDING,
        rows=[to_row(one.record_id, one.after) for one in evidence if one.before is None],
    )
    save_bindings(conn, [(one.record_id, one.after) for one in evidence if one.before is not None])
    subjects = _subjects(conn, wiring, evidence)
    matched = match(conn, wiring, subjects, touched=touched)
    standing = {one.record_id for one in evidence} - set(matched.customer_of)
    customer_of = dict(matched.customer_of)
    customer_of |= {id: one.customer_id for id, one in matching.standings(conn, standing).items()}
    recomputed = _recompute(
        conn, wiring, evidence, matched=matched, customer_of=customer_of, refresh=refresh, now=now
    )
    feed = recomputed.feed + goldens.redirect(conn, matched.was, matched.customer_of, now=now)
    _note(conn, evidence, recomputed, customer_of=customer_of, now=now)
    mark_rereads(conn, evidence, now=now)
    owing.owe(conn, wiring, recomputed, lane=lane, now=now)
    if makers := [one.connection_id for one in wiring.creators("order")]:
        dependencies.wake(conn, makers, now=now)  # somebody has come, or is one with somebody who is there
    customers.append_feed(conn, feed, now=now)
    return Absorbed(customer_of, recomputed)


def evidence_values(binding: Binding) -> dict[str, Any]:
    """What people wrote in this record: all that matching may read (DESIGN §4, "Evidence")."""
    return {path: one.value for path, one in binding.contribution.items() if one.value is not None}


def record_features(
    wiring: Wiring,
    binding: Binding,
    *,
    connection_id: int,
    own_ref: str | None,
    former: Former | None = None,
) -> Features:
    """The features of a record, from its contributions, what they replaced and a birth date nobody can read; none for
    a record bound without matching (sync.md, "A write by API")."""
    if connection_id in wiring.built_in:
        return features({}, wiring.model)
    return features(
        evidence_values(binding),
        wiring.model,
        own_ref=own_ref if wiring.refers else None,
        former=former or {},
    )


def read_again(conn: Connection, wiring: Wiring, ids: Sequence[int]) -> dict[int, Subject]:
    """Stored records with their features as their evidence gives them now; `before`: the features stored with them."""
    bindings, places, formerly = load_bindings(conn, ids), records.places(conn, ids), of(conn, ids)
    subjects = {}
    for id, standing in matching.standings(conn, ids).items():
        place = places[id]
        found = record_features(
            wiring,
            bindings[id],
            connection_id=place.connection_id,
            own_ref=f"{wiring.names.get(place.connection_id, '')}:{place.external_id}",
            former=formerly.get(id),
        )
        subjects[id] = Subject(
            id,
            place.connection_id,
            place.external_id,
            place.part,
            place.first_seen,
            found,
            features_of(standing),
            standing.tied_to,
        )
    return subjects


def _subjects(conn: Connection, wiring: Wiring, evidence: Sequence[Evidence]) -> dict[int, Subject]:
    """New records, and known ones whose features changed."""
    known = [one.record_id for one in evidence if one.before is not None and _told_otherwise(one)]
    formerly = remember(conn, evidence)
    formerly |= of(conn, [id for id in known if id not in formerly])
    stored = matching.standings(conn, known) if known else {}
    subjects = {}
    for one in evidence:
        before, tied_to = None, one.after.created_for
        if one.before is not None:
            if one.record_id not in stored:
                continue
            before = features_of(stored[one.record_id])
            tied_to = stored[one.record_id].tied_to or tied_to
        ref = f"{one.stream.connection}:{one.external_id}"
        found = record_features(
            wiring,
            one.after,
            connection_id=one.stream.connection_id,
            own_ref=ref,
            former=formerly.get(one.record_id),
        )
        if before is None or before != found:
            subjects[one.record_id] = Subject(
                one.record_id,
                one.stream.connection_id,
                one.external_id,
                one.part,
                one.first_seen,
                found,
                before,
                tied_to,
            )
    return subjects


def _told_otherwise(one: Evidence) -> bool:
    assert one.before is not None
    return one.before.contribution is not one.after.contribution


def _recompute(
    conn: Connection,
    wiring: Wiring,
    evidence: Sequence[Evidence],
    *,
    matched: Matched,
    customer_of: Mapping[int, int],
    refresh: Iterable[int],
    now: float,
) -> Recomputed:
    affected = {customer_of[one.record_id] for one in evidence if one.record_id in customer_of}
    affected |= set(matched.members) | set(refresh)
    members: dict[int, Iterable[int]] = {id: many for id, many in matched.members.items() if id in affected}
    others = affected - set(members)
    members |= goldens.members_of(conn, others) if others else {}
    fresh = frozenset(one.record_id for one in evidence if one.before is None)
    known = {
        one.record_id: Sighting(
            one.record_id, one.stream.connection_id, one.stream.object, one.external_id, one.part, one.after
        )
        for one in evidence
    }
    return goldens.recompute(conn, wiring, members, known=known, fresh=fresh, now=now)


def mark_rereads(conn: Connection, evidence: Sequence[Evidence], *, now: float) -> None:
    """Records of which a reading was dropped, or whose answer showed more than we wrote, are read again once
    settled."""
    for one in evidence:
        if one.after.reread and not (one.before is not None and one.before.reread):
            stream = one.stream
            outgoing.mark_reread(
                conn,
                stream.connection_id,
                stream.object,
                external_ids=[one.external_id],
                why="unsettled",
                now=now,
            )


def _note(
    conn: Connection,
    evidence: Sequence[Evidence],
    recomputed: Recomputed,
    *,
    customer_of: Mapping[int, int],
    now: float,
) -> None:
    """Leave an entry for every edit that did not win or met another value (sync.md, readings 5)."""
    rows = []
    for one in evidence:
        if not one.edits and not one.entries:
            continue
        customer = customer_of[one.record_id]
        golden = recomputed.goldens[customer]
        rules = {path: why.rule for path, why in golden.why.items()}
        for found in (*one.entries, *overruled(one.edits, golden.fields, told=one.entries, rules=rules)):
            rows.append((one.record_id, customer, found.path, found.kind, dump(found._asdict()), now))
    bulk.insert(conn, entry_table, _ENTRY, rows=rows)
