"""The supervisor: starts the parts in order, keeps them alive, stops them in order within a bounded time."""

from __future__ import annotations

import fcntl
import logging
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import FrameType

from hub.errors import ConnectionBroken, WrongUse
from hub.queue import QUEUES
from hub.settings import Settings
from hub.supervise import embedded
from hub.supervise.part import Part, Spec

log = logging.getLogger(__name__)

_READY_WITHIN = 60.0
_QUEUE_WITHIN = 10.0


def up(settings: Settings, *, say: Callable[[str], None] = print) -> int:
    """Run the whole hub of this home until SIGINT or SIGTERM; the exit code.

    `say` gets the address once the web part answers, and a word at the end; everything else is logged. Must be called
    in the main thread. Raises WrongUse when another `hub up` runs in this home or the port is taken, ConnectionBroken
    when the embedded queue server does not start.
    """
    with _only_one(settings):
        port = _port(settings)
        specs = parts(settings, port=port)
        host = _reachable(settings.web_host)
        address = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
        with Supervisor(stop_seconds=settings.stop_seconds) as supervisor:
            if settings.embedded_queue:
                start_queue(supervisor, settings)
            supervisor.add(specs)
            if supervisor.wait_until(lambda: _listens(settings.web_host, port), seconds=_READY_WITHIN):
                say(f"CRM Hub is up at {address} (Ctrl-C stops it)")
            elif not supervisor.stopping:
                log.error("the web part does not answer at %s yet; see above", address)
            supervisor.run()
            say("Stopping…")
        say("Stopped.")
    return 0


def parts(settings: Settings, *, port: int) -> list[Spec]:
    """The parts besides the queue server, in the order of starting."""
    base = (sys.executable, "-P", "-m", "hub", "--home", str(settings.home))
    counts = {
        "pull": settings.pull_workers,
        "bulk": settings.bulk_workers,
        "realtime": settings.realtime_workers,
    }
    workers = [
        Spec(
            name=f"worker {queue}" + (f" {number + 1}" if counts[queue] > 1 else ""),
            command=(*base, "worker", queue),
            patience=float(settings.stop_seconds),
            orphaned=signal.SIGKILL,  # it would finish its job first, for minutes; the work is safe in the database
            nudges=True,
        )
        for queue in QUEUES
        for number in range(counts[queue])
    ]
    web = Spec("web", (*base, "web", "--host", settings.web_host, "--port", str(port)))
    return [*workers, web, Spec("scheduler", (*base, "scheduler"))]


class Supervisor:
    """Keeps parts alive until a signal. Used as a context, in the main thread; leaving it stops everything."""

    def __init__(self, *, stop_seconds: float) -> None:
        self._parts: list[Part] = []
        self._stop_seconds = stop_seconds
        self._signals = 0
        self._before: dict[signal.Signals, object] = {}

    @property
    def stopping(self) -> bool:
        return self._signals > 0

    @property
    def parts(self) -> Sequence[Part]:
        return tuple(self._parts)

    def __enter__(self) -> Supervisor:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) != signal.SIG_IGN or number != signal.SIGHUP:  # nohup
                self._before[number] = signal.signal(number, self._on_signal)
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self._stop()
        finally:
            for number, handler in self._before.items():
                signal.signal(number, handler)  # type: ignore[arg-type]

    def add(self, specs: Sequence[Spec]) -> None:
        """Start these, in this order; they stop in the opposite one."""
        for spec in specs:
            part = Part(spec)
            self._parts.append(part)
            part.tend()

    def run(self) -> None:
        """Tend the parts until a signal."""
        self.wait_until(lambda: False, seconds=None)

    def wait_until(self, ready: Callable[[], bool], *, seconds: float | None) -> bool:
        """Tend the parts until `ready()`, a signal, or so many seconds; whether it was `ready`."""
        deadline = None if seconds is None else time.monotonic() + seconds
        while not self.stopping:
            for part in self._parts:
                part.tend()
            if ready():
                return True
            if deadline is not None and time.monotonic() >= deadline:
                return False
            time.sleep(0.1)
        return False

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self._signals += 1

    def _stop(self) -> None:
        """The last started first; those that serve the others after them. A second signal hastens it."""
        self._signals = max(self._signals, 1)
        for serves in (False, True):
            leaving = [part for part in reversed(self._parts) if part.spec.serves == serves]
            for part in leaving:
                part.ask_to_stop()
            for part in leaving:
                part.stop(hurry=lambda: self._signals > 1)
        self._parts.clear()


def start_queue(supervisor: Supervisor, settings: Settings) -> None:
    """The embedded server, ready. One that cannot read what it left is started anew without it (DESIGN §7)."""
    gone = time.monotonic() + _QUEUE_WITHIN
    while embedded.answers(settings) and time.monotonic() < gone:
        time.sleep(0.1)  # of a supervisor that was killed: it is about to end
    spec = embedded.spec(settings)
    supervisor.add([spec])
    part = supervisor.parts[-1]
    ready = partial(embedded.answers, settings)
    if supervisor.wait_until(lambda: ready() or part.starts > 1, seconds=_QUEUE_WITHIN) and ready():
        return
    aside = embedded.put_aside(settings)
    if aside is not None and not supervisor.stopping:
        log.warning(
            "the queue server could not read its file, which is now %s; the database has the work", aside
        )
        if supervisor.wait_until(ready, seconds=_QUEUE_WITHIN):
            return
    if not supervisor.stopping:
        raise ConnectionBroken(
            "The queue server does not start.",
            cause=_tail(spec.log_file),
            fix="Or set redis_url to one that runs.",
        )


@contextmanager
def _only_one(settings: Settings) -> Iterator[None]:
    """Hold this home's lock, which the system gives back however we end. Raises WrongUse."""
    settings.data.mkdir(parents=True, exist_ok=True)
    with (settings.data / "up.lock").open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.seek(0)
            raise WrongUse(f"`hub up` runs in this home already (process {file.read().strip()}).") from None
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        yield


def _port(settings: Settings) -> int:
    """The port to listen on, found free now. Raises WrongUse if it is taken."""
    family = socket.AF_INET6 if ":" in settings.web_host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.web_host, settings.web_port))
        except OSError as error:
            raise WrongUse(
                f"The web part cannot listen on {settings.web_host}:{settings.web_port}.",
                cause=error.strerror,
                fix="Set web_port (HUB_WEB_PORT) to another; 0 takes a free one.",
            ) from None
        return int(probe.getsockname()[1])


def _listens(host: str, port: int) -> bool:
    try:
        with socket.create_connection((_reachable(host), port), timeout=1.0):
            return True
    except OSError:
        return False


def _reachable(host: str) -> str:
    """An address one can go to, for one that means all of them."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(host, host)  # noqa: S104


def _tail(file: Path | None) -> str | None:
    if file is None or not file.exists():
        return None
    lines = file.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return " / ".join(lines[-3:]) or None
