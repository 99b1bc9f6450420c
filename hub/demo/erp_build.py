"""Builds, once per machine, what a real ERP needs to start fast: its virtual environment and a template database.

Both are kept in the user's cache, under a name made from everything that went into them, so a new version of this file
builds anew and an old one never passes for it.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from hub.canonical.country import COUNTRIES
from hub.errors import ConnectionBroken

Progress = Callable[[str], None]

DATABASE = "hub"
# Parties and sale orders with their invoices and shipments.
MODULES = ("party", "sale", "account_invoice", "stock")
CURRENCIES = {"EUR": "1.00", "USD": "1.10", "GBP": "0.85", "CNY": "7.80", "JPY": "160.00"}
"""What the company sells in, the first its own; how much of each one of that is worth."""
TAX_RATES = ("0.20", "0.19", "0.13", "0.07", "0.06")
# phonenumbers makes the ERP check and reformat phone numbers, as most real installations do. No e-mail validator: it
# would look up DNS for each address.
REQUIREMENTS = (
    *("trytond~=8.2.0", "trytond_party[phonenumbers-lite]~=8.2.0"),
    *("trytond_sale~=8.2.0", "proteus~=8.2.0"),
)
BUILD_SECONDS = 600

_HERE = Path(__file__).parent
_BOOTSTRAP = _HERE / "erp_bootstrap.py"


class Installed(NamedTuple):
    """A built ERP: its interpreter and a database nobody has written to."""

    python: Path
    template: Path


def cache_folder() -> Path:
    """Where built ERPs are kept when nobody says otherwise: `crm-hub` in the user's cache folder."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "crm-hub"


def installed(cache: Path, *, progress: Progress) -> Installed:
    """The ERP built in `cache`, built now if it is not there. Raises ConnectionBroken when that fails."""
    wanted = _wanted()
    folder = cache / "erp" / _digest(wanted)
    python = folder / "venv" / "bin" / "python"
    template = folder / "template" / f"{DATABASE}.sqlite"
    ready = folder / "ready"
    with _lock(cache / "erp"):
        if not (ready.exists() and python.exists() and template.exists()):
            shutil.rmtree(folder, ignore_errors=True)
            template.parent.mkdir(parents=True)
            progress(f"installing the ERP ({', '.join(REQUIREMENTS)}), once, in {folder}")
            begun = time.monotonic()
            _make_venv(folder)
            progress(f"making an empty ERP database, once (installing took {time.monotonic() - begun:.0f} s)")
            begun = time.monotonic()
            _make_template(folder, python, template, wanted)
            progress(f"the ERP database is made ({time.monotonic() - begun:.0f} s)")
            ready.touch()
    return Installed(python, template)


def write_config(file: Path, *, databases: Path, port: int) -> None:
    """The ERP's configuration: SQLite in `databases`, loopback only."""
    lines = ["[database]", "uri = sqlite://", f"path = {databases}", "[web]", f"listen = 127.0.0.1:{port}"]
    file.write_text("\n".join([*lines, "[session]", "authentications = password", ""]), encoding="utf-8")


def clean_environment() -> Mapping[str, str]:
    """Our environment without what would lead another interpreter into our packages or another ERP's configuration."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PYTHON", "TRYTON")) and name not in {"VIRTUAL_ENV", "TZ"}
    }


def _wanted() -> dict[str, object]:
    """What the template database shall hold. With the year in it, for books are opened by the year."""
    year = datetime.now(UTC).year
    return {
        "database": DATABASE,
        "modules": list(MODULES),
        "countries": _countries(),
        "currencies": CURRENCIES,
        "tax_rates": list(TAX_RATES),
        "years": [year - 1, year, year + 1],
    }


def _countries() -> list[tuple[str, str]]:
    return [(code, one.english) for code, one in sorted(COUNTRIES.items())]


def _digest(wanted: Mapping[str, object]) -> str:
    what = [sys.version, REQUIREMENTS, wanted, _BOOTSTRAP.read_text(encoding="utf-8")]
    return hashlib.sha256(json.dumps(what, sort_keys=True).encode()).hexdigest()[:12]


def _make_venv(folder: Path) -> None:
    venv = folder / "venv"
    _run([sys.executable, "-m", "venv", str(venv)], folder)
    pip = [str(venv / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    _run([*pip, *REQUIREMENTS], folder)


def _make_template(folder: Path, python: Path, template: Path, wanted: Mapping[str, object]) -> None:
    config, wishes = folder / "template.conf", folder / "wanted.json"
    write_config(config, databases=template.parent, port=0)
    wishes.write_text(json.dumps(wanted), encoding="utf-8")
    _run([str(python), str(_BOOTSTRAP), str(config), str(wishes)], folder)
    with closing(sqlite3.connect(template)) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _run(command: list[str], folder: Path) -> None:
    log = folder / "build.log"
    with log.open("ab") as out:
        try:
            done = subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                env=clean_environment(),
                cwd=folder,
                timeout=BUILD_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise ConnectionBroken(f"building the ERP took over {BUILD_SECONDS} s", cause=tail(log)) from None
    if done.returncode:
        raise ConnectionBroken(
            "the ERP could not be built",
            cause=tail(log),
            fix=f"it is installed from PyPI: is that reachable? The whole log: {log}",
        )


def tail(log: Path, *, size: int = 1500) -> str:
    """The end of a log, for a cause."""
    try:
        return log.read_bytes()[-size:].decode("utf-8", "replace").strip()
    except OSError:
        return ""


@contextmanager
def _lock(folder: Path) -> Iterator[None]:
    """One build at a time on this machine; the others wait and find it done."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
