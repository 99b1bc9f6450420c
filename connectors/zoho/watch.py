"""The channel over which Zoho notifies us: made, kept alive, and made again when it is gone.

A channel ends by itself: after a week at most, says the specification, after a day, say older pages. So the longer time
is asked for first; each pull looks whether half of what was given is over, and renews it.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from connectors.zoho.api import Api, iso
from hub.sdk import ConnectionBroken, Finding, HubError, RecordRejected

log = logging.getLogger(__name__)

_LASTS = (timedelta(days=6), timedelta(hours=23))
_PATH = "/actions/watch"


class Channel:
    """`url`: where Zoho is to call, as it reaches us; `token`: what proves its calls; `modules`: whose records."""

    def __init__(self, api: Api, name: str, *, url: str, token: str, modules: Sequence[str]) -> None:
        self._api = api
        self._url = url
        self._token = token
        self._events = [f"{module}.all" for module in modules]
        # A number of our own; the same for each process, so that no second channel is made.
        self.id = str(10**15 + int.from_bytes(hashlib.blake2b(name.encode(), digest_size=6).digest(), "big"))

    def mark(self) -> str:
        """What the channel was made with, without telling it: another one must be made anew."""
        said = "\0".join((self._url, self._token, *self._events))
        return hashlib.sha256(said.encode()).hexdigest()[:12]

    def kept(self, known: Any) -> dict[str, str]:
        """The state to keep with the cursor: renewed if it is time. A failure is logged, for a pull does without it."""
        standing = known if isinstance(known, Mapping) else {}
        now = datetime.fromtimestamp(self._api.server_now(), UTC)
        due = _moment(standing.get("renew"))
        if standing.get("mark") == self.mark() and due is not None and now < due:
            return {"renew": str(standing["renew"]), "mark": self.mark()}
        try:
            until = self._renewed(now)
        except HubError as error:
            log.warning("the channel of notifications could not be renewed: %s", error)
            return {"renew": "", "mark": ""}
        return {"renew": iso(now + (until - now) / 2), "mark": self.mark()}

    def standing(self) -> str:
        """For a check: until when it lives. Raises ConnectionBroken if it is not there."""
        rows = self._api.read(_PATH, {"channel_id": self.id}, key="watch").rows
        mine = [row for row in rows if str(row.get("channel_id")) == self.id]
        if not mine:
            raise ConnectionBroken(
                "Zoho has no channel for notifications to this hub",
                fix="a pull makes it: hub sync NAME. It needs the scope ZohoCRM.notifications.ALL",
            )
        wrong = [row for row in mine if row.get("notify_url") not in (None, self._url)]
        if wrong:
            raise ConnectionBroken(
                "Zoho notifies another address", cause=str(wrong[0].get("notify_url")), fix="a pull mends it"
            )
        return f"{len(mine)} events, until {min(str(row.get('channel_expiry')) for row in mine)}"

    def findings(self, *, only_look: bool) -> list[Finding]:
        """What is said when an admin asks for the channel, made or renewed unless `only_look`. Never raises."""
        try:
            if not only_look:
                until = self._renewed(datetime.fromtimestamp(self._api.server_now(), UTC))
                return [Finding("notifications", True, f"renewed until {iso(until)}")]
            return [Finding("notifications", True, self.standing())]
        except HubError as error:
            said = error.message + (f" ({error.cause})" if error.cause else "")
            fix = error.fix or "does the authorisation include ZohoCRM.notifications.ALL?"
            return [Finding("notifications", False, said, fix)]

    def _renewed(self, now: datetime) -> datetime:
        """Until when the channel lives now. Raises what the calls raise, RecordRejected if Zoho will not have it."""
        method = "PUT" if self._api.read(_PATH, {"channel_id": self.id}, key="watch").rows else "POST"
        said = ""
        for lasts in _LASTS:
            given = {
                "channel_id": self.id,
                "events": self._events,
                "channel_expiry": iso(now + lasts),
                "token": self._token,
                "notify_url": self._url,
            }
            (verdict,) = self._api.write(method, _PATH, {"watch": [given]}, count=1, key="watch")
            if verdict.done:
                told = [_moment(one.get("channel_expiry")) for one in verdict.details.get("events") or ()]
                return min((one for one in told if one is not None), default=now + lasts)
            said = f"{verdict.code}: {verdict.message}"
        raise RecordRejected("Zoho refuses the channel", cause=said)


def _moment(text: Any) -> datetime | None:
    try:
        found = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
