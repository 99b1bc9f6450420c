"""Alerts from begin to end: told once when they begin, again when they get a step worse, and once when they are over.

`look` compares what is wrong now (`alert_conditions`) with what was; `alert_sending` brings out what it says. It runs
every minute beside the scheduler; where several run, one of them looks.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Connection

from hub.errors import NotFound
from hub.flows import alert_conditions
from hub.flows.alert_conditions import Found
from hub.flows.alert_words import Words, words
from hub.settings import Settings
from hub.store.queries import alerts, connections
from hub.store.queries.alerts import Alert, Notice
from hub.store.session import Database

EVERY = 60.0  # seconds from one look to the next
SETTLE = 45.0  # seconds for which a trouble must be away to be over: what comes and goes is one trouble
_KEPT = 90 * 86400.0


class Told(NamedTuple):
    """An alert for people. notices: what was sent of it, and how that went."""

    alert: Alert
    words: Words
    notices: Sequence[Notice]

    @property
    def state(self) -> str:
        """over, silenced or open."""
        if self.alert.ended_at is not None:
            return "over"
        return "silenced" if (self.alert.silenced_until or 0.0) > time.time() else "open"


def look(db: Database, settings: Settings, *, now: float, every: float = EVERY) -> bool:
    """Bring the alerts to what is wrong now, and make the notices of it. False: another process has just looked."""
    with db.claim() as conn:
        if not alerts.turn(conn, now=now, every=every - 1.0):
            return False
    with db.read() as conn:
        current = alert_conditions.found(conn, settings, now=now)
        before = alerts.open_ones(conn)
    with db.claim() as conn:
        _compare(conn, current, before, now=now)
        for channel in settings.alert_channels:
            alerts.untold(conn, channel, now=now)
        alerts.trim(conn, before=now - _KEPT)
    return True


def _compare(conn: Connection, current: Sequence[Found], before: Sequence[Alert], *, now: float) -> None:
    standing = {(one.kind, one.subject): one for one in before}
    for one in current:
        known = standing.pop((one.kind, one.subject), None)
        if known is not None:
            alerts.go_on(conn, known.id, level=one.level, facts=one.facts, cause=one.cause, now=now)
        else:
            alerts.begin(
                conn,
                one.kind,
                one.subject,
                connection=one.connection,
                level=one.level,
                facts=one.facts,
                cause=one.cause,
                now=now,
            )
    alerts.fall_quiet(conn, [one.id for one in standing.values()], now=now, settle=SETTLE)


def listed(db: Database, *, all: bool = False, language: str = "en", limit: int = 200) -> list[Told]:
    """The open alerts, or with `all` the ended ones too, newest first."""
    with db.read() as conn:
        found = alerts.listed(conn, limit=limit) if all else alerts.open_ones(conn)[::-1]
        told = alerts.notices(conn, [one.id for one in found])
    return [_told(one, told, language=language) for one in found]


def meant(db: Database, id: int, *, language: str = "en") -> Told:
    """One alert. Raises NotFound."""
    with db.read() as conn:
        one = alerts.get(conn, id)
        told = alerts.notices(conn, [id])
    if one is None:
        raise NotFound(f"There is no alert {id}.", fix="See: hub alert list --all")
    return _told(one, told, language=language)


def silence(db: Database, id: int, *, until: float | None, by: str, now: float) -> None:
    """Tell no more of an alert until then (None: tell again); that it is over is told. Raises NotFound."""
    told = meant(db, id)
    with db.claim() as conn:
        alerts.silence(conn, id, until=until, by=by)
        act = "alert.silence" if until is not None else "alert.speak"
        subject = f"{told.alert.kind} {told.alert.subject}"
        connections.note(conn, act, subject, by=by, detail={"until": until}, now=now)


def _told(one: Alert, notices: Sequence[Notice], *, language: str) -> Told:
    mine = [each for each in notices if each.alert_id == one.id]
    return Told(one, words(one.kind, one.facts, language=language), mine)
