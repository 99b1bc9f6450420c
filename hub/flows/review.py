"""What a person is asked: pairs of customers that may be one, best first; accepted, rejected, put off, taken back.

A case is named by its best pair of records, so that its name stays whatever the customers become meanwhile.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

from sqlalchemy import Connection

from hub.canonical import ids
from hub.errors import NotFound, WrongUse
from hub.flows import pairs, steward
from hub.flows.effect import Effect
from hub.flows.wiring import Wiring
from hub.identity.decide import pair
from hub.store.queries import connections, matching, records, review
from hub.store.queries.review import Deferred, Unsure
from hub.store.session import Database

Verdict = Literal["accept", "reject", "defer"]
Pair = tuple[int, int]
"""Two record ids that name a case."""

DAYS = 30
"""How long a pair is put off unless another time is given."""
_DAY = 86_400.0
_PREFIX = "rev"
_ALL = 1 << 30  # more points than a pair has
_SCANNED = 400
_MOST_COUNTED = 100_000


class Wanted(NamedTuple):
    """Which cases. least, most: points, None: as the model has them (from `review` on). connection: one with a record
    in the pair. deferred: those put off instead of those that wait."""

    least: int | None = None
    most: int | None = None
    connection: str | None = None
    deferred: bool = False


_EVERY = Wanted()


class Case(NamedTuple):
    """Two customers that may be one. a, b: their best pair of records; further: how many more pairs speak for it.
    deferred: who put it off and until when, if it is put off."""

    a: int
    b: int
    points: int
    customer_a: int
    customer_b: int
    further: int = 0
    deferred: Deferred | None = None

    @property
    def id(self) -> str:
        return case_id(self.a, self.b)


class Queue(NamedTuple):
    """Cases, best first. next: the id of the case to go on after, None: that was all."""

    cases: list[Case]
    next: str | None


def case_id(a: int, b: int) -> str:
    """`rev_` and the two record ids, as they stand in `cus_…`."""
    one, other = pair(a, b)
    return f"{_PREFIX}_{ids.show('', one)[1:]}{ids.show('', other)[1:]}"


def read_id(text: str) -> tuple[int, int]:
    """The records of a case. Raises NotFound for what is no case's id."""
    head, _, tail = text.strip().lower().partition("_")
    if head != _PREFIX or len(tail) != 26:
        raise NotFound(f"{text!r} is no case to review.", fix="List them: hub review list")
    return pair(ids.read("", f"_{tail[:13]}"), ids.read("", f"_{tail[13:]}"))


def queue(
    conn: Connection, wiring: Wiring, wanted: Wanted = _EVERY, *, after: str | None = None, limit: int = 50
) -> Queue:
    """Cases, best first. Raises NotFound for a connection there is not."""
    found: list[Case] = []
    for case in _cases(conn, wiring, wanted, after=after):
        if len(found) == limit:
            return Queue(found, found[-1].id)
        found.append(case)
    return Queue(found, None)


def count(conn: Connection, wiring: Wiring) -> int:
    """How many cases wait for a person."""
    waiting = review.customer_pairs(conn, least=wiring.model.review, most=_ALL, limit=_MOST_COUNTED)
    if not waiting:
        return 0
    closed = review.parted(conn) | set(_put_off(conn, time.time()))
    return sum(1 for one in waiting if one not in closed)


def case(conn: Connection, wiring: Wiring, pair_of: Pair) -> Case:
    """The case that two records stand for, whether or not it still waits.

    Raises NotFound for a record there is not, WrongUse if the two are one customer already.
    """
    a, b = pair(*pair_of)
    standings = matching.standings(conn, [a, b])
    if missing := {a, b} - standings.keys():
        raise NotFound(
            f"There is no record {ids.show('cus', min(missing))}.", fix="List cases: hub review list"
        )
    one, other = standings[a].customer_id, standings[b].customer_id
    if one == other:
        raise WrongUse(f"They are one customer already: {ids.show('cus', one)}.")
    customers = pair(one, other)
    edges = _between(conn, [customers], least=wiring.model.review).get(customers, [])
    points = next((edge.points for edge in edges if (edge.a, edge.b) == (a, b)), None)
    if points is None:
        points = pairs.scores(conn, wiring, [(a, b)])[a, b].points
    off = _put_off(conn, time.time()).get(customers)
    return Case(a, b, points, one, other, max(len(edges) - 1, 0), off)


def accept(
    db: Database, wiring: Wiring, pair_of: Pair, *, by: str, reason: str | None = None, preview: bool = False
) -> Effect:
    """The two are one: merge the customers their records answer to now."""
    customers = _customers(db, *pair_of)
    effect = steward.merge(
        db, wiring, a=customers[0], b=customers[1], by=by, reason=reason or _REVIEWED, preview=preview
    )
    if not preview:
        _settled(db, *pair_of)
    return effect


