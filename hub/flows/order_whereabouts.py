"""In which systems an order stands, and where it is still to be made, with what it waits for."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, text


def whereabouts(conn: Connection, id: int) -> list[dict[str, Any]]:
    """The records of an order, its origin first, then what is still to be made: {"connection", "external_id",
    "role": origin | counterpart | wanted, "gone", "state", "cause"}.

    state: of the write that is owed there (waiting | claimed | held | dead), None if nothing is.
    """
    rows = conn.execute(
        text(
            "SELECT o.id = o.origin_id AS is_origin, c.name, o.external_id, s.gone_at, d.state, d.cause "
            "FROM order_document o JOIN connection c ON c.id = o.connection_id "
            "JOIN source_record s ON s.id = o.id "
            "LEFT JOIN delivery d ON d.record_id = o.id AND d.state <> 'done' "
            "WHERE o.origin_id = :id ORDER BY o.id <> o.origin_id, o.id"
        ),
        {"id": id},
    )
    found = [
        _place("origin" if row.is_origin else "counterpart", row, row.external_id, row.gone_at is not None)
        for row in rows
    ]
    wanted = conn.execute(
        text(
            "SELECT c.name, n.state, n.cause FROM creation n JOIN connection c ON c.id = n.connection_id "
            "WHERE n.object = 'order' AND n.customer_id = :id AND n.state <> 'done' ORDER BY c.name"
        ),
        {"id": id},
    )
    return found + [_place("wanted", row, None, False) for row in wanted]


def _place(role: str, row: Any, external_id: str | None, gone: bool) -> dict[str, Any]:
    return {
        "connection": row.name,
        "external_id": external_id,
        "role": role,
        "gone": gone,
        "state": row.state,
        "cause": row.cause,
    }
