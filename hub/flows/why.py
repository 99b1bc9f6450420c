"""Why two records, or two customers, are or are not one, and what would be needed (`hub match explain`)."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable
from typing import Any, NamedTuple

from sqlalchemy import Connection

from hub.canonical import ids
from hub.canonical.moment import from_epoch
from hub.flows import pairs
from hub.flows.find import Meant
from hub.flows.matching import nodes_of
from hub.flows.wiring import Wiring
from hub.identity.cluster import cluster
from hub.identity.decide import Decision, pair
from hub.identity.score import Score
from hub.store.queries import decisions, matching

_CROSSED, _SHOWN = 400, 10
_IDENTIFYING = {
    "email": "the same e-mail",
    "phone": "the same phone",
    "tax_id": "the same tax id",
    "birth_date": "the same birth date",
    "address": "the same address",
}


class Answer(NamedTuple):
    """together: they are one customer. because: why, or why not, in sentences; needed: what would make the machine join
    them, None where they are together. pairs: the scored pairs, best first. decisions: persons' words about them.
    """

    a: str
    b: str
    customer_a: str
    customer_b: str
    together: bool
    because: list[str]
    needed: str | None
    auto: int
    review: int
    pairs: list[dict[str, Any]]
    decisions: list[dict[str, Any]]


def why(conn: Connection, wiring: Wiring, *, a: Meant, b: Meant) -> Answer:
    """The answer for what was meant: a record where one was named, else all records of the customer."""
    mine, theirs = _records(conn, a), _records(conn, b)
    if a.record_id is None and a.customer_id == b.customer_id:
        theirs = mine
    crossed = sorted({pair(one, other) for one in mine for other in theirs if one != other})[:_CROSSED]
    scored = sorted(pairs.scores(conn, wiring, crossed).items(), key=lambda one: (-one[1].points, one[0]))
    together = a.customer_id == b.customer_id
    said = _said(conn, wiring, {*mine, *theirs}, crossed=set(crossed))
    labels = pairs.named(conn, wiring, {*mine, *theirs})
    stored = {(one, other) for one, other, _ in matching.edges_among(conn, [*mine, *theirs])}
    told = _together if together else _apart
    return Answer(
        _name(a, labels),
        _name(b, labels),
        ids.show("cus", a.customer_id),
        ids.show("cus", b.customer_id),
        together,
        told(conn, wiring, mine, theirs, scored=scored, said=said),
        None if together else _needed(wiring, scored, said=said),
        wiring.model.auto,
        wiring.model.review,
        [
            {
                "a": labels[one],
                "b": labels[other],
                "points": score.points,
                "verdict": score.verdict,
                "compared": (one, other) in stored or score.points < wiring.model.review,
                "reasons": pairs.reasons(score),
            }
            for (one, other), score in scored[:_SHOWN]
        ],
        said,
    )


_Scored = list[tuple[tuple[int, int], Score]]


def _together(
    conn: Connection,
    wiring: Wiring,
    mine: list[int],
    theirs: list[int],
    *,
    scored: _Scored,
    said: list[dict[str, Any]],
) -> list[str]:
    if any(one["verdict"] == "same" for one in said):
        told = next(one for one in said if one["verdict"] == "same")
        return [f"{told['by']} said that they are the same, on {told['at']}."]
    if scored and scored[0][1].points >= wiring.model.auto:
        return [f"{scored[0][1].points} points; the machine joins from {wiring.model.auto} on."]
    path = _path(conn, wiring, set(mine), set(theirs))
    if len(path) > 2:
        labels = pairs.named(conn, wiring, path)
        between = ", ".join(labels[id] for id in path[1:-1])
        return [f"Not by themselves: what joins them is {between}."]
    return ["One was made by the hub for the other."] if scored else ["They are one record."]


def _apart(
    conn: Connection,
    wiring: Wiring,
    mine: list[int],
    theirs: list[int],
    *,
    scored: _Scored,
    said: list[dict[str, Any]],
) -> list[str]:
    found = [
        f"{one['by']} said that they are different, on {one['at']}."
        for one in said
        if one["verdict"] == "different"
    ]
    if found or not scored:
        return found
    best_pair, best = scored[0]
    model = wiring.model
    if best.verdict == "never":
        return [
            f"The machine never joins them: {'; '.join(one.detail for one in best.reasons) or 'nothing agrees'}."
        ]
    if best.points >= model.auto:
        against = refused(conn, wiring, mine=mine, theirs=theirs)
        if against:
            return [f"{best.points} points would do, but {against}."]
        if best_pair not in {(a, b) for a, b, _ in matching.edges_among(conn, list(best_pair))}:
            return [
                f"{best.points} points would do, but nothing they share is rare enough to have them compared."
            ]
        return [f"{best.points} points would do, but what hangs on them stands against it."]
    place = "a person is asked" if best.points >= model.review else "too few even to ask a person"
    return [f"{best.points} points at best; the machine joins from {model.auto} on ({place})."]


def _needed(wiring: Wiring, scored: _Scored, *, said: list[dict[str, Any]]) -> str:
    model = wiring.model
    if any(one["verdict"] == "different" for one in said) or not scored:
        return "A person's word: hub customer merge."
    best = scored[0][1]
    if best.verdict == "never" or best.points >= model.auto:
        return "A person's word: hub customer merge."
    more = f"{model.auto - best.points} more points for the machine to join them"
    if best.points < model.review:
        more += f", {model.review - best.points} for a person to be asked"
    enough = _enough(wiring, best)
    return f"{more}. {' or '.join(enough)} would do." if enough else f"{more}."


def _enough(wiring: Wiring, best: Score) -> list[str]:
    """What neither or only one of them says yet and would be enough, if it agreed."""
    said = {one.feature for one in best.reasons}
    if said & {"limit"}:
        return []
    weights = wiring.model.weights._asdict()
    missing = wiring.model.auto - best.points
    return [
        words
        for feature, words in _IDENTIFYING.items()
        if feature not in said and weights.get(f"{feature}_exact", 0) >= missing
    ]


def refused(
    conn: Connection, wiring: Wiring, *, mine: Collection[int], theirs: Collection[int]
) -> str | None:
    """Why the clusters that hold these records did not join, as clustering says; None where it says nothing."""
    standings = matching.standings(conn, [*mine, *theirs])
    everybody = list(matching.members(conn, {one.component for one in standings.values()}))
    nodes = nodes_of(conn, wiring, everybody)
    found = cluster(
        nodes,
        matching.edges_among(conn, everybody),
        decisions=[Decision(*row) for row in matching.decisions_on(conn, everybody)],
        model=wiring.model,
    )
    group = {id: number for number, members in enumerate(found.groups) for id in members}
    homes = {group[id] for id in mine}, {group[id] for id in theirs}
    for one in found.refused:
        ends = group[one.a], group[one.b]
        if (ends[0] in homes[0] and ends[1] in homes[1]) or (ends[1] in homes[0] and ends[0] in homes[1]):
            return one.reason
    return None


def _path(conn: Connection, wiring: Wiring, mine: set[int], theirs: set[int]) -> list[int]:
    """The shortest way from one to the other over pairs the machine joins, persons' "same" and our own records."""
    standings = matching.standings(conn, mine)
    members = matching.members_of(conn, {one.customer_id for one in standings.values()})
    everybody = [id for many in members.values() for id in many]
    near: dict[int, set[int]] = {id: set() for id in everybody}
    ties = [(a, b) for a, b, points in matching.edges_among(conn, everybody) if points >= wiring.model.auto]
    ties += [(one.a, one.b) for one in decisions.on(conn, everybody) if one.verdict == "same"]
    ties += [
        (id, one.tied_to)
        for id, one in matching.standings(conn, everybody).items()
        if one.tied_to is not None
    ]
    for a, b in ties:
        if a in near and b in near:
            near[a].add(b)
            near[b].add(a)
    came: dict[int, int | None] = dict.fromkeys(mine)
    open_ = deque(sorted(mine))
    while open_:
        id = open_.popleft()
        if id in theirs:
            return _back(came, id)
        for other in sorted(near.get(id, ())):
            if other not in came:
                came[other] = id
                open_.append(other)
    return []


def _back(came: dict[int, int | None], id: int) -> list[int]:
    path = [id]
    while (before := came[path[-1]]) is not None:
        path.append(before)
    return path[::-1]


def _said(
    conn: Connection, wiring: Wiring, members: Iterable[int], *, crossed: set[tuple[int, int]]
) -> list[dict[str, Any]]:
    found = [one for one in decisions.on(conn, members) if pair(one.a, one.b) in crossed]
    labels = pairs.named(conn, wiring, {id for one in found for id in (one.a, one.b)})
    return [
        {
            "a": labels[one.a],
            "b": labels[one.b],
            "verdict": one.verdict,
            "by": one.by,
            "reason": one.reason,
            "at": from_epoch(float(int(one.at))),
        }
        for one in found
    ]


def _records(conn: Connection, meant: Meant) -> list[int]:
    if meant.record_id is not None:
        return [meant.record_id]
    return matching.members_of(conn, [meant.customer_id]).get(meant.customer_id, [])


def _name(meant: Meant, labels: dict[int, str]) -> str:
    return labels[meant.record_id] if meant.record_id is not None else ids.show("cus", meant.customer_id)
