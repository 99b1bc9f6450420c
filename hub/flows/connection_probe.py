"""The walk of a connection check: the way to the system, what its connector tries, and how webhooks would come back."""

from __future__ import annotations

from collections.abc import Iterator

from hub.errors import HubError, Unsupported
from hub.sdk import reach
from hub.sdk.connector import Connector, Finding
from hub.sdk.http import Http
from hub.sdk.limits import Limits
from hub.settings import Settings

_QUICK = Limits(connect=3.0, read=5.0, total=8.0, attempts=1)


def steps(connector: Connector, settings: Settings, name: str, *, allow_private: bool) -> Iterator[Finding]:
    """The steps, cheapest first; the last one is the first that failed, if one did."""
    for url in _addresses(connector):
        for found in reach.way(url, allow_private=allow_private):
            yield found
            if not found.ok:
                return
    good = True
    for found in connector.check():
        good &= found.ok
        yield found
    if good and connector.manifest.webhooks:
        yield from webhooks(connector, settings, name)


def webhooks(connector: Connector, settings: Settings, name: str) -> Iterator[Finding]:
    """Whether webhooks would be taken, could reach us, and are asked for over there. None is needed: pulls find all."""
    secret = connector.connection.secret("webhook_secret")
    url = settings.hook_url(name)
    told = "a secret is set" if secret else "no secret is set, so none is taken"
    where = f"{told}; register {url}"
    if not settings.public_url:
        where += " (this machine's own address: set public_url to the one that the system can reach)"
    yield Finding("webhook address", True, where, None if secret else "set webhook_secret")
    if not secret or not settings.public_url:
        return
    yield _answers(settings)
    try:
        yield from connector.ensure_webhooks(url, secret, only_look=True)
    except Unsupported as error:
        yield Finding("webhooks there", True, f"not looked at: {error.message}", error.fix)
    except HubError as error:
        yield Finding(
            "webhooks there", False, error.message, error.fix or "hub connection webhooks NAME --register"
        )


def _answers(settings: Settings) -> Finding:
    """Whether this hub answers at its public address, seen from here."""
    http = Http(limits=_QUICK)
    try:
        answer = http.at(str(settings.public_url)).get("healthz")
    except HubError as error:
        # No failure: many networks do not let a machine see its own public address.
        fix = "if it does not answer from outside either: start the web server, or correct public_url"
        return Finding("webhook reach", True, f"not seen from here: {error.message}", fix)
    finally:
        http.close()
    return Finding(
        "webhook reach", True, f"the hub answers at {settings.public_url} ({answer.status}), seen from here"
    )


def _addresses(connector: Connector) -> list[str]:
    """The systems a connection names. Those of files have none."""
    named = [one.name for one in type(connector).spec() if one.kind == "url" and one.name == "url"]
    values = [connector.connection.settings.get(name) for name in named]
    return [str(value) for value in values if value]