def reject(
    db: Database, wiring: Wiring, pair_of: Pair, *, by: str, reason: str | None = None, preview: bool = False
) -> Effect:
    """The two are two, for good: no evidence makes the machine join them or ask again."""
    customers = _customers(db, *pair_of)
    effect = steward.part(
        db, wiring, a=customers[0], b=customers[1], by=by, reason=reason or _REVIEWED, preview=preview
    )
    if not preview:
        _settled(db, *pair_of)
    return effect


def defer(
    db: Database,
    wiring: Wiring,
    cases: Sequence[Pair],
    *,
    by: str,
    days: float = DAYS,
    reason: str | None = None,
) -> None:
    """Ask again in so many days, or as soon as the points of the pair change."""
    now = time.time()
    with db.write() as conn:
        rows = [
            Deferred(one.a, one.b, one.points, by, reason, now, now + days * _DAY)
            for one in (case(conn, wiring, one) for one in cases)
        ]
        review.defer(conn, rows)


def ask_again(db: Database, a: int, b: int) -> None:
    """Take a deferral back."""
    _settled(db, a, b)


_REVIEWED = "reviewed"


def _cases(conn: Connection, wiring: Wiring, wanted: Wanted, *, after: str | None) -> Iterator[Case]:
    least = max(wanted.least if wanted.least is not None else wiring.model.review, wiring.model.review)
    most = _ALL if wanted.most is None else wanted.most
    connection = _connection(conn, wanted.connection)
    parted, off = review.parted(conn), _put_off(conn, time.time())
    cursor = _cursor(conn, wiring, after)
    while True:
        page = review.unsure(conn, least=least, most=most, after=cursor, limit=_SCANNED)
        if not page:
            return
        cursor = (page[-1].points, page[-1].a, page[-1].b)
        open_ = [one for one in page if (key := _key(one)) not in parted and (key in off) == wanted.deferred]
        between = _between(conn, [_key(one) for one in open_], least=wiring.model.review)
        places = records.places(conn, {id for one in open_ for id in (one.a, one.b)}) if connection else {}
        for one in open_:
            edges = between[_key(one)]
            if (one.a, one.b) != (edges[0].a, edges[0].b):
                continue  # not the best pair of its customers: they came, or come, with that one
            if connection and connection not in {places[id].connection_id for id in (one.a, one.b)}:
                continue
            yield Case(*one, len(edges) - 1, off.get(_key(one)))


def _between(
    conn: Connection, customers: Sequence[tuple[int, int]], *, least: int
) -> dict[tuple[int, int], list[Unsure]]:
    """The pairs of records between these pairs of customers, best first."""
    found: dict[tuple[int, int], list[Unsure]] = {key: [] for key in customers}
    if not found:
        return found
    for one in review.across(conn, {smaller for smaller, _ in customers}, least=least):
        if (key := _key(one)) in found:
            found[key].append(one)
    for edges in found.values():
        edges.sort(key=lambda one: (-one.points, one.a, one.b))
    return found


def _put_off(conn: Connection, now: float) -> dict[tuple[int, int], Deferred]:
    """The customers that are put off now: not yet due again, and their pair scores as it did."""
    return {
        pair(one, other): row
        for row, one, other, points in review.deferred(conn)
        if row.until > now and points == row.points and one != other
    }


def _cursor(conn: Connection, wiring: Wiring, after: str | None) -> tuple[int, int, int] | None:
    if after is None:
        return None
    a, b = read_id(after)
    points = next((edge[2] for edge in matching.edges_among(conn, [a]) if edge[1] == b), None)
    if points is None:
        points = pairs.scores(conn, wiring, [(a, b)])[a, b].points
    return points, a, b


def _connection(conn: Connection, name: str | None) -> int | None:
    if name is None:
        return None
    row = connections.by_name(conn, name)
    if row is None:
        raise NotFound(f"There is no connection {name}.", fix="See: hub connection list")
    return row.id


def _customers(db: Database, a: int, b: int) -> tuple[int, int]:
    with db.read() as conn:
        standings = matching.standings(conn, [a, b])
    if missing := {a, b} - standings.keys():
        raise NotFound(
            f"There is no record {ids.show('cus', min(missing))}.", fix="List cases: hub review list"
        )
    return standings[a].customer_id, standings[b].customer_id


def _settled(db: Database, a: int, b: int) -> None:
    with db.write() as conn:
        review.forget_deferrals(conn, [pair(a, b)])


def _key(one: Unsure) -> tuple[int, int]:
    return pair(one.customer_a, one.customer_b)
