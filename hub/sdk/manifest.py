"""What a connector declares about its system: `connectors/<system>/manifest.toml`.

The hub never asks a connector what it can do by trying; it reads it here, and the conformance suite proves that the
declarations are true. An unknown key is refused with its line and the nearest right word. An example with every key:

    name     = "acme"                     # = the folder's name, [a-z][a-z0-9_]*
    title    = "Acme ERP"                 # as the vendor writes it
    vendor   = "Acme Inc."
    evidence = "real server 8.2.1, 2026-11-24"  # what it was verified against, and when: real server VERSION,
                                          # first-party spec, recordings, vectors or manual only
    discover = true                       # can list its record types and fields            (default false)
    webhooks = false                      # has verify_webhook                              (default false)

    [object.customer]                     # one table for each object it knows: customer, order, interaction, ...
    remote   = "parties"                  # the remote's own word, for people               (default "")
    pull     = true                       # yields pages                                    (default false)
    push     = true                       # changes records that exist                      (default false)
    create   = true                       # makes new ones                                  (default false)
    find     = true                       # finds what a create may have made               (default false)
    deletes  = true                       # tells which records are gone                    (default false)
    fetch_batch = 100                     # ids per fetch call; 0 = cannot re-read          (default 0)
    push_batch  = 20                      # changes per push call                           (default 1)
    page_size   = 500                     # records per page of a pull, at most 1000        (default 500)
    version     = "modified"              # none | etag | modified: what RemoteRecord.version is (default "none")
    conditional = false                   # a write can demand that version                 (default false)
    marker      = false                   # a create carries Change.marker, so that find, or the same create again,
                                          # meets the record it made                        (default false)
    unique      = ["email"]               # canonical paths that no two records there share (default [])
    identifying = ["email", "tax_id[vat]"]  # canonical paths never copied from one record to another of the same
                                          # customer; unique ones count as identifying      (default [])
    overlap_seconds = 120                 # how far before its cursor a pull begins again   (default 0)
    read_after_write_seconds = 0          # how long until a read or find shows a write     (default 0)
    lands_late_seconds = 0                # how long a write without answer may still land  (default 0)
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import MISSING, dataclass, field, fields
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from hub.errors import WrongFile

Version = Literal["none", "etag", "modified"]

_NAME = re.compile(r"[a-z][a-z0-9_]*")
_PAGE_CAP = 1000


@dataclass(frozen=True, slots=True)
class ObjectCapabilities:
    """What a system can do with one object; the keys are described at the top of this module."""

    remote: str = ""
    pull: bool = False
    push: bool = False
    create: bool = False
    find: bool = False
    deletes: bool = False
    fetch_batch: int = 0
    push_batch: int = 1
    page_size: int = 500
    version: Version = "none"
    conditional: bool = False
    marker: bool = False
    unique: tuple[str, ...] = ()
    identifying: tuple[str, ...] = ()
    overlap_seconds: float = 0.0
    read_after_write_seconds: float = 0.0
    lands_late_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Manifest:
    """A connector's declarations. `objects` maps our object name (customer, order, …) to its capabilities."""

    name: str
    title: str
    vendor: str
    evidence: str
    discover: bool = False
    webhooks: bool = False
    objects: Mapping[str, ObjectCapabilities] = field(default_factory=dict)

    def can(self, object: str, capability: str) -> bool:
        """Whether `capability` (pull, push, create, find, fetch, deletes) is declared for `object`."""
        declared = self.objects.get(object)
        if declared is None:
            return False
        if capability == "fetch":
            return declared.fetch_batch > 0
        return bool(getattr(declared, capability))


