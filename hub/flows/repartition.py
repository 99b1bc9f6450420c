"""What another partition would change: which customers it would join, which it would take apart; nothing is stored."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from hub.canonical.ids import show
from hub.flows import pairs
from hub.flows.wiring import Wiring
from hub.store.queries import partition


@dataclass(frozen=True, slots=True)
class Change:
    """Customers before and after; moved: the records that would answer to another; joined: groups of customers that
    would be one; parted: customers that would be several, each with its records by the customer they would be."""

    before: int
    after: int
    moved: dict[int, int]
    joined: list[list[int]]
    parted: dict[int, dict[int, list[int]]]

    def __bool__(self) -> bool:
        return bool(self.moved)


def compare(conn: Connection, anchors: Mapping[int, int]) -> Change:
    """The difference between the stored customers and these anchors; a record without one is its own."""
    before, after = set(), set()
    moved: dict[int, int] = {}
    now_of: defaultdict[int, set[int]] = defaultdict(set)
    was_of: defaultdict[int, set[int]] = defaultdict(set)
    for id, customer in partition.customer_of(conn):
        anchor = anchors.get(id, id)
        before.add(customer)
        after.add(anchor)
        now_of[customer].add(anchor)
        was_of[anchor].add(customer)
        if anchor != customer:
            moved[id] = anchor
    apart = {customer for customer, found in now_of.items() if len(found) > 1}
    parted: dict[int, dict[int, list[int]]] = {customer: defaultdict(list) for customer in sorted(apart)}
    if apart:
        for id, customer in partition.customer_of(conn):
            if customer in apart:
                parted[customer][anchors.get(id, id)].append(id)
    joined = sorted(sorted(found) for found in was_of.values() if len(found) > 1)
    return Change(
        len(before),
        len(after),
        moved,
        joined,
        {
            customer: {anchor: sorted(ids) for anchor, ids in found.items()}
            for customer, found in parted.items()
        },
    )


def told(conn: Connection, wiring: Wiring, change: Change, *, examples: int) -> list[dict[str, Any]]:
    """So many examples of each kind: {"change": "joined" | "parted", "customers": [ids], "records": [names]}."""
    found = []
    wanted: list[tuple[str, list[int], list[int]]] = [
        ("joined", customers, customers) for customers in change.joined[:examples]
    ]
    wanted += [
        (
            "parted",
            [customer, *(one for one in groups if one != customer)],
            [ids[0] for ids in groups.values()],
        )
        for customer, groups in list(change.parted.items())[:examples]
    ]
    labels = pairs.named(conn, wiring, {id for _, _, ids in wanted for id in ids})
    for kind, customers, ids in wanted:
        found.append(
            {
                "change": kind,
                "customers": [show("cus", id) for id in customers],
                "records": [labels[id] for id in ids if id in labels],
            }
        )
    return found
