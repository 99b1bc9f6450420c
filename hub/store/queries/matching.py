"""Keys, pairs and clusters, a page at a time (DESIGN §8: one or two set-based queries, never one per record)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, cast

from sqlalchemy import Connection, text

from hub.store import bulk
from hub.store.tables import common_key, edge, identity, match_key


class Standing(NamedTuple):
    """A record in the clusters: its component, the customer it answers to, its features as JSON text, and the home
    id it
    was created for, if we made it."""

    record_id: int
    component: int
    customer_id: int
    features: str
    tied_to: int | None = None


def holders(connection: Connection, hashes: Iterable[int]) -> list[tuple[int, int]]:
    """(hash, record id) of every record that holds one of these keys."""
    rows = connection.execute(
        text(f"SELECT hash, record_id FROM match_key WHERE hash {bulk.among(connection, 'hashes')}"),
        {"hashes": bulk.pack(connection, hashes)},
    )
    return cast("list[tuple[int, int]]", rows.all())


def common(connection: Connection, hashes: Iterable[int]) -> set[int]:
    """Those of these keys that too many records hold."""
    rows = connection.execute(
        text(f"SELECT hash FROM common_key WHERE hash {bulk.among(connection, 'hashes')}"),
        {"hashes": bulk.pack(connection, hashes)},
    )
    return {row[0] for row in rows}


def key_counts(connection: Connection, hashes: Iterable[int]) -> dict[int, int]:
    """How many records hold each of these keys."""
    rows = connection.execute(
        text(
            f"SELECT hash, COUNT(*) FROM match_key WHERE hash {bulk.among(connection, 'hashes')} GROUP BY hash"
        ),
        {"hashes": bulk.pack(connection, hashes)},
    )
    return {row[0]: row[1] for row in rows}


def put_common(connection: Connection, hashes: Iterable[int]) -> None:
    """Note keys that too many records hold."""
    bulk.insert_missing(connection, common_key, ("hash",), rows=[(hash,) for hash in sorted(hashes)])


def drop_common(connection: Connection, hashes: Iterable[int]) -> None:
    bulk.delete(connection, common_key, ("hash",), rows=[(hash,) for hash in hashes])


def standings(connection: Connection, record_ids: Iterable[int]) -> dict[int, Standing]:
    """The standing of these records, by record id."""
    return _standings(connection, "record_id", record_ids)


def features(connection: Connection, record_ids: Iterable[int]) -> dict[int, str]:
    """The features of these records as JSON text, by record id."""
    rows = connection.execute(
        text(f"SELECT record_id, features FROM identity WHERE record_id {bulk.among(connection, 'ids')}"),
        {"ids": bulk.pack(connection, record_ids)},
    )
    return {row[0]: row[1] for row in rows.all()}


def components(connection: Connection, record_ids: Iterable[int]) -> set[int]:
    """The components these records are in."""
    rows = connection.execute(
        text(f"SELECT component FROM identity WHERE record_id {bulk.among(connection, 'ids')}"),
        {"ids": bulk.pack(connection, record_ids)},
    )
    return {row[0] for row in rows}


def members(connection: Connection, components: Iterable[int]) -> dict[int, Standing]:
    """The standing of every record in these components, by record id."""
    return _standings(connection, "component", components)


def members_of(connection: Connection, customer_ids: Iterable[int]) -> dict[int, list[int]]:
    """The record ids of these customers."""
    rows = connection.execute(
        text(
            "SELECT customer_id, record_id FROM identity "
            f"WHERE customer_id {bulk.among(connection, 'ids')} ORDER BY record_id"
        ),
        {"ids": bulk.pack(connection, customer_ids)},
    )
    found: dict[int, list[int]] = {}
    for customer_id, record_id in rows.all():
        found.setdefault(customer_id, []).append(record_id)
    return found


def edges_among(connection: Connection, record_ids: Sequence[int]) -> list[tuple[int, int, int]]:
    """The pairs whose first record is one of these; those that join never leave a component."""
    rows = connection.execute(
        text(f"SELECT a, b, points FROM edge WHERE a {bulk.among(connection, 'ids')}"),
        {"ids": bulk.pack(connection, record_ids)},
    )
    return [(row[0], row[1], row[2]) for row in rows.all()]


def edges_between(connection: Connection, record_ids: Iterable[int]) -> list[tuple[int, int, int]]:
    """The pairs of which both records are among these."""
    among = frozenset(record_ids)
    rows = connection.execute(
        text(f"SELECT a, b, points FROM edge WHERE a {bulk.among(connection, 'ids')}"),
        {"ids": bulk.pack(connection, among)},
    )
    return [(row[0], row[1], row[2]) for row in rows.all() if row[1] in among]


def drop_pairs(connection: Connection, pairs: Sequence[tuple[int, int]]) -> None:
    """Forget these pairs (a < b)."""
    bulk.delete(connection, edge, ("a", "b"), rows=pairs)


def decisions_on(connection: Connection, record_ids: Sequence[int]) -> list[Any]:
    """Decisions in force that touch one of these records: rows of id, a, b, verdict, at."""
    ids = bulk.among(connection, "ids")
    return list(
        connection.execute(
            text(
                "SELECT id, a, b, verdict, at FROM decision "
                f"WHERE superseded_at IS NULL AND (a {ids} OR b {ids}) ORDER BY id"
            ),
            {"ids": bulk.pack(connection, record_ids)},
        )
    )


def put_standings(connection: Connection, rows: Sequence[Standing], *, fresh: bool) -> None:
    """Write standings; `fresh`: of records that have none yet."""
    write = bulk.insert if fresh else bulk.upsert
    write(connection, identity, Standing._fields, rows=rows)


def put_keys(connection: Connection, rows: Sequence[tuple[int, int]]) -> None:
    """Add (hash, record id) rows, sorted, so that the index is touched in order."""
    bulk.insert_missing(connection, match_key, ("hash", "record_id"), rows=sorted(rows))


def drop_keys(connection: Connection, rows: Sequence[tuple[int, int]]) -> None:
    bulk.delete(connection, match_key, ("hash", "record_id"), rows=rows)


def put_edges(connection: Connection, rows: Sequence[tuple[int, int, int]]) -> None:
    """Add or rescore pairs (a < b, points)."""
    bulk.upsert(connection, edge, ("a", "b", "points"), rows=rows)


def tie(connection: Connection, record_id: int, *, to: int) -> None:
    """A record belongs to another from now on, unless a person parts them."""
    connection.execute(
        text("UPDATE identity SET tied_to = :to WHERE record_id = :id"), {"to": to, "id": record_id}
    )


def drop_edges(connection: Connection, record_ids: Sequence[int]) -> None:
    """Forget every pair of these records; they are scored anew."""
    if record_ids:
        ids = bulk.among(connection, "ids")
        connection.execute(
            text(f"DELETE FROM edge WHERE a {ids} OR b {ids}"), {"ids": bulk.pack(connection, record_ids)}
        )


def _standings(connection: Connection, column: str, values: Iterable[int]) -> dict[int, Standing]:
    rows = connection.execute(
        text(
            "SELECT record_id, component, customer_id, features, tied_to FROM identity "
            f"WHERE {column} {bulk.among(connection, 'ids')}"
        ),
        {"ids": bulk.pack(connection, values)},
    )
    return {row[0]: Standing(*row) for row in rows.all()}
