"""What a connector declares about its system: `connectors/<system>/manifest.toml`.

The hub never asks a connector what it can do by trying; it reads it here, and the conformance suite proves that the
declarations are true. An unknown key is refused with its line and the nearest right word. The tables [rest] of a
connector that is declared instead of programmed are described in hub/sdk/rest/tables.py. An example of the rest, with
every key:

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
    merges   = false                      # tells which records were merged into which      (default false)
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

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from hub.errors import WrongFile
from hub.sdk.rest.tables import RestTable, read_rest
from hub.sdk.tables import TableReader, nearest

__all__ = ["Manifest", "ObjectCapabilities", "Version", "load_manifest", "nearest", "read_manifest"]

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
    merges: bool = False
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
    """A connector's declarations. `objects` maps our object name (customer, order, …) to its capabilities.

    `rest`: how its system is spoken to, for a connector that is declared instead of programmed (hub/sdk/rest/).
    """

    name: str
    title: str
    vendor: str
    evidence: str
    discover: bool = False
    webhooks: bool = False
    objects: Mapping[str, ObjectCapabilities] = field(default_factory=dict)
    rest: RestTable | None = None

    def can(self, object: str, capability: str) -> bool:
        """Whether `capability` (pull, push, create, find, fetch, deletes, merges) is declared for `object`."""
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
    reader = TableReader(text, file)
    tables, rest = data.pop("object", {}), data.pop("rest", None)
    if not isinstance(tables, dict) or not tables:
        raise WrongFile("no object is declared", file=file, fix="add a table such as [object.customer]")
    top = reader.values(data, Manifest, table="", skip={"objects", "rest"}, extra={"object", "rest"})
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
    found = Manifest(**top, objects=MappingProxyType(objects))
    if rest is None:
        return found
    return replace(found, rest=read_rest(rest, reader, declared=objects, webhooks=found.webhooks))


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


def _agree(declared: ObjectCapabilities, reader: TableReader, table: str) -> None:
    """Refuse declarations that contradict each other."""
    if declared.conditional and declared.version == "none":
        raise reader.wrong("conditional needs a version", "conditional", table)
    if declared.create and not (declared.find or declared.marker):
        raise reader.wrong("create needs find or marker (sync.md, A create)", "create", table)
    if declared.merges and table != "object.customer":
        raise reader.wrong("merges are known of customers only", "merges", table)
    if not 1 <= declared.page_size <= _PAGE_CAP:
        raise reader.wrong(f"page_size must be 1 to {_PAGE_CAP}", "page_size", table)
    if declared.push_batch < 1:
        raise reader.wrong("push_batch must be 1 or more", "push_batch", table)
    for key in ("fetch_batch", "overlap_seconds", "read_after_write_seconds", "lands_late_seconds"):
        if getattr(declared, key) < 0:
            raise reader.wrong(f"{key} must not be negative", key, table)
