"""One `[connection.NAME]` table, checked key by key, whether a file or a command line gave it."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

from hub.canonical import paths
from hub.canonical.country import COUNTRIES, to_country
from hub.canonical.moment import zone
from hub.canonical.money import to_currency
from hub.canonical.unfit import Unfit
from hub.errors import HubError, WrongFile, WrongUse
from hub.flows.config import COMMON, FILE_KEYS, OBJECT_KEYS, OBJECTS, ConnectionConfig, ObjectConfig
from hub.flows.connection_place import MapText, Place, Wanted, by_path, refuse_unknown
from hub.flows.timetable import MISSED, quiet_hours, timetable
from hub.golden.rules import compile_rules
from hub.sdk import registry
from hub.sdk.connector import Setting
from hub.sdk.manifest import Manifest, ObjectCapabilities
from hub.sdk.spec import KINDS
from hub.sync.policy import BLANK_RULES, DIRECTIONS
from hub.sync.scope import CREATE_POLICIES, EXIT_POLICIES, compile_scope
from hub.sync.where import parse_where

NAME = re.compile(r"[a-z][a-z0-9_-]*")
RESERVED = ("api",)  # the built-in connection of writes by API
DELETE_RULES = ("unlink", "archive", "ignore")
TEXTS = ("map_text", "overlay_text")  # a map or overlay written into the file itself, as `export config` does
_OWN = ("connector", "paused", "file")
_WORDS: Mapping[str, tuple[str, ...]] = {
    "create": CREATE_POLICIES,
    "on_exit": EXIT_POLICIES,
    "delete": DELETE_RULES,
    "missed": MISSED,
}
_WRITE_BACK = "write_back"  # the setting of connectors that never write in place: without it they only read


def check_connection(
    name: str, table: Any, *, place: Place, base_dir: Path, home: Path | None = None
) -> Wanted:
    """Check every key of one connection. Raises WrongFile (file, line, nearest word), or WrongUse for a command line.

    Reads the map and overlay files it names, relative to `base_dir`; `home`: where `overlays/` may hold more of them.
    """
    return _Checker(name, table, place=place, base_dir=base_dir).run(home)


class _Checker:
    """One pass over the table of one connection."""

    def __init__(self, name: str, table: Any, *, place: Place, base_dir: Path) -> None:
        self.name = name
        self.at: tuple[str, ...] = ("connection", name)
        self.place = place
        self.base_dir = base_dir
        if not NAME.fullmatch(name) or name in RESERVED:
            why = "is kept for the hub itself" if name in RESERVED else "is no name of a connection"
            self.refuse((), f'"{name}" {why}', fix="Lower-case letters, digits, _ and -, a letter first.")
        if not isinstance(table, dict):
            self.refuse((), f'"{name}" must be a table', fix=f"Write [connection.{name}].")
        self.table: dict[str, Any] = table
        connector = table.get("connector")
        if not isinstance(connector, str):
            self.refuse(
                ("connector",), f'"{name}" does not say its connector', fix='Write connector = "files".'
            )
        self.connector = connector
        self.spec, self.manifest = self._load(connector)

    def refuse(self, keys: Sequence[str], message: str, *, fix: str | None = None) -> NoReturn:
        self.place.refuse((*self.at, *keys), message, fix=fix)

    def _load(self, connector: str) -> tuple[Mapping[str, Setting], Manifest]:
        try:
            kind, manifest = registry.load(connector)
        except HubError as error:
            self.refuse(("connector",), error.message, fix=error.fix or error.cause)
        return {one.name: one for one in kind.spec() if one.name not in COMMON}, manifest

    def run(self, home: Path | None) -> Wanted:
        known = (*_OWN, *COMMON, *OBJECTS, *self.spec)
        for key in self.table:
            if key not in known:
                refuse_unknown(key, known, (*self.at, key), place=self.place, what="key")
        settings = self._settings()
        files = self._files()
        maps: dict[str, MapText] = {}
        for number, one in enumerate(files):
            if "map" in one:
                self._file_map(one, maps, at=("file", str(number), "map"))
        objects = {name: self._object(name, maps) for name in OBJECTS if name in self.table}
        named = list(dict.fromkeys([*(one["object"] for one in files), *objects])) or [self._first()]
        writes = bool(settings.get(_WRITE_BACK))
        for name in named:
            self._implied(name, objects, writes=writes)
            self._overlay_of_home(name, maps, home)
        paused = self.table.get("paused")
        if paused is not None and not isinstance(paused, bool):
            self.refuse(("paused",), "paused must be true or false")
        common = {name: self._common(name, self.table[name]) for name in COMMON if name in self.table}
        config = ConnectionConfig(
            connector=self.connector,
            settings=settings,
            objects=objects,
            files=tuple({key: value for key, value in one.items() if key != "map"} for one in files),
            **common,
        )
        return Wanted(self.name, config, maps, self.base_dir, paused)

    # --- the connector's own settings -------------------------------------------------------------

    def _settings(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, one in self.spec.items():
            value = self.table.get(key)
            if value is None or value == "":
                if one.required:
                    self.refuse((), f'the setting "{key}" is missing', fix=f"{key}: {one.help}.")
                continue
            right = isinstance(value, KINDS[one.kind]) and (one.kind == "bool" or not isinstance(value, bool))
            if not right:
                self.refuse((key,), f'"{key}" must be a {one.kind}', fix=f"{key}: {one.help}.")
            if one.kind == "secret" and not re.match(r"(env|file):.", value):
                self.refuse(
                    (key,),
                    f'"{key}" is a secret, and stands here in plain text',
                    fix=f'Write {key} = "env:NAME" (a variable) or "file:PATH" (a file, relative to the home).',
                )
            found[key] = _at_home(value) if one.kind == "path" else value
        return found

    def _common(self, key: str, value: Any) -> Any:
        checks: Mapping[str, tuple[str, Callable[[Any], bool]]] = {
            "priority": ("a whole number", lambda v: isinstance(v, int) and not isinstance(v, bool)),
            "unique_customers": ("true or false", lambda v: isinstance(v, bool)),
            "allow_private": ("true or false", lambda v: isinstance(v, bool)),
            "owners": ("a table of texts: our name or e-mail = their id", _words),
            "calls_per_second": (
                "a number above 0",
                lambda v: isinstance(v, int | float) and not isinstance(v, bool) and v > 0,
            ),
        }
        what, right = checks.get(key, ("a text", lambda v: isinstance(v, str) and bool(v.strip())))
        if not right(value):
            self.refuse((key,), f'"{key}" must be {what}, not {value!r}')
        try:
            if key == "country":
                value = to_country(value)
                if value not in COUNTRIES:
                    self.refuse(
                        (key,), f'"{value}" is no country', fix='Write its two letters, such as "DE".'
                    )
            elif key == "timezone":
                zone(value)
            elif key == "quiet":
                self._sound((key,), lambda: quiet_hours(value))
            elif key == "currency":
                value = to_currency(value)
        except Unfit as unfit:
            self.refuse((key,), f'{key}: "{value}" {unfit.reason}', fix=unfit.fix)
        return float(value) if key == "calls_per_second" else value

    # --- [[connection.NAME.file]] -----------------------------------------------------------------

    def _files(self) -> list[dict[str, Any]]:
        found = self.table.get("file", [])
        at = ("file",)
        if not isinstance(found, list) or any(not isinstance(one, dict) for one in found):
            self.refuse(at, '"file" must be tables', fix=f"Write [[connection.{self.name}.file]].")
        if found and not any(one.kind == "path" for one in self.spec.values()):
            self.refuse(at, f"the connector {self.connector} reads no files", fix='Use connector = "files".')
        return [self._file(dict(one), ("file", str(number))) for number, one in enumerate(found)]

    def _file(self, one: dict[str, Any], here: tuple[str, ...]) -> dict[str, Any]:
        for key, value in one.items():
            at = (*here, key)
            if key not in FILE_KEYS:
                refuse_unknown(key, FILE_KEYS, (*self.at, *at), place=self.place, what="key")
            if key == "complete":
                if not isinstance(value, bool):
                    self.refuse(at, '"complete" must be true or false')
            elif not isinstance(value, str) or not value:
                self.refuse(at, f'"{key}" must be a text')
        if "match" not in one:
            self.refuse(here, 'a file table lacks "match"', fix='Write match = "customers*.csv".')
        one.setdefault("object", "customer")
        self._capabilities(one["object"], (*here, "object"))
        encoding = one.get("encoding", "auto")
        try:
            _ = encoding == "auto" or codecs.lookup(encoding)
        except LookupError:
            self.refuse((*here, "encoding"), f'"{encoding}" is no encoding', fix='Write "auto" or "gb18030".')
        return one

    def _file_map(self, one: Mapping[str, Any], maps: dict[str, MapText], *, at: tuple[str, ...]) -> None:
        """The map a file table names; all tables of one object share one map."""
        text, label = self._text(one["map"], at)
        known = maps.get(one["object"])
        if known and known.map != text:
            self.refuse(
                at,
                f"the files of {one['object']} have two maps, {known.file} and {label}",
                fix="Give them one map, or make a second connection.",
            )
        maps[one["object"]] = MapText(file=label, map=text)

    # --- [connection.NAME.OBJECT] -----------------------------------------------------------------

    def _capabilities(self, object: str, keys: Sequence[str]) -> ObjectCapabilities:
        declared = self.manifest.objects.get(object)
        if object not in OBJECTS:
            refuse_unknown(object, OBJECTS, (*self.at, *keys), place=self.place, what="object")
        if declared is None:
            self.refuse(
                keys,
                f"the connector {self.connector} has no {object} records",
                fix=f"It has: {', '.join(self.manifest.objects)}.",
            )
        return declared

    def _object(self, object: str, maps: dict[str, MapText]) -> ObjectConfig:
        declared = self._capabilities(object, (object,))
        table = self.table[object]
        if not isinstance(table, dict):
            self.refuse((object,), f'"{object}" must be a table')
        known = (*OBJECT_KEYS, *TEXTS)
        values: dict[str, Any] = {}
        for key, value in table.items():
            if key not in known:
                refuse_unknown(key, known, (*self.at, object, key), place=self.place, what="key")
            if key not in (*TEXTS, "map", "overlay"):
                values[key] = self._rule(object, key, value)
        self._able(object, values, declared)
        maps[object] = self._maps(object, table, maps.get(object) or MapText())
        return ObjectConfig(**values)

    def _rule(self, object: str, key: str, value: Any) -> Any:
        at = (object, key)
        if key in ("pull", "update"):
            if not isinstance(value, bool):
                self.refuse(at, f'"{key}" must be true or false')
        elif key in ("direction", "owner", "blank"):
            return self._by_path(object, key, value)
        elif not isinstance(value, str):
            self.refuse(at, f'"{key}" must be a text')
        elif key in _WORDS and value not in _WORDS[key]:
            refuse_unknown(value, _WORDS[key], (*self.at, *at), place=self.place, what=f"word for {key}")
        elif key in ("schedule", "reconcile"):
            self._sound(at, lambda: timetable(value))
        elif key == "where":
            self._sound(at, lambda: parse_where(value))
        return value

    def _by_path(self, object: str, key: str, table: Any) -> dict[str, str]:
        """`direction.PATH`, `owner.PATH`, `blank.PATH`; dots that TOML took for nesting are put back."""
        allowed = {"direction": DIRECTIONS, "blank": BLANK_RULES}.get(key)
        if not isinstance(table, dict):
            self.refuse((object, key), f'"{key}" is per path', fix=f'Write {key}."PATH" = …')
        found = {}
        for path, value, keys in by_path(table):
            at = (object, key, *keys)
            if key == "owner":
                self._sound(at, lambda path=path: compile_rules({}, owners={path: ""}))  # type: ignore[misc]
            else:
                self._sound(at, lambda path=path: paths.parse(path, object=object))  # type: ignore[misc]
            if not isinstance(value, str):
                self.refuse(at, f'"{key}.{path}" must be a text')
            if allowed and value not in allowed:
                refuse_unknown(value, allowed, (*self.at, *at), place=self.place, what=f"word for {key}")
            found[path] = value
        return found

    def _able(self, object: str, values: Mapping[str, Any], declared: ObjectCapabilities) -> None:
        """Nothing is asked of a system that its connector cannot do."""
        create = values.get("create", "never")
        what = f"the connector {self.connector} cannot"
        if create != "never" and not declared.create:
            self.refuse((object, "create"), f"{what} create {object} records", fix='Write create = "never".')
        if values.get("update") and not declared.push:
            self.refuse((object, "update"), f"{what} write {object} records", fix="Write update = false.")
        if values.get("update") and _WRITE_BACK in self.spec and not self.table.get(_WRITE_BACK):
            self.refuse(
                (object, "update"),
                "update needs a folder to write into",
                fix=f'Write {_WRITE_BACK} = "out/" in [connection.{self.name}].',
            )
        self._sound((object, "create"), lambda: compile_scope(create, values.get("where")))

    def _first(self) -> str:
        """What a connection reads whose table names no object."""
        return "customer" if "customer" in self.manifest.objects else next(iter(self.manifest.objects))

    def _implied(self, object: str, objects: dict[str, ObjectConfig], *, writes: bool) -> None:
        """Who gives a folder for changed rows wants changed rows: `update` then is on where it can be."""
        table = objects.setdefault(object, ObjectConfig())
        said = self.table.get(object) or {}
        if writes and "update" not in said and self._capabilities(object, (object,)).push:
            objects[object] = replace(table, update=True)

    # --- maps and overlays ------------------------------------------------------------------------

    def _maps(self, object: str, table: Mapping[str, Any], known: MapText) -> MapText:
        kept = {}
        for key in ("map", "overlay"):
            inline = table.get(f"{key}_text")
            if inline is not None:
                if not isinstance(inline, str):
                    self.refuse((object, f"{key}_text"), f'"{key}_text" must be a text')
                label = table.get(key)
                kept[key] = (inline, str(label) if label else f"{self.name}.{object}.{key}")
            elif key in table:
                kept[key] = self._text(table[key], (object, key))
        map_text, file = kept.get("map", (known.map, known.file))
        if known.map is not None and map_text != known.map:
            self.refuse(
                (object, "map"),
                f"{object} has two maps, {known.file} and {file}",
                fix="Name the map in one place.",
            )
        overlay, overlay_file = kept.get("overlay", (None, None))
        return MapText(file, map_text, overlay_file, overlay)

    def _text(self, value: Any, keys: Sequence[str]) -> tuple[str, str]:
        """(text, absolute file) of a map or overlay that a key names."""
        if not isinstance(value, str) or not value:
            self.refuse(keys, f'"{keys[-1]}" must be a file name')
        file = self.base_dir / Path(value).expanduser()
        try:
            return file.read_text(encoding="utf-8-sig"), str(file.resolve())
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "it is not UTF-8"
            self.refuse(
                keys,
                f"{file} cannot be read: {reason}",
                fix=f"{keys[-1]} is relative to {self.base_dir}.",
            )

    def _overlay_of_home(self, object: str, maps: dict[str, MapText], home: Path | None) -> None:
        file = home / "overlays" / f"{self.name}.{object}.toml" if home else None
        known = maps.get(object) or MapText()
        if file is not None and known.overlay is None and file.is_file():
            text, label = self._text(str(file), (object, "overlay"))
            maps[object] = known._replace(overlay=text, overlay_file=label)

    def _sound(self, keys: Sequence[str], check: Callable[[], Any]) -> None:
        """Refuse here what `check` refuses elsewhere."""
        try:
            check()
        except WrongFile as error:
            self.refuse(keys, error.message.partition(": ")[2], fix=error.fix)
        except WrongUse as error:
            self.refuse(keys, error.message.rstrip("."), fix=error.fix)


def _words(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(one, str) and one.strip() for one in value.values())


def _at_home(value: str) -> str:
    return str(Path(value).expanduser()) if value.startswith("~") else value
