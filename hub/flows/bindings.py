"""Bindings between their row (`store.binding_row`) and the pure state of `hub.sync`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, text

from hub.store import bulk
from hub.store.binding_row import COLUMNS, encode_contributions, encode_sent, known, optional
from hub.store.documents import dump, load
from hub.store.tables import binding as table
from hub.sync.binding import Binding, Echo, Suspect

_SELECT = f"SELECT {', '.join('b.' + name for name in COLUMNS)} FROM binding b"


def to_row(record_id: int, state: Binding) -> tuple[Any, ...]:
    """The row of a binding, in the order of COLUMNS. The digest lives with the source record."""
    return (
        record_id,
        dump(state.seen),
        encode_sent(state.sent, state.contribution, state.seen),
        encode_contributions(state.contribution, state.seen),
        state.version,
        state.created_for,
        state.settled_at,
        None if state.intent is None else dump(state.intent),
        state.doubt or None,
        state.call_ends_at or None,
        optional(state.suspects),
        optional(state.echoes),
        optional(state.before),
        state.lease_until or None,
        state.fence or None,
        state.reread or None,
        state.gone or None,
        state.refused or None,
    )


def from_row(row: Sequence[Any]) -> Binding:
    """The binding of a row in the order of COLUMNS."""
    seen, contribution, sent = known(row)
    return Binding(
        seen=seen,
        sent=sent,
        contribution=contribution,
        version=row[4],
        created_for=row[5],
        settled_at=row[6],
        intent=load(row[7]),
        doubt=bool(row[8]),
        call_ends_at=row[9] or 0.0,
        suspects={p: tuple(Suspect(*one) for one in many) for p, many in (load(row[10]) or {}).items()},
        echoes={p: tuple(Echo(*one) for one in many) for p, many in (load(row[11]) or {}).items()},
        before=load(row[12]) or {},
        lease_until=row[13] or 0.0,
        fence=row[14] or 0,
        reread=bool(row[15]),
        gone=bool(row[16]),
        refused=bool(row[17]),
    )


def load_bindings(connection: Connection, record_ids: Iterable[int]) -> dict[int, Binding]:
    """The bindings of these records, by record id."""
    rows = connection.execute(
        text(f"{_SELECT} WHERE b.record_id {bulk.among(connection, 'ids')}"),
        {"ids": bulk.pack(connection, record_ids)},
    )
    return {row[0]: from_row(row) for row in rows.all()}


def save_bindings(connection: Connection, states: Iterable[tuple[int, Binding]]) -> None:
    """Write these bindings whole, over the rows that exist."""
    bulk.upsert(connection, table, COLUMNS, rows=[to_row(record_id, state) for record_id, state in states])
