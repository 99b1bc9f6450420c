"""Webhooks over there: asked for, renewed before they end, mended when the system gave up on us."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Sequence

from hub.errors import HubError, Unsupported, WrongUse
from hub.flows.account import connector_of
from hub.flows.configure import load_stored
from hub.sdk.connector import Finding
from hub.settings import Settings
from hub.store.session import Database

log = logging.getLogger(__name__)

_SLOT = 600.0  # seconds, as often as upkeep runs
_SLOTS = 144  # of a day
_WIDE = 2  # slots in a row, so that a late run misses none


def ensure(db: Database, settings: Settings, name: str, *, register: bool) -> Sequence[Finding]:
    """What stands over there for this hub; with `register`, made and mended first.

    Raises Unsupported where the system cannot be told, WrongUse where public_url or webhook_secret is not set.
    """
    connector = connector_of(db, settings, name)
    if not connector.manifest.webhooks:
        raise Unsupported(f"the connector {connector.manifest.name} has no webhooks")
    secret = connector.connection.secret("webhook_secret")
    if not secret:
        raise WrongUse(
            f"{name} has no webhook_secret", fix=f"hub connection set {name} webhook_secret=env:NAME"
        )
    if not settings.public_url:
        raise WrongUse("public_url is not set", fix="set it in hub.toml to the address the system can reach")
    return connector.ensure_webhooks(settings.hook_url(name), secret, only_look=not register)


def renew_due(db: Database, settings: Settings, *, now: float) -> list[str]:
    """Renew the webhooks of the connections whose time of day it is; their names. Failures are logged: pulls go on."""
    if not settings.public_url:
        return []
    with db.read() as conn:
        active = [name for name, one in load_stored(conn).items() if one.row.state == "active"]
    done: list[str] = []
    for name in active:
        if not due(name, now=now):
            continue
        try:
            failed = [one for one in ensure(db, settings, name, register=True) if not one.ok]
        except (Unsupported, WrongUse):
            continue
        except HubError as error:
            log.warning("the webhooks of %s could not be renewed: %s", name, error)
            continue
        done.append(name)
        for one in failed:
            log.warning("the webhook %s of %s could not be renewed: %s", one.step, name, one.detail)
    return done


def due(name: str, *, now: float) -> bool:
    """Whether a connection's time of day has come: each has its own, so that not all are asked at once."""
    mine = int.from_bytes(hashlib.blake2b(name.encode(), digest_size=4).digest(), "big") % _SLOTS
    return (int(now // _SLOT) - mine) % _SLOTS < _WIDE
