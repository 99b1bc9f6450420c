"""Records we could not take: kept with their cause, taken again on request, settled by themselves when they come
good."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import blake2b
from typing import Any, NamedTuple

import orjson
from sqlalchemy import Connection, text

from hub.flows.wiring import Stream
from hub.store import bulk

_RAW_CAP = 64 * 1024  # a quarantined body is evidence, not storage


class Refusal(NamedTuple):
    """A record that cannot be taken, with why (a sentence for an admin) and the error's code."""

    external_id: str | None
    raw: Any
    cause: str
    code: str = "record_rejected"


def put(conn: Connection, stream: Stream, refusals: Sequence[Refusal], *, now: float) -> None:
    """Keep these; the same record again only counts up."""
    rows = {}
    for one in refusals:
        body = _body(one.raw)
        ident = (
            one.external_id or "#" + blake2b(body.encode() + one.cause.encode(), digest_size=12).hexdigest()
        )
        rows[ident] = {
            "connection_id": stream.connection_id,
            "object": stream.object,
            "ident": ident,
            "external_id": one.external_id,
            "raw": body,
            "code": one.code,
            "cause": one.cause,
            "now": now,
        }
    if rows:
        conn.execute(
            text(
                "INSERT INTO quarantine (connection_id, object, ident, external_id, raw, code, cause, state, times, "
                "first_at, last_at) VALUES (:connection_id, :object, :ident, :external_id, :raw, :code, :cause, "
                "'open', 1, :now, :now) ON CONFLICT (connection_id, object, ident) DO UPDATE SET "
                "raw = excluded.raw, code = excluded.code, cause = excluded.cause, state = 'open', "
                "times = quarantine.times + 1, last_at = excluded.last_at"
            ),
            list(rows.values()),
        )


def settle(conn: Connection, stream: Stream, *, taken: Iterable[str], now: float) -> None:
    """Records that were taken after all leave quarantine by themselves."""
    back = open_among(conn, stream, taken)
    if back:
        conn.execute(
            text(
                "UPDATE quarantine SET state = 'resolved', last_at = :now WHERE connection_id = :connection_id "
                f"AND object = :object AND state = 'open' AND ident {bulk.among(conn, 'ids')}"
            ),
            _of(stream) | {"now": now, "ids": bulk.pack(conn, back)},
        )


def open_among(conn: Connection, stream: Stream, external_ids: Iterable[str]) -> list[str]:
    """Which of these records are in quarantine; mostly none of the stream is, and that is one short look."""
    where = "WHERE connection_id = :connection_id AND object = :object AND state = 'open'"
    if conn.scalar(text(f"SELECT 1 FROM quarantine {where} LIMIT 1"), _of(stream)) is None:
        return []
    rows = conn.execute(
        text(f"SELECT ident FROM quarantine {where} AND ident {bulk.among(conn, 'ids')}"),
        _of(stream) | {"ids": bulk.pack(conn, external_ids)},
    )
    return [row[0] for row in rows]


def _of(stream: Stream) -> dict[str, object]:
    return {"connection_id": stream.connection_id, "object": stream.object}


def _body(raw: Any) -> str:
    body = orjson.dumps(raw, default=str)
    if len(body) <= _RAW_CAP:
        return body.decode()
    start = body[: _RAW_CAP // 2].decode(errors="ignore")
    return orjson.dumps({"cut": True, "bytes": len(body), "start": start}).decode()
