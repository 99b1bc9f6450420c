"""How often a remote may be called: a token bucket per key. The shared one is `hub.queue`'s; this one a process's."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Protocol

from hub.errors import RateLimited, WrongUse


class Bucket(Protocol):
    """A token bucket per key."""

    def take(self, key: str, *, rate: float, burst: float, reserve: float = 0.0) -> float:
        """Take one call of `rate` per second, at most `burst` at once, leaving `reserve` to others (the realtime lane).

        Returns the seconds to wait before asking again; 0.0 = taken.
        """

    def hold(self, key: str, *, seconds: float) -> None:
        """Nobody takes from this key for so long: the remote said Retry-After, or its quota is used up."""


class LocalBucket:
    """The budget of one process, for when there is no Redis. Threads of the process share it."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._state: dict[str, tuple[float, float]] = {}
        self._held: dict[str, float] = {}

    def take(self, key: str, *, rate: float, burst: float, reserve: float = 0.0) -> float:
        reserve = bounded_reserve(rate=rate, burst=burst, reserve=reserve)
        with self._lock:
            now = self._clock()
            held = self._held.get(key, 0.0)
            if held > now:
                return held - now
            tokens, at = self._state.get(key, (burst, now))
            tokens = min(burst, tokens + (now - at) * rate)
            taken = tokens - 1 >= reserve
            self._state[key] = (tokens - 1 if taken else tokens, now)
            return 0.0 if taken else (reserve + 1 - tokens) / rate

    def hold(self, key: str, *, seconds: float) -> None:
        with self._lock:
            self._held[key] = max(self._held.get(key, 0.0), self._clock() + seconds)


def pace(
    bucket: Bucket,
    key: str,
    *,
    rate: float,
    burst: float,
    reserve: float = 0.0,
    longest: float = 5.0,
    sleep: Callable[[float], None] = time.sleep,
) -> Callable[[], None]:
    """What the SDK's Http takes as `budget`: called before each call, it sleeps until one is free.

    Rather than sleep longer than `longest` seconds in one go it raises RateLimited(after=…): a worker should not idle.
    """

    def before_call() -> None:
        slept = 0.0
        while wait := bucket.take(key, rate=rate, burst=burst, reserve=reserve):
            if slept + wait > longest:
                raise RateLimited(f"Our call budget for {key} is used up.", after=wait)
            sleep(wait)
            slept += wait

    return before_call


def bounded_reserve(*, rate: float, burst: float, reserve: float) -> float:
    """A reserve that still lets one call through. Raises WrongUse for a bucket that could never give any."""
    if rate <= 0 or burst < 1:
        raise WrongUse(f"A call budget of {rate} per second, {burst} at once, allows no call.")
    return max(0.0, min(reserve, burst - 1))
