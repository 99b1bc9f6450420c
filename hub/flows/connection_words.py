"""A connection as words of a command line: `url=…`, `customer.create=all`, `file.match=*.csv`."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from hub.errors import HubError, WrongUse
from hub.flows.config import OBJECTS
from hub.flows.configure import Step, apply, load_stored, named
from hub.flows.connection_check import check_connection
from hub.flows.connection_file import Document
from hub.flows.connection_place import Place
from hub.flows.connection_text import to_table
from hub.sdk import registry
from hub.store.queries import connections
from hub.store.session import Database

_KINDS = {
    "priority": "int",
    "unique_customers": "bool",
    "allow_private": "bool",
    "calls_per_second": "number",
    "pull": "bool",
    "update": "bool",
    "complete": "bool",
}
_PER_PATH = ("direction", "owner", "blank")


def add(
    db: Database,
    name: str,
    *,
    connector: str,
    words: Iterable[str],
    cwd: Path,
    home: Path,
    by: str,
    now: float,
) -> Step:
    """A new connection from `KEY=VALUE` words; paths in them are relative to `cwd`. Raises WrongUse."""
    with db.read() as conn:
        known = connections.by_name(conn, name)
    if known is not None and known.state != "removed":
        raise WrongUse(
            f'There is a connection "{name}" already.', fix=f"Change it: hub connection set {name} …"
        )
    return _apply(db, name, laid({"connector": connector}, words), cwd=cwd, home=home, by=by, now=now)


def change(
    db: Database, name: str, *, words: Iterable[str], cwd: Path, home: Path, by: str, now: float
) -> Step:
    """Change keys of a connection; `KEY=` takes a key out. Raises NotFound, WrongUse."""
    with db.read() as conn:
        stored = named(load_stored(conn), name)
    return _apply(db, name, laid(to_table(stored), words), cwd=cwd, home=home, by=by, now=now)


def _apply(
    db: Database, name: str, table: Mapping[str, Any], *, cwd: Path, home: Path, by: str, now: float
) -> Step:
    place = Place(None, {})
    wanted = check_connection(name, table, place=place, base_dir=cwd, home=home)
    return apply(db, Document({name: wanted}, None, place), by=by, now=now)[0]


def laid(table: Mapping[str, Any], words: Iterable[str]) -> dict[str, Any]:
    """The table with the words laid over it."""
    result: dict[str, Any] = copy.deepcopy(dict(table))
    kinds = _KINDS | _setting_kinds(str(table.get("connector")))
    for word in words:
        key, equals, value = word.partition("=")
        if not equals or not key:
            raise WrongUse(f'"{word}" is not KEY=VALUE.', fix="For example: url=https://erp.example.org")
        where, last = _place(result, key.split("."))
        if not value:
            where.pop(last, None)
        else:
            where[last] = _typed(
                value, kinds.get(last if where is result or last in _KINDS else "", "text"), key
            )
        if last in ("map", "overlay"):
            where.pop(f"{last}_text", None)  # the named file counts, not what was kept
    return result


def _place(table: dict[str, Any], keys: list[str]) -> tuple[dict[str, Any], str]:
    """The table and key that dotted keys name; the rest after direction, owner, blank is one path."""
    if keys[0] == "file":
        files: list[dict[str, Any]] = table.setdefault("file", [])
        number = int(keys.pop(1)) if len(keys) > 2 and keys[1].isdigit() else 1
        if number > len(files) + 1 or number < 1 or len(keys) != 2:
            raise WrongUse(
                f'"{".".join(keys)}" names no file table.', fix="Write file.match=… or file.2.match=…"
            )
        if number == len(files) + 1:
            files.append({})
        return files[number - 1], keys[1]
    if len(keys) == 1:
        return table, keys[0]
    if keys[0] == "owners":
        return table.setdefault("owners", {}), ".".join(keys[1:])
    if keys[0] not in OBJECTS:
        raise WrongUse(
            f'"{".".join(keys)}" is no key.', fix=f"Before the dot stands one of: {', '.join(OBJECTS)}, file."
        )
    inner: dict[str, Any] = table.setdefault(keys[0], {})
    if keys[1] in _PER_PATH and len(keys) > 2:
        return inner.setdefault(keys[1], {}), ".".join(keys[2:])
    return inner, ".".join(keys[1:])


def _setting_kinds(connector: str) -> dict[str, str]:
    try:
        return {one.name: one.kind for one in registry.load(connector)[0].spec()}
    except HubError:  # the check that follows says what is wrong with it
        return {}


def _typed(value: str, kind: str, key: str) -> Any:
    if kind == "bool":
        if value.lower() not in ("true", "false"):
            raise WrongUse(f"{key} is true or false, not {value!r}.")
        return value.lower() == "true"
    if kind in ("int", "number"):
        try:
            return int(value) if kind == "int" else float(value)
        except ValueError:
            raise WrongUse(f"{key} is a number, not {value!r}.") from None
    if kind == "list":
        return [one.strip() for one in value.split(",") if one.strip()]
    return value
