"""A connector ready for one job: paths resolved, secrets at hand only when asked for, calls bounded by lease and
budget."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hub import logging_setup
from hub.budget import Bucket, pace
from hub.errors import WrongUse
from hub.flows.config import ConnectionConfig
from hub.flows.oauth_tokens import StoredTokens
from hub.sdk import registry
from hub.sdk.connector import ConnectionView, Connector
from hub.settings import Settings, resolve_secret

_BURST_SECONDS = 2.0  # a budget lets this many seconds' worth of calls through at once
KEPT_SHARE = 0.25  # of what a budget lets through at once: kept for the realtime lane
_PATIENCE = 30.0  # a call waits this long for its budget; a longer wait puts the work back on its row


class Lease:
    """How long the work at hand may still take; `prolong` after each step that was stored."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.prolong()

    def prolong(self) -> None:
        self._until = time.monotonic() + self.seconds

    def remaining(self) -> float:
        """Seconds left: HTTP time-outs are cut to it, so that a call never outlives its lease (sync.md)."""
        return self._until - time.monotonic()


def build(
    settings: Settings,
    name: str,
    config: ConnectionConfig,
    *,
    base_dir: Path,
    lease: Lease | None = None,
    bucket: Bucket | None = None,
    lane: str = "bulk",
) -> Connector:
    """The connector of a connection. `bucket`: the shared call budget, used when the admin set calls_per_second; of it
    the bulk `lane` leaves a share to the realtime one."""
    kind, _ = registry.load(config.connector)
    paths = {one.name for one in kind.spec() if one.kind == "path"}
    values = {
        key: str((base_dir / value).resolve()) if key in paths and isinstance(value, str) else value
        for key, value in config.settings.items()
    }
    view = ConnectionView(
        name=name,
        settings=values,
        secret=_secrets(settings, config),
        timezone=config.timezone,
        files=config.files,
        tokens=StoredTokens(settings, name),
    )
    return registry.build(
        config.connector,
        view,
        deadline=lease.remaining if lease else None,
        budget=_budget(name, config, bucket, lane=lane),
        allow_private=config.allow_private,
    )


def _secrets(settings: Settings, config: ConnectionConfig) -> Callable[[str], str | None]:
    def secret(name: str) -> str | None:
        reference: Any = config.settings.get(name)
        if reference is None:
            return None
        if not isinstance(reference, str) or not reference.startswith(("env:", "file:")):
            raise WrongUse(f"{name} is not a reference", fix=f'Write {name} = "env:NAME" or "file:PATH".')
        resolved = resolve_secret(reference, home=settings.home)
        logging_setup.learn(resolved)
        return resolved

    return secret


def _budget(
    name: str, config: ConnectionConfig, bucket: Bucket | None, *, lane: str
) -> Callable[[], None] | None:
    rate = config.calls_per_second
    if bucket is None or not rate:
        return None
    burst = max(1.0, rate * _BURST_SECONDS)
    kept = 0.0 if lane == "realtime" else burst * KEPT_SHARE
    return pace(bucket, name, rate=rate, burst=burst, reserve=kept, longest=_PATIENCE)
