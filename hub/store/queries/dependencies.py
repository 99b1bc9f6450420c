"""What waits for another record first: an order for its customer in the same system (DESIGN §6)."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, text

from hub.store import bulk

DEPENDS = "depends"  # the code of a create that waits


def awaited(connection: Connection, record_ids: Iterable[int]) -> list[tuple[int, int]]:
    """(customer's record, connection) of the orders of these records that are still to be made in a connection."""
    rows = connection.execute(
        text(
            "SELECT DISTINCT o.customer_record_id, c.connection_id FROM creation c "
            "JOIN order_document o ON o.id = c.customer_id "
            f"WHERE c.object = 'order' AND c.state <> 'done' AND o.customer_record_id {bulk.among(connection, 'ids')}"
        ),
        {"ids": bulk.pack(connection, record_ids)},
    )
    return [(row[0], row[1]) for row in rows]


def wake(connection: Connection, connection_ids: Iterable[int], *, now: float) -> None:
    """What waits in these connections for another record there is looked at again."""
    connection.execute(
        text(
            "UPDATE creation SET next_at = :now WHERE state = 'waiting' AND code = 'depends' "
            f"AND connection_id {bulk.among(connection, 'ids')}"
        ),
        {"now": now, "ids": bulk.pack(connection, connection_ids)},
    )
