"""Messages of the hub's own: by mail (smtplib), and as a signed webhook.

A webhook's body is JSON. `X-Hub-Timestamp` holds epoch seconds, `X-Hub-Signature` `v1=` and the hex HMAC-SHA256, under
the shared secret, of the timestamp, a full stop and the raw body. A receiver compares it in constant time and refuses a
timestamp that is minutes away, so that nothing can be made up or repeated.
"""

from __future__ import annotations

import smtplib
import ssl
import time
from email.message import EmailMessage
from email.utils import formatdate, parseaddr
from typing import NamedTuple
from urllib.parse import SplitResult, unquote, urlsplit

from hub import guard
from hub.errors import ConnectionBroken, HubError, RemoteUnavailable, WrongUse
from hub.sdk.http import Http
from hub.sdk.limits import Limits
from hub.sdk.signing import sign
from hub.settings import Settings, resolve_secret

VERSION = "v1"
_SECONDS = 20.0
_PORTS = {"smtp": 587, "smtps": 465}
_LOCAL = ("localhost", "127.0.0.1", "::1")


class Message(NamedTuple):
    """id: the same for every attempt. title, text: for people. document: JSON for machines."""

    id: str
    title: str
    text: str
    document: bytes


def mail(settings: Settings, message: Message) -> None:
    """Hand a message to the mail server of `smtp_url`. Raises RemoteUnavailable, ConnectionBroken, WrongUse."""
    guard.refuse_network()
    parts = smtp_parts(settings.smtp_url or "")
    sender, receivers = settings.mail_from or "", addresses(settings.mail_to or "")
    letter = EmailMessage()
    letter["From"], letter["To"] = sender, ", ".join(receivers)
    letter["Subject"] = " ".join(message.title.split())
    letter["Date"] = formatdate(time.time())
    letter["Message-ID"] = f"<{message.id}@{parseaddr(sender)[1].rpartition('@')[2] or 'crm-hub'}>"
    letter["Auto-Submitted"] = "auto-generated"
    letter.set_content(message.text)
    try:
        with _server(parts) as server:
            if parts.username:
                password = resolve_secret(settings.smtp_password or "", home=settings.home)
                server.login(unquote(parts.username), password)
            refused = server.send_message(
                letter, parseaddr(sender)[1], [parseaddr(one)[1] for one in receivers]
            )
    except smtplib.SMTPAuthenticationError as error:
        raise ConnectionBroken(
            "The mail server refuses our login.", cause=_said(error), fix="Check smtp_url and smtp_password."
        ) from None
    except (smtplib.SMTPException, OSError) as error:
        raise RemoteUnavailable(
            "The mail server did not take the message.",
            cause=_said(error),
            fix="Check smtp_url, mail_from and mail_to.",
        ) from None
    if refused:
        raise RemoteUnavailable(f"The mail server refuses {', '.join(refused)}.", fix="Check mail_to.")


def webhook(settings: Settings, message: Message) -> None:
    """Post a message, signed, to `alert_url`. Raises RemoteUnavailable, ConnectionBroken, WrongUse."""
    url = settings.alert_url or ""
    secret = resolve_secret(settings.alert_secret or "", home=settings.home)
    moment = str(int(time.time()))
    signed = sign(moment.encode() + b"." + message.document, secret, prefix=f"{VERSION}=")
    parts = urlsplit(url)
    http = Http(
        allow_private=settings.alert_reach == "private",
        limits=Limits(connect=5.0, read=_SECONDS, total=_SECONDS, attempts=1, max_bytes=65_536),
    )
    try:
        at = http.at(f"{parts.scheme}://{parts.netloc}")
        at.post(
            url,
            data=message.document,
            headers={
                "Content-Type": "application/json",
                "X-Hub-Id": message.id,
                "X-Hub-Timestamp": moment,
                "X-Hub-Signature": signed,
            },
            idempotent=False,
        )
    except HubError as error:
        raise RemoteUnavailable(
            "The receiver of alerts did not take the message.",
            cause=f"{error.message} {error.cause or ''}".strip(),
            fix=error.fix
            if isinstance(error, ConnectionBroken)
            else "Check alert_url and what listens there.",
        ) from None
    finally:
        http.close()


def smtp_parts(url: str) -> SplitResult:
    """`smtp://USER@HOST:587` (STARTTLS; not asked of this machine's own) or `smtps://…`. Raises WrongUse."""
    try:
        parts = urlsplit(url)
        good = parts.scheme in _PORTS and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        good = False
    if not good:
        raise WrongUse(
            "smtp_url is no address of a mail server.", fix='Write smtp_url = "smtp://USER@HOST:587".'
        )
    return parts


def addresses(text: str) -> list[str]:
    """Mail addresses from a list with commas. Raises WrongUse."""
    found = [one.strip() for one in text.split(",") if one.strip()]
    if not found or any("@" not in parseaddr(one)[1] or "\n" in one for one in found):
        raise WrongUse(
            "mail_to names no mail address.", fix='Write mail_to = "a@example.org, b@example.org".'
        )
    return found


def _server(parts: SplitResult) -> smtplib.SMTP:
    host, port = parts.hostname or "", parts.port or _PORTS[parts.scheme]
    context = ssl.create_default_context()
    if parts.scheme == "smtps":
        return smtplib.SMTP_SSL(host, port, timeout=_SECONDS, context=context)
    server = smtplib.SMTP(host, port, timeout=_SECONDS)
    try:
        server.ehlo()
        if server.has_extn("starttls"):
            server.starttls(context=context)
            server.ehlo()
        elif host not in _LOCAL:
            raise smtplib.SMTPNotSupportedError("it offers no encryption (STARTTLS)")
    except BaseException:
        server.close()
        raise
    return server


def _said(error: Exception) -> str:
    """What the server said, in one line and without what we sent."""
    if isinstance(error, smtplib.SMTPResponseException):
        text = (
            error.smtp_error.decode("utf-8", "replace")
            if isinstance(error.smtp_error, bytes)
            else error.smtp_error
        )
        return f"{error.smtp_code} {' '.join(str(text).split())}"[:300]
    return f"{type(error).__name__}: {error}"[:300]
