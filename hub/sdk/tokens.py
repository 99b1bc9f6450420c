"""Where OAuth tokens of a connection are kept: a small protocol, and a store in memory.

One call changes them, `swap`, and it compares first: so two workers can neither overwrite each other's refresh token
nor refresh at the same moment (the right to refresh is a swap of its own, `claimed_until`).
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Tokens:
    """What an authorisation server gave us. Times: epoch seconds, our clock.

    access: None if there is none yet, or it is known to be dead. expires_at: of the access token; 0 = at once.
    extra: what its answer said besides, such as the host that this account's data lives at. seed: which configured
    secret the refresh token stems from, so that a new one in the configuration wins over what is stored.
    claimed_until: somebody refreshes until then. grant: how they are got. refresh_expires_at: of the refresh token, if
    the server tells.
    """

    access: str | None = None
    refresh: str | None = None
    expires_at: float = 0.0
    extra: Mapping[str, str] = field(default_factory=dict)
    seed: str = ""
    claimed_until: float = 0.0
    grant: str = ""
    refresh_expires_at: float | None = None

    def __repr__(self) -> str:
        return f"Tokens(***, expires_at={self.expires_at}, extra={dict(self.extra)!r})"

    def to_json(self) -> dict[str, Any]:
        return {
            "access": self.access,
            "refresh": self.refresh,
            "expires_at": self.expires_at,
            "extra": dict(self.extra),
            "seed": self.seed,
            "claimed_until": self.claimed_until,
            "grant": self.grant,
            "refresh_expires_at": self.refresh_expires_at,
        }

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Tokens:
        return cls(
            kept.get("access"),
            kept.get("refresh"),
            float(kept.get("expires_at") or 0.0),
            {str(name): str(value) for name, value in (kept.get("extra") or {}).items()},
            str(kept.get("seed") or ""),
            float(kept.get("claimed_until") or 0.0),
            str(kept.get("grant") or ""),
            kept.get("refresh_expires_at"),
        )


class TokenStore(Protocol):
    """The tokens of one connection."""

    def load(self) -> Tokens | None:
        """As they stand; None: there are none yet."""

    def swap(self, old: Tokens | None, new: Tokens) -> bool:
        """Store `new` if what stands is still exactly `old`; durable when it returns. False: somebody was faster."""


class MemoryTokens:
    """Tokens for the life of this object: for tests, and for a check before anything is stored."""

    def __init__(self, tokens: Tokens | None = None) -> None:
        self._tokens = tokens
        self._lock = threading.Lock()

    def load(self) -> Tokens | None:
        return self._tokens

    def swap(self, old: Tokens | None, new: Tokens) -> bool:
        with self._lock:
            if self._tokens != old:
                return False
            self._tokens = new
            return True
