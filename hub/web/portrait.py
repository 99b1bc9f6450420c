"""One customer as its page shows it: every value with where it comes from and what lost, the records, the history."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

import orjson
from sqlalchemy import Connection

from hub.canonical.ids import show
from hub.flows import goldens
from hub.flows.explain import Explanation
from hub.store.queries import glance, interactions, numbers, readers
from hub.store.queries.interactions import InteractionRow
from hub.web import evidence, fields, said
from hub.web.evidence import Weight
from hub.web.say import gettext

_HISTORY = 60
_ORDERS = 20
_INTERACTIONS = 40
_PARTS_OF_NAME = ("full_name", "family_name", "given_name", "middle_name", "display_name")


class Other(NamedTuple):
    """A value that lost. why: in words."""

    value: Any
    connection: str
    at: float
    why: str


class Value(NamedTuple):
    """A golden value. connection: None where a person fixed it. record: as that system names it. at: since when it is
    said there; sort: edit | first_sight. agree: further records that say the same."""

    path: str
    label: str
    value: Any
    connection: str | None
    record: str | None
    at: float | None
    sort: str | None
    rule: str
    agree: int
    others: list[Other]


class Tie(NamedTuple):
    """Why two records are one customer, or that a person said they are not. note: what the person said of it."""

    a: tuple[str, str]
    b: tuple[str, str]
    same: bool
    words: str
    points: int | None
    by: str
    reasons: list[Weight]
    note: str


class Event(NamedTuple):
    """A line of the history. kind: an icon. connection: whose doing, or None. address: an order of ours; link: where
    it stands outside."""

    at: float
    kind: str
    sentence: str
    connection: str | None
    detail: str | None = None
    address: str | None = None
    link: str | None = None


def values(conn: Connection, told: Explanation) -> list[Value]:
    """The golden values, the parts of an address in one row."""
    said = goldens.gather(conn, goldens.members_of(conn, [told.customer_id]), known={}).get(
        told.customer_id, []
    )
    records = {one.record_id: one for one in said}
    rows: dict[str, list[Any]] = {}
    for line in told.lines:
        if line.value is not None:
            rows.setdefault(fields.row_of(line.path), []).append(line)
    found = [_value(path, lines, records) for path, lines in rows.items()]
    derived = [one for one in found if one.path in _PARTS_OF_NAME and rows[one.path][0].why.derived]
    if derived:
        found = [one for one in found if one not in derived]
        told_parts = gettext(", ").join(
            f"{one.label} {one.value}" for one in derived if one.path != "full_name"
        )
        head = derived[0]._replace(path="full_name", label=gettext("Parts of the name"), others=[], agree=0)
        if told_parts:
            found.append(head._replace(value=told_parts))
    return sorted(found, key=lambda one: fields.place(one.path))


def _value(path: str, lines: list[Any], records: Mapping[int, Any]) -> Value:
    head = lines[0]
    why = head.why
    record = records.get(why.record_id)
    said = record.binding.contribution.get(head.path) if record is not None else None
    rule = "derived" if why.derived else why.rule
    words = (
        gettext("fixed by %(who)s", who=why.pinned_by) if why.pinned_by else str(fields.RULES.get(rule, rule))
    )
    value = _whole({line.path: line.value for line in lines})
    others = _others(path, lines, value)
    return Value(
        path,
        fields.label(path),
        value,
        head.connection,
        record.external_id if record is not None else None,
        None if said is None else said.source_at or said.seen_at,
        None if said is None else said.kind,
        words,
        sum(1 for one in others if one.value == value),
        [one for one in others if one.value != value],
    )


def _others(path: str, lines: list[Any], value: Any) -> list[Other]:
    by_record: dict[int, dict[str, Any]] = {}
    first: dict[int, Any] = {}
    for line in lines:
        for one in line.others:
            by_record.setdefault(one.record_id, {})[line.path] = one.value
            first.setdefault(one.record_id, one)
    return [
        Other(_whole(parts), one.connection, one.at, str(fields.LOST.get(one.lost_by, one.lost_by)))
        for id, parts in by_record.items()
        if (one := first[id])
    ]


def _whole(parts: Mapping[str, Any]) -> Any:
    """A row's value: an address of its parts, or the one value."""
    if any(path.startswith("address") for path in parts):
        return fields.address({path.rpartition(".")[2]: value for path, value in parts.items() if value})
    return next(iter(parts.values()))


