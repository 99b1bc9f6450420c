"""Source records: what is known of the external ids of a page, and the rows of new and changed ones."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, text

from hub.store import bulk
from hub.store.tables import source_record

COLUMNS = (
    "id", "connection_id", "object", "external_id", "part", "digest", "map_id", "first_seen", "read_at", "raw",
)  # fmt: skip


class Known(NamedTuple):
    """What the store holds of one source record, without its raw body."""

    id: int
    part: str
    digest: bytes | None
    map_id: int
    gone: bool


class Place(NamedTuple):
    """Where a record stands: its connection, object, external id, part, and when it was first seen."""

    id: int
    connection_id: int
    object: str
    external_id: str
    part: str
    first_seen: float
    gone: bool


def digests(
    connection: Connection, connection_id: int, object: str, *, external_ids: Iterable[str]
) -> dict[str, list[Known]]:
    """The known records of these external ids (one for each part)."""
    rows = connection.execute(
        text(
            "SELECT external_id, id, part, digest, map_id, gone_at IS NOT NULL FROM source_record "
            "WHERE connection_id = :connection_id AND object = :object "
            f"AND external_id {bulk.among(connection, 'ids')}"
        ),
        {
            "connection_id": connection_id,
            "object": object,
            "ids": bulk.pack(connection, external_ids),
        },
    )
    found: dict[str, list[Known]] = {}
    for external_id, id, part, digest, map_id, gone in rows.all():
        known = Known(id, part, None if digest is None else bytes(digest), map_id, bool(gone))
        if external_id in found:
            found[external_id].append(known)
        else:
            found[external_id] = [known]
    return found


def gone_since(connection: Connection, connection_id: int, object: str, *, since: float) -> list[str]:
    """External ids of the records of a stream that were found gone since then."""
    rows = connection.execute(
        text(
            "SELECT DISTINCT external_id FROM source_record WHERE connection_id = :connection_id "
            "AND object = :object AND gone_at >= :since"
        ),
        {"connection_id": connection_id, "object": object, "since": since},
    )
    return [row[0] for row in rows]


def places(connection: Connection, record_ids: Iterable[int]) -> dict[int, Place]:
    """Where these records stand, by record id."""
    rows = connection.execute(
        text(
            "SELECT id, connection_id, object, external_id, part, first_seen, gone_at IS NOT NULL "
            f"FROM source_record WHERE id {bulk.among(connection, 'ids')}"
        ),
        {"ids": bulk.pack(connection, record_ids)},
    )
    return {row[0]: Place(row[0], row[1], row[2], row[3], row[4], row[5], bool(row[6])) for row in rows.all()}


class Body(NamedTuple):
    """The raw body of a record as it was last taken (JSON text), when it was read and through which map."""

    id: int
    part: str
    map_id: int
    read_at: float
    raw: str


def bodies_of_other_maps(connection: Connection, record_ids: Iterable[int], *, map_id: int) -> list[Body]:
    """The stored bodies of those of these records that were last read through another map."""
    rows = connection.execute(
        text(
            "SELECT id, part, map_id, read_at, raw FROM source_record "
            f"WHERE map_id <> :map_id AND id {bulk.among(connection, 'ids')}"
        ),
        {"map_id": map_id, "ids": bulk.pack(connection, record_ids)},
    )
    return [Body(*row) for row in rows.all()]


def mapped_by(connection: Connection, record_ids: Iterable[int], *, map_id: int) -> None:
    """What is known of these records is by this map now, though their bodies are older."""
    if ids := list(record_ids):
        connection.execute(
            text(f"UPDATE source_record SET map_id = :map_id WHERE id {bulk.among(connection, 'ids')}"),
            {"map_id": map_id, "ids": bulk.pack(connection, ids)},
        )


def insert(connection: Connection, rows: Sequence[Sequence[Any]]) -> None:
    """New source records, in the order of COLUMNS."""
    bulk.insert(connection, source_record, COLUMNS, rows=rows)


def update_read(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Records read again: rows of id, digest, map_id, read_at, raw."""
    if rows:
        connection.execute(
            text(
                "UPDATE source_record SET digest = :digest, map_id = :map_id, read_at = :read_at, raw = :raw, "
                "gone_at = NULL WHERE id = :id"
            ),
            rows,
        )


def forget_digests(connection: Connection, record_ids: Iterable[int]) -> None:
    """The next reading of these counts as new: something other than a taken reading has moved `seen`."""
    ids = list(record_ids)
    if ids:
        connection.execute(
            text(f"UPDATE source_record SET digest = NULL WHERE id {bulk.among(connection, 'ids')}"),
            {"ids": bulk.pack(connection, ids)},
        )
