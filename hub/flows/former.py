"""What a record said before people edited it.

An edit changes a value, not who somebody is: matching goes on reading the identifiers and names that stood there, or a
changed e-mail would part a customer from their other records. Kept with the binding as {path: [values]}, names whole
under "name" as {path: value}; newest last, bounded. Evidence like contributions: only erasure takes it away.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, text

from hub.canonical.paths import NAME_GROUP
from hub.identity.features import identifies
from hub.store import bulk
from hub.store.documents import dump, load

if TYPE_CHECKING:
    from hub.flows.absorb import Evidence

Former = Mapping[str, Sequence[Any]]

NAMES = "name"
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
    """Keep what edits replaced. Returns all that the edited records said before, by record id."""
    edited = [one for one in evidence if one.before is not None and one.edits]
    known = dict(of(conn, [one.record_id for one in edited])) if edited else {}
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
    """`former` and what the edits of this evidence replaced."""
    assert one.before is not None
    kept = {path: list(values) for path, values in former.items()}
    said = {path: found.value for path, found in one.before.contribution.items() if found.value is not None}
    paths = {edit.path for edit in one.edits}
    for path in paths:
        if path in said and identifies(path):
            _add(kept, path, said[path])
    if not paths.isdisjoint(NAME_GROUP):
        name = {path: value for path, value in said.items() if path in NAME_GROUP}
        if name:
            _add(kept, NAMES, name)
    return kept


def _add(kept: dict[str, list[Any]], path: str, value: Any) -> None:
    values = [one for one in kept.get(path, ()) if one != value]
    kept[path] = [*values, value][-KEPT:]
