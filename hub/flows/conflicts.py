"""Where values met: holds, which wait for a person; entries, which tell what was overruled; the person's choice.

A choice holds until a system says something else of the field; remembered, it is a pin (sync.md, "Choosing the value").
"""

from __future__ import annotations

from typing import Any, NamedTuple

from sqlalchemy import Connection, text

from hub.canonical.ids import show
from hub.canonical.paths import group
from hub.errors import NotFound, WrongUse
from hub.flows import goldens, steward
from hub.flows.effect import Effect
from hub.flows.goldens import Sighting
from hub.flows.wiring import Wiring
from hub.store.documents import load
from hub.store.golden_row import decode_doc
from hub.store.queries import customers, glance
from hub.store.session import Database


class Said(NamedTuple):
    """What one record says of a field. record: CONNECTION:EXTERNAL_ID. kind: first_sight | edit. Times in epoch
    seconds."""

    record: str
    value: Any
    kind: str
    said_at: float | None
    seen_at: float
    live: bool


class Held(NamedTuple):
    """A field kept as it was until a person decides. value: what golden keeps; said: what the records say."""

    customer_id: int
    path: str
    value: Any
    since: float
    said: list[Said]


def holds(db: Database, wiring: Wiring, *, limit: int) -> list[Held]:
    """Open holds, the oldest first."""
    with db.read() as conn:
        rows = conn.execute(
            text(
                "SELECT i.customer_id, h.path, h.value, h.at FROM hold h "
                "JOIN identity i ON i.record_id = h.customer_id "
                "WHERE h.decided_at IS NULL ORDER BY h.at, h.id LIMIT :limit"
            ),
            {"limit": limit},
        ).all()
        members = goldens.members_of(conn, {row.customer_id for row in rows})
        sightings = goldens.gather(conn, members, known={})
    return [
        Held(
            row.customer_id,
            row.path,
            load(row.value),
            row.at,
            _said(wiring, sightings[row.customer_id], row.path),
        )
        for row in rows
    ]


def entries(
    conn: Connection, *, limit: int, before: int | None = None, customer: int | None = None
) -> list[glance.Note]:
    """The notes left where two values met, newest first."""
    return glance.notes(conn, limit=limit, before=before, customer_id=customer)


def entry(conn: Connection, id: int) -> glance.Note:
    """One note. Raises NotFound."""
    found = glance.notes(conn, limit=1, before=id + 1)
    if not found or found[0].id != id:
        raise NotFound(f"There is no entry {id}.", fix="See: hub conflict list")
    return found[0]


def choose(
    db: Database,
    wiring: Wiring,
    customer: int,
    *,
    path: str,
    of: str | None,
    by: str,
    remember: bool = False,
    reason: str | None = None,
) -> Effect:
    """Take what one record says of a field and all that belongs together with it; `of` None: keep what golden has.

    of: CONNECTION:EXTERNAL_ID. remember: pin it, whatever is said later. Raises NotFound for an unknown customer,
    WrongUse where that record says nothing of it.
    """
    with db.read() as conn:
        id = steward.current(conn, customer)
        sightings = goldens.gather(conn, goldens.members_of(conn, [id]), known={})[id]
        golden, _ = decode_doc(customers.load_many(conn, [id])[id].doc)
    if of is None:
        values = {one: value for one, value in golden.items() if group(one) == group(path)}
        values.setdefault(path, golden.get(path))
    else:
        values = _of(wiring, sightings, path, of)
    return steward.set_pins(db, wiring, id, values=values, by=by, once=not remember, reason=reason)


def choose_entry(
    db: Database, wiring: Wiring, id: int, *, theirs: bool, by: str, remember: bool = False
) -> Effect:
    """Decide an entry: the value the system said then (`theirs`), or the one it was overruled by. Raises NotFound."""
    with db.read() as conn:
        found = entry(conn, id)
    value = found.detail.get("theirs" if theirs else "ours")
    values = {found.path: value}
    return steward.set_pins(
        db, wiring, found.customer_id, values=values, by=by, once=not remember, reason=f"entry {id}"
    )


def _of(wiring: Wiring, sightings: list[Sighting], path: str, of: str) -> dict[str, Any]:
    for one in sightings:
        if f"{wiring.names.get(one.connection_id, '')}:{one.external_id}" == of:
            mine = {
                name: found.value
                for name, found in one.binding.contribution.items()
                if group(name) == group(path)
            }
            if path in mine:
                return mine
            raise WrongUse(f"{of} says nothing of {path}.", fix="See: hub conflict holds")
    owner = show("cus", sightings[0].record_id) if sightings else "nobody"
    raise WrongUse(f"{of} is no record of this customer ({owner}).", fix="See: hub customer show")


def _said(wiring: Wiring, sightings: list[Sighting], path: str) -> list[Said]:
    return [
        Said(
            f"{wiring.names.get(one.connection_id, '')}:{one.external_id}",
            found.value,
            found.kind,
            found.source_at,
            found.seen_at,
            found.live,
        )
        for one in sightings
        if (found := one.binding.contribution.get(path)) is not None
    ]
