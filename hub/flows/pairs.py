"""Pairs of stored records: their score with its reasons, as people read it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection

from hub.flows.matching import pair_scores
from hub.flows.wiring import Wiring
from hub.identity.explain import meaning
from hub.identity.score import Score
from hub.store.queries import records

Pair = tuple[int, int]


def scores(conn: Connection, wiring: Wiring, pairs: Iterable[Pair]) -> dict[Pair, Score]:
    """The score of each pair of stored records, as intake scores it, whether or not it would have compared them."""
    wanted = list(pairs)
    return pair_scores(conn, wiring, wanted) if wanted else {}


def named(conn: Connection, wiring: Wiring, ids: Iterable[int]) -> dict[int, str]:
    """CONNECTION:EXTERNAL_ID of each record, with its part in brackets where it is not the main one."""
    return {
        id: f"{wiring.names.get(place.connection_id, '')}:{place.external_id}"
        + (f" ({place.part})" if place.part else "")
        for id, place in records.places(conn, ids).items()
    }


def spelt(conn: Connection, wiring: Wiring, pairs: Iterable[Pair]) -> dict[Pair, dict[str, Any]]:
    """{"a", "b", "points", "verdict", "reasons": [{"feature", "detail", "points"}]} of each pair."""
    wanted = list(pairs)
    names = named(conn, wiring, {id for pair in wanted for id in pair})
    return {
        (a, b): {
            "a": names[a],
            "b": names[b],
            "points": found.points,
            "verdict": found.verdict,
            "reasons": [one._asdict() for one in found.reasons],
        }
        for (a, b), found in scores(conn, wiring, wanted).items()
    }


def reasons(found: Score) -> list[dict[str, Any]]:
    """What each feature said: "feature", "detail", "points", "meaning"."""
    return [{**one._asdict(), "meaning": meaning(one.feature)} for one in found.reasons]
