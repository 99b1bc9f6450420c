"""One supervised part: a child process in a group of its own, started again with growing pauses when it dies."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from hub import leash

log = logging.getLogger(__name__)

_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 30.0
_NUDGE = 2.0
_STDERR = 2
_SETTLED = 30.0  # a child that lived so long starts with a short pause again


@dataclass(frozen=True, slots=True)
class Spec:
    """What to run, and how it ends."""

    name: str
    command: Sequence[str]
    patience: float = 5.0  # seconds it may take to end after SIGTERM
    nudges: bool = False  # a second SIGTERM makes it drop what it is doing (an RQ worker)
    orphaned: signal.Signals = signal.SIGTERM  # what it gets when the supervisor itself was killed
    serves: bool = False  # the other parts need it: it ends after them
    log_file: Path | None = None  # where its output goes, instead of the supervisor's own


class Part:
    """The life of one Spec. Times are seconds of `clock`, which never goes back."""

    def __init__(self, spec: Spec, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.spec = spec
        self.starts = 0
        self._clock = clock
        self._process: subprocess.Popen[bytes] | None = None
        self._started_at = 0.0
        self._pause = _FIRST_PAUSE
        self._due = 0.0
        self._asked_at = 0.0

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def tend(self) -> None:
        """Start what is due; notice what died. To be called again and again."""
        if self._process is None:
            if self._clock() >= self._due:
                self._start()
            return
        code = self._process.poll()
        if code is None:
            return
        lived = self._clock() - self._started_at
        self._sweep(signal.SIGKILL)
        self._process = None
        self._pause = _FIRST_PAUSE if lived >= _SETTLED else self._pause
        self._due = self._clock() + self._pause
        log.warning(
            "%s ended (%s) after %.0f s; again in %.1f s", self.spec.name, _how(code), lived, self._pause
        )
        self._pause = min(self._pause * 2, _LONGEST_PAUSE)

    def ask_to_stop(self) -> None:
        self._asked_at = self._clock()
        self._signal(signal.SIGTERM)

    def stop(self, *, hurry: Callable[[], bool]) -> None:
        """Wait, after `ask_to_stop`, until it ended; past its patience (or in a hurry) nudge it; kill its group."""
        if self._process is None:
            return
        if not self._ended(by=self._asked_at + self.spec.patience, hurry=hurry) and self.spec.nudges:
            log.warning("%s is ended in the middle of its job, which is taken up again later", self.spec.name)
            self._signal(signal.SIGTERM)
            self._ended(by=self._clock() + _NUDGE, hurry=lambda: False)
        self._sweep(signal.SIGKILL)
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(5)
        self._process = None

    def _ended(self, *, by: float, hurry: Callable[[], bool]) -> bool:
        while self.alive and self._clock() < by and not hurry():
            time.sleep(0.02)
        return not self.alive

    def _start(self) -> None:
        self.starts += 1
        self._started_at = self._clock()
        output = self.spec.log_file.open("ab") if self.spec.log_file else None
        try:
            self._process = subprocess.Popen(  # noqa: S603 - our own command
                list(self.spec.command),
                stdin=subprocess.DEVNULL,
                stdout=output or _STDERR,  # the supervisor's stdout is for the address
                stderr=output,
                process_group=0,  # so that Ctrl-C reaches the supervisor only, and a group can be ended whole
                preexec_fn=partial(leash.hold, os.getpid(), self.spec.orphaned),  # noqa: PLW1509 - we have no threads
            )
        finally:
            if output is not None:
                output.close()
        log.debug("%s started as %d", self.spec.name, self._process.pid)

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None:
            with suppress(ProcessLookupError):
                self._process.send_signal(number)

    def _sweep(self, number: signal.Signals) -> None:
        """End the whole group: what the child started itself must not stay and hold its port or its work."""
        if self._process is not None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, number)


def _how(code: int) -> str:
    return f"exit {code}" if code >= 0 else signal.Signals(-code).name
