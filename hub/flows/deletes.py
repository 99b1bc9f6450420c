"""Records that are gone: their deliveries stop, their contributions are retired, their place and ids stay (sync.md)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from sqlalchemy import Connection, text

from hub.errors import NeedsSteward
from hub.flows import derived, owing
from hub.flows.absorb import Evidence
from hub.flows.bindings import load_bindings
from hub.flows.kinds import has_kind, kind_of
from hub.flows.wiring import Stream, Wiring
from hub.store import bulk
from hub.store.queries import records
from hub.store.session import Database
from hub.sync.reading import gone

GUARD_RECORDS, GUARD_SHARE = 5, 0.10  # more than both in one go is held until an admin confirms


PAGE = 5_000

_LIVE = (
    "connection_id = :connection_id AND object = :object AND gone_at IS NULL AND (object <> 'customer' "
    "OR external_id NOT LIKE 'order:%' AND external_id NOT LIKE 'author:%')"  # guests and authors
)


class Bound:
    """External ids of the live records of a stream, sorted; read a page at a time, and only if somebody asks."""

    def __init__(self, db: Database, stream: Stream) -> None:
        self._db = db
        self._stream = stream

    def __iter__(self) -> Iterator[str]:
        after: str | None = None
        while page := self._page(after):
            yield from page  # outside the transaction: whoever iterates may call the remote
            after = page[-1]

    def batches(self, size: int) -> Iterator[list[str]]:
        """The same, so many at a time."""
        ids = iter(self)
        while batch := list(islice(ids, size)):
            yield batch

    def _page(self, after: str | None) -> list[str]:
        beyond = "AND external_id > :after " if after is not None else ""
        with self._db.read() as conn:
            rows = conn.execute(
                text(
                    f"SELECT DISTINCT external_id FROM source_record WHERE {_LIVE} {beyond}"
                    "ORDER BY external_id LIMIT :limit"
                ),
                _of(self._stream) | {"after": after, "limit": PAGE},
            )
            return [row[0] for row in rows.all()]


def bound_count(conn: Connection, stream: Stream) -> int:
    """How many live records a stream has."""
    return int(
        conn.scalar(text(f"SELECT count(*) FROM source_record WHERE {_LIVE} AND part = ''"), _of(stream)) or 0
    )


def living(conn: Connection, stream: Stream, external_ids: Sequence[str]) -> list[str]:
    """Those of these ids that are live records here, in their order."""
    known = records.digests(conn, stream.connection_id, stream.object, external_ids=external_ids)
    return [one for one in external_ids if any(not part.gone for part in known.get(one, ()))]


def _of(stream: Stream) -> dict[str, object]:
    return {"connection_id": stream.connection_id, "object": stream.object}


def guard(stream: Stream, gone_ids: Sequence[str], *, bound: int, confirmed: bool) -> None:
    """Raises NeedsSteward when more records vanished than a day's work explains (the mass-delete hold)."""
    allowed = max(GUARD_RECORDS, int(bound * GUARD_SHARE))
    if len(gone_ids) > allowed and not confirmed:
        raise NeedsSteward(
            f"{stream.label}: {len(gone_ids)} of {bound} records are gone there; the guard lets {allowed} go at once. "
            "They are held: nothing was retired.",
            fix=f"If it is meant, run: hub sync {stream.connection} --confirm",
        )


def retire(
    conn: Connection,
    wiring: Wiring,
    stream: Stream,
    *,
    external_ids: Iterable[str],
    now: float,
    lane: str = owing.BULK,
) -> int:
    """Retire these records in the open transaction, unless deletes there are ignored. Returns how many lived until
    now."""
    if stream.rules.delete == "ignore":
        return 0
    return _retire(conn, wiring, stream, external_ids=external_ids, now=now, lane=lane)


def _retire(
    conn: Connection,
    wiring: Wiring,
    stream: Stream,
    *,
    external_ids: Iterable[str],
    now: float,
    lane: str = owing.BULK,
) -> int:
    known = records.digests(conn, stream.connection_id, stream.object, external_ids=external_ids)
    ids = [one.id for parts in known.values() for one in parts if not one.gone]
    if not ids:
        return 0
    conn.execute(
        text(f"UPDATE source_record SET gone_at = :now, digest = NULL WHERE id {bulk.among(conn, 'ids')}"),
        {"now": now, "ids": bulk.pack(conn, ids)},
    )
    conn.execute(
        text(
            "UPDATE delivery SET state = 'done', cause = 'gone there' "
            f"WHERE state <> 'done' AND record_id {bulk.among(conn, 'ids')}"
        ),
        {"ids": bulk.pack(conn, ids)},
    )
    if not has_kind(stream.object):
        return len(ids)
    states = load_bindings(conn, ids)
    places = records.places(conn, ids)
    evidence = [
        Evidence(
            id,
            stream,
            places[id].external_id,
            places[id].part,
            places[id].first_seen,
            states[id],
            gone(states[id], policy=stream.policies[places[id].part], now=now),
        )
        for id in ids
    ]
    kind_of(stream.object).absorb(conn, wiring, evidence, now=now, lane=lane)
    return len(ids)


def retire_connection(conn: Connection, wiring: Wiring, connection_id: int, *, now: float) -> int:
    """Retire every record of a connection that is being removed. Returns how many."""
    count = 0
    for (id, _object), stream in wiring.streams.items():
        if id == connection_id:
            while batch := _some_living(conn, stream):
                count += _retire(conn, wiring, stream, external_ids=batch, now=now)
    return count + derived.retire_all(conn, wiring, connection_id, now=now)


def _some_living(conn: Connection, stream: Stream) -> list[str]:
    rows = conn.execute(
        text(
            "SELECT DISTINCT external_id FROM source_record WHERE connection_id = :connection_id AND object = :object "
            "AND gone_at IS NULL ORDER BY external_id LIMIT 1000"
        ),
        _of(stream),
    )
    return [row[0] for row in rows.all()]
