"""Notices of alerts go out by mail and webhook: from their rows, with a lease, on a ladder, until they are taken.

A notice is claimed, sent, and noted as sent. A process that dies between the last two sends it again: with the same
id (`Message-ID`, `id` of the JSON), by which a receiver knows it. Two processes never send one at the same time.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import NamedTuple

import orjson

from hub.errors import HubError, WrongUse
from hub.flows import outbox
from hub.flows.alert_words import EVENTS, LABELS, words
from hub.flows.outbox import Message
from hub.settings import Settings
from hub.store.queries import alerts
from hub.store.queries.alerts import Alert, Notice
from hub.store.session import Database

log = logging.getLogger(__name__)

LADDER = (
    30.0,
    120.0,
    600.0,
    3600.0,
    4 * 3600.0,
)  # seconds before attempt 2, 3, …; the last one again and again
GIVEN_UP = 7 * 86400.0
_LEASE = 180.0
_MOST = 50  # notices in one go

Send = Callable[[Settings, Message], None]
CHANNELS: Mapping[str, Send] = {"mail": outbox.mail, "webhook": outbox.webhook}


class Tried(NamedTuple):
    """One channel tried. detail: where to, or what went wrong."""

    channel: str
    ok: bool
    detail: str
    fix: str | None = None


def send_due(db: Database, settings: Settings, *, now: Callable[[], float] = time.time) -> int:
    """Send what is due. Returns how many were taken by their receiver; what fails waits for its next attempt."""
    sent = 0
    channels = settings.alert_channels
    for _ in range(_MOST if channels else 0):
        with db.claim() as conn:
            one = alerts.claim(conn, channels, now=now(), until=now() + _LEASE)
            about = alerts.get(conn, one.alert_id) if one else None
        if one is None or about is None:
            break
        error = _failure(settings, one, message(settings, one, about))
        sent += error is None
        moment = now()
        with db.claim() as conn:
            if error is None:
                alerts.settle(conn, one, state="sent", now=moment, cause=None)
                continue
            log.warning("an alert could not be sent by %s: %s", one.channel, error)
            over = moment - one.made_at > GIVEN_UP
            step = LADDER[min(one.attempts, len(LADDER)) - 1]
            state = "dead" if over else "waiting"
            alerts.settle(conn, one, state=state, now=moment, next_at=moment + step, cause=error)
    return sent


def test(settings: Settings) -> list[Tried]:
    """Send a test by every channel that is set. Raises WrongUse if none is."""
    if not settings.alert_channels:
        raise WrongUse(
            "Alerts go nowhere yet.",
            fix="Set smtp_url, mail_from and mail_to, or alert_url and alert_secret, in hub.toml.",
        )
    moment = time.time()
    about = Alert(int(moment), "test", "test", None, 1, {}, None, moment, moment, None, None, None, None)
    made = message(settings, Notice(0, about.id, "test", 1, "", "", {}, 0, moment, moment, None, None), about)
    tried = []
    for channel in settings.alert_channels:
        where = settings.mail_to if channel == "mail" else settings.alert_url
        try:
            CHANNELS[channel](settings, made)
            tried.append(Tried(channel, True, f"sent to {where}"))
        except HubError as error:
            tried.append(Tried(channel, False, f"{error.message} {error.cause or ''}".strip(), error.fix))
    return tried


def message(settings: Settings, one: Notice, about: Alert) -> Message:
    """What a notice says."""
    language = settings.alert_language
    said = words(about.kind, one.facts, language=language)
    page = settings.page_url(said.page)
    why, fix, see, begun = LABELS[language]
    lines = [said.title, ""]
    lines += [f"{why}: {about.cause}"] if about.cause else []
    lines += [f"{fix}: {said.fix}"] if one.event != "over" else []
    lines += [f"{see}: {page}", f"{begun}: {_instant(about.begun_at)}"]
    id = f"alert-{about.id}-{one.event}-{one.level}"
    document = {
        "id": id,
        "event": one.event,
        "kind": about.kind,
        "subject": about.subject,
        "connection": about.connection,
        "level": one.level,
        "title": said.title,
        "cause": about.cause,
        "fix": said.fix,
        "url": page,
        "begun_at": _instant(about.begun_at),
        "ended_at": _instant(about.ended_at) if one.event == "over" and about.ended_at else None,
        "facts": dict(one.facts),
    }
    title = f"[CRM Hub] {EVENTS[language][one.event]}: {said.title}"
    return Message(id, title, "\n".join(lines), orjson.dumps(document, option=orjson.OPT_SORT_KEYS))


def _failure(settings: Settings, one: Notice, made: Message) -> str | None:
    """None: it was taken."""
    try:
        CHANNELS[one.channel](settings, made)
    except HubError as error:
        return str(error)
    except Exception as error:  # a defect here must not keep the other notices
        log.exception("sending an alert failed")
        return f"{type(error).__name__}: {error}"
    return None


def _instant(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
