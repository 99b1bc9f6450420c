"""An interaction in words: what it was, and what was said."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hub.canonical.interaction import state_of_sending
from hub.store.queries.interactions import InteractionRow
from hub.web.say import gettext, lazy_gettext

_LONGEST = 280
_HEARD: Mapping[str, Any] = {
    "mention": lazy_gettext("Mentioned us"),
    "comment": lazy_gettext("Answered us"),
    "message": lazy_gettext("Wrote to us"),
    "review": lazy_gettext("Wrote a review"),
    "reaction": lazy_gettext("Reacted"),
    "email": lazy_gettext("Sent us an e-mail"),
    "call": lazy_gettext("Called us"),
    "meeting": lazy_gettext("Met us"),
    "lead_form": lazy_gettext("Filled in a form"),
    "ticket": lazy_gettext("Opened a ticket"),
}
_SENDING: Mapping[str, Any] = {
    "waiting": lazy_gettext("We write; it is not sent yet"),
    "held": lazy_gettext("We write; it is held until the first run is confirmed"),
    "refused": lazy_gettext("We wrote; it was refused there"),
    "dropped": lazy_gettext("We wrote; it was dropped"),
}


def sentence(row: InteractionRow, doc: Mapping[str, Any]) -> str:
    """What happened."""
    if row.direction == "outbound":
        state = state_of_sending(row.external_id, row.step, row.state)
        told = str(_SENDING.get(state or "") or gettext("We wrote"))
    else:
        told = str(_HEARD.get(str(doc.get("kind"))) or gettext("Was in touch"))
    return gettext("%(what)s (deleted there)", what=told) if row.gone_at is not None else told


def words(row: InteractionRow, doc: Mapping[str, Any]) -> str | None:
    """What was said, cut to a few lines; of a reaction, which one; why ours was refused."""
    text = str(doc.get("body") or doc.get("subject") or "")
    if not text:
        reasons = (
            value for path, value in doc.items() if path.startswith("custom.") and path.endswith(".reason")
        )
        text = str(next(reasons, ""))
    if row.external_id is None and row.cause:
        text = f"{row.cause} — {text}"
    return (text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…") or None


def link(doc: Mapping[str, Any]) -> str | None:
    """Where it stands, if that is a web address."""
    found = str(doc.get("permalink") or "")
    return found if found.startswith(("https://", "http://")) else None
