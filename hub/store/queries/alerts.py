"""Alerts from begin to end, and the notices that tell of them. Every step may be done twice and by many at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, text

from hub.store.documents import dump, load


class Alert(NamedTuple):
    """A trouble as stored. facts: the numbers of its sentence. Times: epoch seconds."""

    id: int
    kind: str
    subject: str
    connection: str | None
    level: int
    facts: Mapping[str, Any]
    cause: str | None
    begun_at: float
    changed_at: float
    quiet_since: float | None
    ended_at: float | None
    silenced_until: float | None
    silenced_by: str | None


class Notice(NamedTuple):
    """A message to send. facts: as they were when it was made."""

    id: int
    alert_id: int
    event: str
    level: int
    channel: str
    state: str
    facts: Mapping[str, Any]
    attempts: int
    made_at: float
    next_at: float
    sent_at: float | None
    cause: str | None


_ALERT = f"SELECT {', '.join(Alert._fields)} FROM alert"
_NOTICE = f"SELECT {', '.join(Notice._fields)} FROM notice"


def turn(conn: Connection, *, now: float, every: float) -> bool:
    """Whether it is ours to look now: of all processes that ask, one in `every` seconds gets a yes."""
    conn.execute(text("INSERT INTO counter (name, value) VALUES ('alerts', 0) ON CONFLICT (name) DO NOTHING"))
    result: Any = conn.execute(
        text("UPDATE counter SET value = :now WHERE name = 'alerts' AND value <= :before"),
        {"now": int(now), "before": int(now - every)},
    )
    return bool(result.rowcount == 1)


def open_ones(conn: Connection) -> list[Alert]:
    """What is not over, the oldest first."""
    return [_alert(row) for row in conn.execute(text(f"{_ALERT} WHERE ended_at IS NULL ORDER BY id"))]


def listed(conn: Connection, *, limit: int) -> list[Alert]:
    """Open and ended ones, the last begun first."""
    return [
        _alert(row) for row in conn.execute(text(f"{_ALERT} ORDER BY id DESC LIMIT :limit"), {"limit": limit})
    ]


def get(conn: Connection, id: int) -> Alert | None:
    """One of them."""
    row = conn.execute(text(f"{_ALERT} WHERE id = :id"), {"id": id}).first()
    return _alert(row) if row else None


def begin(
    conn: Connection,
    kind: str,
    subject: str,
    *,
    connection: str | None,
    level: int,
    facts: Any,
    cause: str | None,
    now: float,
) -> None:
    """A trouble begins, unless it has begun already. One that was silenced the last time stays so."""
    conn.execute(
        text(
            "INSERT INTO alert (kind, subject, connection, level, facts, cause, begun_at, changed_at, "
            "silenced_until, silenced_by) VALUES (:kind, :subject, :connection, :level, :facts, :cause, :now, :now, "
            "(SELECT MAX(silenced_until) FROM alert WHERE kind = :kind AND subject = :subject "
            "AND silenced_until > :now), "
            "(SELECT MAX(silenced_by) FROM alert WHERE kind = :kind AND subject = :subject "
            "AND silenced_until > :now)) ON CONFLICT DO NOTHING"
        ),
        {
            "kind": kind,
            "subject": subject,
            "connection": connection,
            "level": level,
            "facts": dump(facts),
            "cause": cause,
            "now": now,
        },
    )


def go_on(conn: Connection, id: int, *, level: int, facts: Any, cause: str | None, now: float) -> None:
    """It is still there: its facts of now; its level only rises."""
    conn.execute(
        text(
            "UPDATE alert SET facts = :facts, cause = :cause, quiet_since = NULL, "
            "changed_at = CASE WHEN :level > level THEN :now ELSE changed_at END, "
            "level = CASE WHEN :level > level THEN :level ELSE level END WHERE id = :id AND ended_at IS NULL"
        ),
        {"id": id, "level": level, "facts": dump(facts), "cause": cause, "now": now},
    )


def fall_quiet(conn: Connection, ids: Sequence[int], *, now: float, settle: float) -> None:
    """It is not there any more: over once that has been so for `settle` seconds."""
    for id in ids:
        conn.execute(
            text(
                "UPDATE alert SET ended_at = CASE WHEN COALESCE(quiet_since, :now) <= :before THEN :now END, "
                "quiet_since = COALESCE(quiet_since, :now) WHERE id = :id AND ended_at IS NULL"
            ),
            {"id": id, "now": now, "before": now - settle},
        )


def untold(conn: Connection, channel: str, *, now: float) -> int:
    """Make the notices by this channel that are missing. Returns how many.

    Begin and every step up of what is open and not silenced; the end of what was told of.
    """
    made: Any = conn.execute(
        text(
            "INSERT INTO notice (alert_id, event, level, channel, state, facts, attempts, made_at, next_at) "
            "SELECT a.id, CASE WHEN EXISTS (SELECT 1 FROM notice n WHERE n.alert_id = a.id AND n.channel = :channel) "
            "THEN 'worse' ELSE 'begun' END, a.level, :channel, 'waiting', a.facts, 0, :now, :now FROM alert a "
            "WHERE a.ended_at IS NULL AND a.quiet_since IS NULL "
            "AND (a.silenced_until IS NULL OR a.silenced_until <= :now) "
            "AND NOT EXISTS (SELECT 1 FROM notice n WHERE n.alert_id = a.id AND n.channel = :channel "
            "AND n.level >= a.level) ORDER BY a.id ON CONFLICT DO NOTHING"
        ),
        {"channel": channel, "now": now},
    )
    ended: Any = conn.execute(
        text(
            "INSERT INTO notice (alert_id, event, level, channel, state, facts, attempts, made_at, next_at) "
            "SELECT a.id, 'over', a.level, :channel, 'waiting', a.facts, 0, :now, :now FROM alert a "
            "WHERE a.ended_at IS NOT NULL "
            "AND EXISTS (SELECT 1 FROM notice n WHERE n.alert_id = a.id AND n.channel = :channel) "
            "AND NOT EXISTS (SELECT 1 FROM notice n WHERE n.alert_id = a.id AND n.channel = :channel "
            "AND n.event = 'over') ORDER BY a.id ON CONFLICT DO NOTHING"
        ),
        {"channel": channel, "now": now},
    )
    return int(made.rowcount) + int(ended.rowcount)


def claim(conn: Connection, channels: Sequence[str], *, now: float, until: float) -> Notice | None:
    """The next notice to send, now ours until then; None: none is due. One alert's go out in their order."""
    marks = ", ".join(f":c{at}" for at in range(len(channels)))
    row = conn.execute(
        text(
            f"{_NOTICE} n WHERE state = 'waiting' AND next_at <= :now AND COALESCE(lease_until, 0) <= :now "
            f"AND channel IN ({marks}) AND NOT EXISTS (SELECT 1 FROM notice b WHERE b.alert_id = n.alert_id "
            "AND b.channel = n.channel AND b.id < n.id AND b.state = 'waiting') ORDER BY id LIMIT 1"
        ),
        {"now": now} | {f"c{at}": name for at, name in enumerate(channels)},
    ).first()
    if row is None:
        return None
    taken: Any = conn.execute(
        text(
            "UPDATE notice SET lease_until = :until, attempts = attempts + 1 WHERE id = :id "
            "AND state = 'waiting' AND COALESCE(lease_until, 0) <= :now"
        ),
        {"id": row.id, "now": now, "until": until},
    )
    return _notice(row)._replace(attempts=row.attempts + 1) if taken.rowcount == 1 else None


