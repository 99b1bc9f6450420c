"""What a record said before people edited it, and a birth date in it that nobody can read.

An edit changes a value, not who somebody is: matching goes on reading the identifiers and names that stood there, or a
changed e-mail would part a customer from their other records. Kept with the binding as {path: [values]}, names whole
under "name" as {path: value}; newest last, bounded. Evidence like contributions: only erasure takes it away.

A birth date like 19182115 is no value of any field, yet two records that say it are one person's: its text stands
under "birth_date" until people write something else there. It is kept apart from `seen`, so that what we write over
it parts nobody.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, text

from hub.canonical.paths import NAME_GROUP
from hub.identity.contacts import birth_text
from hub.identity.features import identifies
from hub.store import bulk
from hub.store.documents import dump, load
from hub.sync.binding import MISSING

if TYPE_CHECKING:
    from hub.flows.absorb import Evidence

Former = Mapping[str, Sequence[Any]]

NAMES = "name"
BORN = "birth_date"
KEPT = 5  # values of one field; an older one identifies nobody any more


def of(conn: Connection, record_ids: Iterable[int]) -> dict[int, Former]:
    """What these records said before, by record id; most said nothing else."""
    rows = conn.execute(
        text(
            "SELECT record_id, former FROM binding "
            f"WHERE former IS NOT NULL AND record_id {bulk.among(conn, 'ids')}"
        ),
        {"ids": bulk.pack(conn, record_ids)},
    )
    return {row[0]: load(row[1]) for row in rows.all()}


def remember(conn: Connection, evidence: Iterable[Evidence]) -> dict[int, Former]:
    """Keep what edits replaced, and birth dates that nobody can read. Returns all that these records said before, by
    record id."""
    edited = [one for one in evidence if (one.before is not None and one.edits) or unreadable(one)]
    old = [one.record_id for one in edited if one.before is not None]
    known = dict(of(conn, old)) if old else {}
    changed = []
    for one in edited:
        kept = with_replaced(known.get(one.record_id, {}), one)
        if kept != known.get(one.record_id, {}):
            known[one.record_id] = kept
            changed.append({"id": one.record_id, "former": dump(kept)})
    if changed:
        conn.execute(text("UPDATE binding SET former = :former WHERE record_id = :id"), changed)
    return known


def with_replaced(former: Former, one: Evidence) -> Former:
    """`former` and what the edits of this evidence replaced, and the birth date in it that cannot be read."""
    kept = {path: list(values) for path, values in former.items()}
    before = one.before.contribution if one.before is not None else {}
    said = {path: found.value for path, found in before.items() if found.value is not None}
    paths = {edit.path for edit in one.edits}
    if text := unreadable(one):
        kept[BORN] = [text]
    elif BORN in paths:
        kept.pop(BORN, None)
    for path in paths:
        if path in said and identifies(path):
            _add(kept, path, said[path])
    if not paths.isdisjoint(NAME_GROUP):
        name = {path: value for path, value in said.items() if path in NAME_GROUP}
        if name:
            _add(kept, NAMES, name)
    return kept


def unreadable(one: Evidence) -> str:
    """The birth date people wrote in a record where it cannot be read as a date; "" if there is none.

    Ours is none: nothing we brought stands there. Nor is what the connection only takes from us.
    """
    after = one.after
    raw = after.seen.get(BORN)
    if not raw or after.sent.get(BORN, MISSING) is not None or after.created_for is not None:
        return ""
    said = after.contribution.get(BORN)
    if said is not None and said.value is not None:
        return ""
    policies = getattr(one.stream, "policies", {})
    if one.part in policies and BORN in policies[one.part].outward:
        return ""
    return birth_text(raw)


def _add(kept: dict[str, list[Any]], path: str, value: Any) -> None:
    values = [one for one in kept.get(path, ()) if one != value]
    kept[path] = [*values, value][-KEPT:]