def ties(told: Explanation, *, auto: int) -> list[Tie]:
    """Why the records belong together, the strongest first; decisions of persons before all.

    auto: points from which the machine joins.
    """
    reasons = {(pair["a"], pair["b"]): evidence.weights(pair["reasons"]) for pair in told.pairs}
    found = []
    for one in told.ties:
        a, b = (
            tuple(one[side].split(":", 1)) if ":" in one[side] else ("", one[side]) for side in ("a", "b")
        )
        by_machine = one["points"] is not None
        found.append(
            Tie(
                (a[0], a[1]),
                (b[0], b[1]),
                one["verdict"] == "same",
                evidence.strength(one["points"], auto),
                one["points"],
                "" if by_machine else one["by"],
                reasons.get((one["a"], one["b"]), []) if by_machine else [],
                "" if by_machine else next(iter(one["reasons"]), ""),
            )
        )
    return sorted(found, key=lambda one: (one.points is not None, -(one.points or 0)))


def orders(conn: Connection, customer_id: int) -> list[tuple[Any, dict[str, Any]]]:
    """(row, document) of the latest orders by the day they were placed."""
    rows = readers.orders_of(conn, customer_id, before=readers.ALL, limit=_ORDERS)
    found = [(row, orjson.loads(row.doc)) for row in rows]
    return sorted(found, key=lambda one: one[1].get("placed_at") or "", reverse=True)


def history(conn: Connection, told: Explanation, listed: list[tuple[Any, dict[str, Any]]]) -> list[Event]:
    """Orders, interactions, changes, writes and notes, newest first."""
    found = [_ordered(row, doc) for row, doc in listed if doc.get("placed_at")]
    talk = interactions.of_customer(conn, told.customer_id, limit=_INTERACTIONS)
    found += [_said(row) for row in talk]
    # what the feed says of a customer for an interaction's sake is no change of the golden record
    theirs = {numbers.minted_ms(one.id) for one in talk} | {int(one.updated_at * 1000) for one in talk}
    for one in told.records:
        sentence = gettext("%(record)s was first seen", record=one["external_id"])
        found.append(Event(_seconds(one["first_seen"]), "seen", sentence, one["connection"]))
    for line in glance.happened_to(conn, told.customer_id, limit=_HISTORY):
        if line.kind != "CHANGED" or int(line.at * 1000) not in theirs:
            found.append(Event(line.at, line.kind.lower(), _happened(line), None))
    ids = [one["record_id"] for one in told.records]
    for write in glance.writes_to(conn, ids, limit=_HISTORY):
        found.append(_wrote(write))
    for note in glance.notes(conn, limit=_HISTORY, customer_id=told.customer_id):
        sentence = gettext("An edit of %(field)s met another value", field=fields.label(note.path))
        detail = f"{note.detail.get('theirs')} → {note.detail.get('ours')}"
        found.append(Event(note.at, "conflict", sentence, note.connection, detail))
    return sorted(found, key=lambda one: -one.at)[:_HISTORY]


def _ordered(row: Any, doc: dict[str, Any]) -> Event:
    sentence = gettext("Order %(number)s", number=doc.get("number") or row.external_id)
    return Event(_seconds(doc["placed_at"]), "order", sentence, row.connection, None, show("ord", row.id))


def _said(row: InteractionRow) -> Event:
    doc = orjson.loads(row.doc)
    kind = "written" if row.direction == "outbound" else "said"
    sentence, words = said.sentence(row, doc), said.words(row, doc)
    return Event(row.occurred_at, kind, sentence, row.connection, words, None, said.link(doc))


def _happened(line: glance.Happened) -> str:
    other = show("cus", line.other_id) if line.other_id is not None else ""
    return {
        "ADDED": gettext("The customer was made"),
        "CHANGED": gettext("The golden record changed"),
        "MERGED": gettext("Merged into %(other)s", other=other),
        "UNMERGED": gettext("Taken apart from %(other)s", other=other),
    }.get(line.kind, line.kind)


def _wrote(write: glance.Written) -> Event:
    if write.outcome != "done":
        sentence = gettext("%(record)s could not be written", record=write.external_id or "")
    elif write.kind == "create":
        sentence = gettext("%(record)s was created", record=write.external_id or "")
    else:
        sentence = gettext("%(record)s was brought up to date", record=write.external_id or "")
    labels = [fields.label(path) for path in dict.fromkeys(fields.row_of(path) for path in write.paths)]
    return Event(write.at, "written", sentence, write.connection, write.cause or gettext(", ").join(labels))


def _seconds(text: str) -> float:
    try:
        return datetime.fromisoformat(text).timestamp()
    except ValueError:
        return 0.0
