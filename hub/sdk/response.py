"""An answer of a remote system, and what one that is neither good nor expected means."""

from __future__ import annotations

import email.utils
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from hub.errors import (
    ConnectionBroken,
    HubError,
    NeedsReauth,
    OutcomeUnknown,
    QuotaUsed,
    RateLimited,
    RecordRejected,
    RemoteUnavailable,
)
from hub.sdk.redaction import Redactor

_EXCERPT = 300
_LOOK = 8192
_LONGEST_WAIT = 86_400
_FAR = 300.0  # seconds; a longer pause is a quota's, not a burst's


@dataclass(frozen=True, slots=True)
class Response:
    """An answer. `headers` names are lower-case; `served_at` is the remote's clock (epoch seconds) if it told."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    where: str
    reads: bool
    served_at: float | None
    _redactor: Redactor

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300

    def text(self) -> str:
        """The body, by its declared charset or else UTF-8; what cannot be read is replaced."""
        charset = (
            self.headers.get("content-type", "").partition("charset=")[2].partition(";")[0].strip(" \"'")
        )
        try:
            return self.body.decode(charset or "utf-8", "replace")
        except LookupError:
            return self.body.decode("utf-8", "replace")

    def json(self) -> Any:
        """The body as JSON. Raises ConnectionBroken for a web page, RemoteUnavailable for other rubbish; for the answer
        to a write, OutcomeUnknown for both."""
        try:
            return orjson.loads(self.body)
        except orjson.JSONDecodeError:
            pass
        kind = self.headers.get("content-type", "")
        page = "html" in kind or self.body.lstrip()[:1] == b"<"
        what = "a web page" if page else ("nothing" if not self.body.strip() else "something else")
        message = f"{self.where} answered {what} instead of JSON"
        cause = f"status {self.status}, {kind or 'no content type'}: {self.excerpt() or '(empty)'}"
        if not self.reads:
            raise OutcomeUnknown(message, cause=cause)
        if page:
            raise ConnectionBroken(
                message, cause=cause, fix="check the url; a login page or proxy may stand before the system"
            )
        raise RemoteUnavailable(message, cause=cause)

    def excerpt(self) -> str:
        """The beginning of the body, one line, without secrets: for causes."""
        text = self._redactor.text(self.body[:_LOOK].decode("utf-8", "replace"))
        if len(self.body) > _LOOK:
            # The last characters may be half a secret, which no pattern knows.
            text = text[:-_EXCERPT]
        line = " ".join("".join(one if one.isprintable() else " " for one in text).split())
        return line if len(line) <= _EXCERPT else line[:_EXCERPT] + "…"


def refusal(answer: Response) -> HubError:
    """What an answer that is neither good nor accepted means."""
    status = answer.status
    message = f"{answer.where} answered {status}"
    cause = answer.excerpt() or None
    after = _retry_after(answer)
    if status == 429 or (status == 403 and after is not None):  # no word about our rights, if it says when
        kind = QuotaUsed if after is not None and after > _FAR else RateLimited
        return kind(message, after=after, cause=cause)
    if status in {401, 403}:
        return NeedsReauth(message, cause=cause, fix="check the credentials and what they are allowed to do")
    if status in {408, 425} or status >= 500:
        if answer.reads or status == 425:
            return RemoteUnavailable(message, after=after, cause=cause)
        return OutcomeUnknown(message, after=after, cause=cause)
    if status >= 400 and not answer.reads:
        return RecordRejected(message, cause=cause)
    return ConnectionBroken(message, cause=cause, fix="check the connection's url")


def oversize(where: str, *, reads: bool, cap: int) -> HubError:
    message = f"the answer to {where} is larger than {cap // 1024} kB"
    if reads:
        return ConnectionBroken(message, fix="ask for smaller pages")
    return OutcomeUnknown(message)


def _retry_after(answer: Response) -> float | None:
    """Seconds the remote asked us to wait; a date is read against the remote's own clock."""
    text = answer.headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return float(min(int(text), _LONGEST_WAIT))
    until = instant(text)
    if until is None:
        return None
    return min(max(0.0, until - (answer.served_at or time.time())), float(_LONGEST_WAIT))


def instant(text: str | None) -> float | None:
    """An HTTP date as epoch seconds; None if it is none."""
    if not text:
        return None
    try:
        return email.utils.parsedate_to_datetime(text).timestamp()
    except (ValueError, TypeError, OverflowError):
        return None
