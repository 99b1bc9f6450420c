"""The one table from error to next state (DESIGN §10.1), and the ladder across calls (DESIGN §7)."""

from __future__ import annotations

from typing import Literal, NamedTuple

from hub.errors import (
    ConnectionBroken,
    HubError,
    NeedsReauth,
    NeedsSteward,
    RateLimited,
    RecordRejected,
    RemoteUnavailable,
    RetryLater,
    Unsupported,
    WrongUse,
)

Act = Literal["later", "dead", "stop", "hold"]

SOON = 60.0  # seconds a person who waits for the end waits for a next attempt; what is put off longer is reported
QUOTA_SECONDS = 300.0  # a longer pause that a remote asks for is a quota's
LADDER = (300.0, 900.0, 3600.0, 4 * 3600.0, 12 * 3600.0, 24 * 3600.0)  # seconds before attempt 2, 3, …

# later: on the ladder · dead: a dead letter with its cause · stop: the connection waits for an admin · hold: a
# person decides
TABLE: tuple[tuple[type[HubError], Act], ...] = (
    (RetryLater, "later"),
    (ConnectionBroken, "stop"),
    (NeedsSteward, "hold"),
    (RecordRejected, "dead"),
    (Unsupported, "dead"),
    (WrongUse, "stop"),
)


class Next(NamedTuple):
    """What happens to the work. at: epoch seconds of the next attempt, for `later`. charged: it counts as an
    attempt."""

    act: Act
    at: float
    charged: bool


def parks(error: Exception) -> bool:
    """Whether the whole connection is left alone: the remote asks for a pause longer than a burst explains."""
    kinds = (RateLimited, RemoteUnavailable)
    return isinstance(error, kinds) and error.after is not None and error.after > QUOTA_SECONDS


def stops_as(error: HubError) -> str:
    """The state of a connection that stops for this error."""
    return "needs_reauth" if isinstance(error, NeedsReauth) else "broken"


def next_step(error: Exception, *, attempts: int, now: float) -> Next:
    """What happens after `error` in attempt `attempts` + 1. Anything unknown is retried, and in the end a dead
    letter."""
    act: Act = next((act for kind, act in TABLE if isinstance(error, kind)), "later")
    if act != "later":
        return Next(act, now, True)
    if isinstance(error, RetryLater) and error.after is not None:
        return Next("later", now + max(1.0, error.after), False)
    if attempts >= len(LADDER):
        return Next("dead", now, True)
    return Next("later", now + LADDER[attempts], True)
