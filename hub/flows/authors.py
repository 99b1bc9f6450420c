"""Whose an interaction is: the customer record it names, or one of its own for an author nobody knows (DESIGN §5).

An author's record says what a profile says, and what its owner wrote to us of himself. A profile's name is no name that
others may lose to: it counts as the oldest thing said, and stays as first seen; what it is now stands under `custom`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from sqlalchemy import Connection, text

from hub.canonical.derived import AUTHOR
from hub.flows.absorb import Origin
from hub.flows.derived import Person, introduce
from hub.flows.wiring import Wiring
from hub.store import bulk
from hub.store.documents import load
from hub.store.queries import records

INBOUND, OUTBOUND = "inbound", "outbound"
_OLDEST = 0.0  # epoch seconds: a first sight that loses to any other


class Said(NamedTuple):
    """An interaction as far as it tells whose it is. key: the caller's; external_id: of the interaction."""

    key: int
    external_id: str
    values: Mapping[str, Any]
    occurred_at: float


class Whose(NamedTuple):
    """The external id of the person in the connection, and their customer record; None: has not come yet."""

    ref: str | None
    record_id: int | None


def direction_of(values: Mapping[str, Any]) -> str:
    """inbound, outbound or unknown."""
    return str(values.get("direction") or "unknown")


def whose(
    conn: Connection,
    wiring: Wiring,
    stream: Origin,
    *,
    said: Iterable[Said],
    map_id: int,
    read_at: float,
    now: float,
    lane: str,
) -> dict[int, Whose]:
    """The person of each interaction of a connection, by key; authors without a record get one.

    The caller holds the matching lock and commits.
    """
    listed = list(said)
    named = {one.key: _text(one.values.get("customer_record")) for one in listed}
    authors = {one.key: _author(one.values) for one in listed}
    exact, derived = known(conn, stream.connection_id, {*named.values(), *authors.values()} - {None})
    people: dict[str, list[Said]] = {}
    for one in listed:
        author = authors[one.key]
        if author is not None and author not in exact and named[one.key] not in exact:
            people.setdefault(author, []).append(one)
    if people:
        derived |= _introduced(
            conn, wiring, stream, people=people, map_id=map_id, read_at=read_at, now=now, lane=lane
        )
    found = {}
    for one in listed:
        refs = [ref for ref in (named[one.key], authors[one.key]) if ref is not None]
        ids = [id for ref in refs if (id := exact.get(ref) or derived.get(ref)) is not None]
        found[one.key] = Whose(refs[0] if refs else None, ids[0] if ids else None)
    return found


def known(
    conn: Connection, connection_id: int, refs: Iterable[str | None]
) -> tuple[dict[str, int], dict[str, int]]:
    """The customer records of a connection that these persons have: by their own id there; as authors."""
    wanted = [ref for ref in refs if ref is not None]
    found = records.digests(
        conn, connection_id, "customer", external_ids=[*wanted, *(f"{AUTHOR}{ref}" for ref in wanted)]
    )
    main = {id: part.id for id, parts in found.items() for part in parts if part.part == ""}
    return (
        {ref: main[ref] for ref in wanted if ref in main},
        {ref: main[f"{AUTHOR}{ref}"] for ref in wanted if f"{AUTHOR}{ref}" in main},
    )


def _author(values: Mapping[str, Any]) -> str | None:
    """The author as a person of theirs; None for what we said ourselves."""
    return None if direction_of(values) == OUTBOUND else _text(values.get("author_record"))


def _text(value: Any) -> str | None:
    return str(value) if value else None


def _introduced(
    conn: Connection,
    wiring: Wiring,
    stream: Origin,
    *,
    people: Mapping[str, list[Said]],
    map_id: int,
    read_at: float,
    now: float,
    lane: str,
) -> dict[str, int]:
    """The record id of each author, by their id there; what they said before stays."""
    before = _said_before(conn, stream.connection_id, [f"{AUTHOR}{ref}" for ref in people])
    persons = []
    for ref, many in people.items():
        values = dict(before.get(f"{AUTHOR}{ref}", {}))
        for one in sorted(many, key=lambda one: one.occurred_at):
            told = _told(one)
            kept = {"display_name"} & values.keys()
            values |= {path: value for path, value in told.items() if path not in kept}
        persons.append(Person(f"{AUTHOR}{ref}", values, _OLDEST))
    made = introduce(conn, wiring, stream, people=persons, map_id=map_id, read_at=read_at, now=now, lane=lane)
    return {ref: made[f"{AUTHOR}{ref}"] for ref in people}


def _told(one: Said) -> dict[str, Any]:
    """What an interaction tells of its author, as values of a customer."""
    values = one.values
    network = str(values.get("author.network") or values.get("channel") or "other")
    social = f"social[{network}]"
    name = values.get("author.display_name")
    written = {path: values.get(f"author.{path}") for path in ("email", "phone")}
    found = {
        social: values.get("author"),
        f"{social}.platform_user_id": values.get("author.platform_user_id"),
        f"{social}.profile_url": values.get("author.profile_url"),
        "display_name": name,
        f"custom.{network}.name": name,
        "web[other]": values.get("author.website"),
        "external_ref[domain]": values.get("author.domain"),
        f"external_ref[{network}]": values.get("author.global_id"),
        # of their own mouth, so evidence of who they are; in a slot that displaces nobody's main address
        "email[other]": written["email"],
        "phone[other]": written["phone"],
        f"custom.{network}.written_in": one.external_id if any(written.values()) else None,
    }
    return {path: value for path, value in found.items() if value is not None}


def _said_before(conn: Connection, connection_id: int, ids: Iterable[str]) -> dict[str, dict[str, Any]]:
    rows = conn.execute(
        text(
            "SELECT external_id, raw FROM source_record WHERE connection_id = :connection AND object = 'customer' "
            f"AND external_id {bulk.among(conn, 'ids')}"
        ),
        {"connection": connection_id, "ids": bulk.pack(conn, ids)},
    )
    return {row[0]: load(row[1]) for row in rows}
