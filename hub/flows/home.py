"""A home from nothing to ready: its files, its store; and what a look at it finds (`hub doctor`)."""

from __future__ import annotations

import ipaddress
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError

from hub import resources
from hub import settings as process_settings
from hub.errors import HubError, RemoteUnavailable, WrongUse
from hub.flows.config import from_json
from hub.flows.configure import load_stored
from hub.flows.connection_place import MapText
from hub.flows.wiring import load_wiring
from hub.queue import open_queue
from hub.sdk import registry
from hub.settings import Settings, read_keys, resolve_secret
from hub.store.queries import heartbeats, schema
from hub.store.queries.connection_state import STOPPED
from hub.store.session import Database

_LEAST_FREE = 200 * 1024 * 1024  # bytes


class Check(NamedTuple):
    """One thing looked at: how it is, and how to mend it."""

    step: str
    ok: bool
    detail: str
    fix: str | None = None


def create(folder: Path) -> Settings:
    """Make or repair a home and its store. Nothing that is there is overwritten."""
    home = process_settings.create_home(folder, template=resources.config_text("hub.toml"))
    settings = process_settings.load(home)
    upgrade(settings)
    return settings


def upgrade(settings: Settings) -> None:
    """Bring the store to this program's schema. Raises RemoteUnavailable when the database does not answer."""
    from hub.store import migrate  # half a second of import that other commands do not need

    try:
        migrate.upgrade(settings.database_url)
    except OperationalError as error:
        raise _no_answer(settings, error) from None


def open_store(settings: Settings) -> Database:
    """The store, known to answer and to have this program's schema. Raises WrongUse, RemoteUnavailable."""
    db = Database(settings.database_url)
    try:
        with db.read() as conn:
            found = schema.version(conn)
    except OperationalError as error:
        db.close()
        raise _no_answer(settings, error) from None
    if found != schema.newest():
        db.close()
        what = (
            "is not set up yet"
            if found is None
            else f"has schema {found}, this program needs {schema.newest()}"
        )
        raise WrongUse(f"The store {what}.", fix=f"Run: hub init {settings.home}")
    return db


def check_reach(settings: Settings, host: str) -> None:
    """The pages have no users yet: refuse to show them beyond this machine unless the admin says so (WrongUse)."""
    if settings.web_reach == "loopback" and not is_loopback(host):
        raise WrongUse(
            f"The pages would be open to everyone who reaches {host or 'this machine'}: they have no users yet.",
            fix='Listen on 127.0.0.1, or say web_reach = "anyone" where something before them asks who it is.',
        )


def is_loopback(host: str) -> bool:
    """Whether this name or address is of this machine alone."""
    if host.lower() == "localhost" or host.lower().endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def doctor(settings: Settings) -> Iterator[Check]:
    """Look at everything a hub stands on, step by step. Goes on after what fails, as far as it can."""
    yield Check("program", True, f"Python {sys.version.split()[0]}, home {settings.home}")
    yield attempt("packages", resources.check_siblings, "connectors and jobs are CRM Hub's own")
    yield attempt("key file", lambda: read_keys(settings), str(settings.key_file))
    yield _disk(settings)
    try:
        db = open_store(settings)
    except HubError as error:
        yield Check("store", False, _said(error), error.fix)
        return
    try:
        shown = make_url(settings.database_url).render_as_string(hide_password=True)
        yield Check("store", True, f"{shown}, schema {schema.newest()}")
        yield from _queue(settings, db)
        yield from _connectors()
        yield from _connections(settings, db)
    finally:
        db.close()


def _queue(settings: Settings, db: Database) -> Iterator[Check]:
    queue = open_queue(settings)
    answers = queue.available()
    queue.close()
    where = settings.queue_url.rpartition("@")[2]
    if answers:
        yield Check("queue", True, f"answers at {where}")
    elif settings.embedded_queue:
        yield Check("queue", True, "embedded, not running: `hub up` starts it; `hub sync` works without")
    else:
        yield Check("queue", False, f"does not answer at {where}", "Start it, or correct redis_url.")
    living = heartbeats.alive(db, now=time.time())
    yield Check("workers", True, "alive" if living else "none: `hub sync` works inline until `hub up` runs")


def _connectors() -> Iterator[Check]:
    found = registry.connectors()
    broken = {name: entry.problem for name, entry in found.items() if entry.problem}
    for name, problem in broken.items():
        yield Check(f"connector {name}", False, str(problem), "Reinstall or remove its package.")
    yield Check("connectors", True, ", ".join(name for name in found if name not in broken))


def _connections(settings: Settings, db: Database) -> Iterator[Check]:
    with db.read() as conn:
        stored = load_stored(conn)
    for name, one in stored.items():
        step = f"connection {name}"
        if one.row.state in STOPPED:
            yield Check(
                step, False, one.row.reason or "stopped", f"Mend it, then: hub connection resume {name}"
            )
            continue
        problem = _secrets(settings, one.row.config) or _overlay(settings, name, one.maps)
        yield (
            problem._replace(step=step)
            if problem
            else Check(step, True, f"{one.row.connector}, {one.row.state}")
        )
    if stored:
        yield attempt("maps", lambda: load_wiring(db), "every map compiles")


def _secrets(settings: Settings, document: dict[str, object]) -> Check | None:
    config = from_json(document)
    try:
        secrets = {one.name for one in registry.load(config.connector)[0].spec() if one.kind == "secret"}
        for key, value in config.settings.items():
            if key in secrets:
                resolve_secret(str(value), home=settings.home)
    except HubError as error:
        return Check("", False, _said(error), error.fix)
    return None


def _overlay(settings: Settings, name: str, maps: Mapping[str, MapText]) -> Check | None:
    """An overlay in the home that was edited after it was applied."""
    for object, texts in maps.items():
        file = settings.overlays / f"{name}.{object}.toml"
        if file.is_file() and file.read_text(encoding="utf-8-sig") != texts.overlay:
            return Check(
                "",
                False,
                f"{file.name} differs from the overlay that is in force",
                f"hub connection set {name} {object}.overlay={file}",
            )
    return None


def _disk(settings: Settings) -> Check:
    free = shutil.disk_usage(settings.data if settings.data.is_dir() else settings.home).free
    shown = f"{free / 1024**3:.1f} GB free in {settings.data}"
    return Check("disk", free >= _LEAST_FREE, shown, None if free >= _LEAST_FREE else "Make room.")


def attempt(step: str, act: Callable[[], object], detail: str) -> Check:
    """A check that fails with what `act` raises."""
    try:
        act()
    except HubError as error:
        return Check(step, False, _said(error), error.fix)
    return Check(step, True, detail)


def _said(error: HubError) -> str:
    return f"{error.message} Why: {error.cause}" if error.cause else error.message


def _no_answer(settings: Settings, error: OperationalError) -> RemoteUnavailable:
    shown = make_url(settings.database_url).render_as_string(hide_password=True)
    return RemoteUnavailable(
        f"The database {shown} does not answer.",
        cause=str(error.orig).strip().splitlines()[0] if error.orig else None,
        fix="Start it, or correct database_url in hub.toml.",
    )