def settle(
    conn: Connection, one: Notice, *, state: str, now: float, next_at: float | None = None, cause: str | None
) -> None:
    """What became of the attempt; refused silently where somebody has taken it over since."""
    conn.execute(
        text(
            "UPDATE notice SET state = :state, cause = :cause, lease_until = NULL, "
            "next_at = COALESCE(:next_at, next_at), "
            "sent_at = CASE WHEN :state = 'sent' THEN :now ELSE sent_at END "
            "WHERE id = :id AND attempts = :attempts AND state = 'waiting'"
        ),
        {
            "id": one.id,
            "attempts": one.attempts,
            "state": state,
            "cause": cause,
            "now": now,
            "next_at": next_at,
        },
    )


def notices(conn: Connection, alert_ids: Sequence[int]) -> list[Notice]:
    """The notices of these alerts, in their order."""
    found = []
    for id in alert_ids:
        found += [
            _notice(row)
            for row in conn.execute(text(f"{_NOTICE} WHERE alert_id = :id ORDER BY id"), {"id": id})
        ]
    return found


def stuck(conn: Connection) -> list[Notice]:
    """Notices that could not be sent so far, with the cause of the last attempt."""
    query = f"{_NOTICE} WHERE state <> 'sent' AND cause IS NOT NULL ORDER BY id DESC LIMIT 50"
    return [_notice(row) for row in conn.execute(text(query))]


def silence(conn: Connection, id: int, *, until: float | None, by: str) -> None:
    """Tell nothing more of it until then; None: speak again."""
    conn.execute(
        text("UPDATE alert SET silenced_until = :until, silenced_by = :by WHERE id = :id"),
        {"id": id, "until": until, "by": by if until is not None else None},
    )


def trim(conn: Connection, *, before: float) -> None:
    """Forget what ended before then and was told of."""
    old = (
        "SELECT id FROM alert a WHERE ended_at < :before AND NOT EXISTS "
        "(SELECT 1 FROM notice n WHERE n.alert_id = a.id AND n.state = 'waiting')"
    )
    conn.execute(text(f"DELETE FROM notice WHERE alert_id IN ({old})"), {"before": before})
    conn.execute(
        text(
            "DELETE FROM alert WHERE ended_at < :before "
            "AND NOT EXISTS (SELECT 1 FROM notice n WHERE n.alert_id = alert.id)"
        ),
        {"before": before},
    )


def _alert(row: Any) -> Alert:
    return Alert(**{**row._mapping, "facts": load(row.facts) or {}})


def _notice(row: Any) -> Notice:
    return Notice(**{**row._mapping, "facts": load(row.facts) or {}})