def load_manifest(text: str, *, file: str) -> Manifest:
    """Read a manifest. Raises WrongFile with the line and, for an unknown word, the nearest right one."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise WrongFile(f"not valid TOML: {error}", file=file) from None
    reader = _Reader(text, file)
    tables = data.pop("object", {})
    if not isinstance(tables, dict) or not tables:
        raise WrongFile("no object is declared", file=file, fix="add a table such as [object.customer]")
    top = reader.values(data, Manifest, table="", skip={"objects"}, extra={"object"})
    if not _NAME.fullmatch(top["name"]):
        raise reader.wrong("name must be lower-case letters, digits and _", "name", "")
    objects: dict[str, ObjectCapabilities] = {}
    for name, table in tables.items():
        if not isinstance(table, dict):
            raise reader.wrong(f"object.{name} must be a table", name, "object")
        where = f"object.{name}"
        declared = ObjectCapabilities(**reader.values(table, ObjectCapabilities, table=where))
        _agree(declared, reader, where)
        objects[name] = declared
    return Manifest(**top, objects=MappingProxyType(objects))


def read_manifest(folder: Path, *, name: str | None = None) -> Manifest:
    """The manifest in a connector's folder. Raises WrongFile, also when the file is not there.

    `name`: what the connector is called; the folder's own name unless it came from outside.
    """
    path = folder / "manifest.toml"
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise WrongFile(f"cannot be read: {error.strerror}", file=str(path)) from None
    except UnicodeDecodeError:
        raise WrongFile("is not UTF-8", file=str(path)) from None
    manifest = load_manifest(text, file=str(path))
    wanted = name or folder.name
    if manifest.name != wanted:
        raise WrongFile(f'name is "{manifest.name}" but it must be "{wanted}"', file=str(path))
    return manifest


def nearest(word: str, known: Collection[str]) -> str | None:
    """The known word that `word` was probably meant to be, or None."""
    found = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return found[0] if found else None


def _agree(declared: ObjectCapabilities, reader: _Reader, table: str) -> None:
    """Refuse declarations that contradict each other."""
    if declared.conditional and declared.version == "none":
        raise reader.wrong("conditional needs a version", "conditional", table)
    if declared.create and not (declared.find or declared.marker):
        raise reader.wrong("create needs find or marker (sync.md, A create)", "create", table)
    if not 1 <= declared.page_size <= _PAGE_CAP:
        raise reader.wrong(f"page_size must be 1 to {_PAGE_CAP}", "page_size", table)
    if declared.push_batch < 1:
        raise reader.wrong("push_batch must be 1 or more", "push_batch", table)
    for key in ("fetch_batch", "overlap_seconds", "read_after_write_seconds", "lands_late_seconds"):
        if getattr(declared, key) < 0:
            raise reader.wrong(f"{key} must not be negative", key, table)


class _Reader:
    """Checks the keys and types of one table against a dataclass, and knows on which line a key stands."""

    def __init__(self, text: str, file: str) -> None:
        self._lines = text.splitlines()
        self._file = file

    def values(
        self,
        data: Mapping[str, Any],
        shape: type,
        *,
        table: str,
        skip: Collection[str] = (),
        extra: Collection[str] = (),
    ) -> dict[str, Any]:
        known = {one.name: one for one in fields(shape) if one.name not in skip}
        for key in data:
            if key not in known:
                guess = nearest(key, [*known, *extra])
                fix = f'did you mean "{guess}"?' if guess else f"known keys: {', '.join(sorted(known))}"
                raise self.wrong(f'unknown key "{key}"', key, table, fix=fix)
        result: dict[str, Any] = {}
        for key, one in known.items():
            if key in data:
                result[key] = self._typed(data[key], str(one.type), key, table)
            elif one.default is MISSING and one.default_factory is MISSING:
                raise WrongFile(f'the key "{key}" is missing', file=self._file)
        return result

    def _typed(self, value: Any, kind: str, key: str, table: str) -> Any:
        if kind == "str" and isinstance(value, str):
            if value or table:
                return value
            raise self.wrong(f"{key} must not be empty", key, table)
        if kind == "bool" and isinstance(value, bool):
            return value
        if kind == "int" and isinstance(value, int) and not isinstance(value, bool):
            return value
        if kind == "float" and isinstance(value, int | float) and not isinstance(value, bool):
            return float(value)
        if (
            kind.startswith("tuple")
            and isinstance(value, list)
            and all(isinstance(one, str) for one in value)
        ):
            return tuple(value)
        if kind == "Version":
            words = ("none", "etag", "modified")
            if value in words:
                return value
            raise self.wrong(f'{key} must be one of {", ".join(words)}, not "{value}"', key, table)
        wanted = {"str": "a text", "bool": "true or false", "int": "a whole number", "float": "a number"}
        raise self.wrong(f"{key} must be {wanted.get(kind, 'a list of texts')}", key, table)

    def wrong(self, message: str, key: str, table: str, *, fix: str | None = None) -> WrongFile:
        return WrongFile(message, file=self._file, line=self._line(key, table), fix=fix)

    def _line(self, key: str, table: str) -> int | None:
        here = ""
        for number, line in enumerate(self._lines, start=1):
            header = re.match(r"\s*\[([^\[\]]+)\]", line)
            if header:
                here = header[1].replace(" ", "").replace('"', "")
            elif here == table and re.match(rf'\s*"?{re.escape(key)}"?\s*[=.]', line):
                return number
        return None
