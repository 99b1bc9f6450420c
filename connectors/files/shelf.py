"""The connection's files for one job: listed, opened, and what was learnt of each kept while it stays as it is."""

from __future__ import annotations

import os
import time
from collections.abc import Collection, Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple

from connectors.files import decode
from connectors.files.csv_reader import CsvTable
from connectors.files.feed import Feed
from connectors.files.folder import (
    FileBroken,
    Found,
    Handle,
    Source,
    Survey,
    open_file,
    read_sources,
    require_unchanged,
    survey,
)
from connectors.files.index import FileIndex, build_index, rows_at
from connectors.files.jsonl_reader import JsonTable
from connectors.files.orders import in_lines, order_of
from connectors.files.table import Table
from connectors.files.xlsx_reader import XlsxTable

_OPEN = 4
_JSON = (".jsonl", ".ndjson", ".json")
_PACKED = {
    b"\x1f\x8b": "gzip",
    b"BZh": "bzip2",
    b"\xfd7zXZ": "xz",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"7z\xbc\xaf": "7z",
}


class Located(NamedTuple):
    """A record as it stands in the folder now, and the file it stands in."""

    found: Found
    raw: dict[str, Any]


class Shelf:
    """One connection's folder. `max_bytes`: of one file; `max_unpacked`: of one XLSX file's content."""

    def __init__(self, settings: Mapping[str, Any], files: Sequence[Mapping[str, Any]]) -> None:
        self.root = str(settings.get("path") or "")
        self._given = files
        self._max_bytes = int(settings.get("max_file_mb") or 2048) << 20
        self._max_unpacked = int(settings.get("max_xlsx_mb") or 512) << 20
        self._settle_seconds = float(settings.get("settle_seconds") or 0)
        self._tables: dict[Found, Table] = {}
        self._indexes: dict[Found, FileIndex] = {}

    @cached_property
    def sources(self) -> list[Source]:
        """The file tables. Raises ConnectionBroken for one that could never work."""
        return read_sources(self._given)

    def sources_of(self, object: str) -> list[Source]:
        """The file tables of one object."""
        return [one for one in self.sources if one.object == object]

    def survey(self, object: str) -> Survey:
        """The object's files as they are now, newest first."""
        found = survey(
            self.root,
            self.sources_of(object),
            max_bytes=self._max_bytes,
            settle_seconds=self._settle_seconds,
            now=time.time(),
        )
        for known in [one for one in self._indexes if one.source.object == object and one not in found.files]:
            self._indexes.pop(known, None)
            self._tables.pop(known, None)
        return found

    def table(self, found: Found) -> Table:
        """The file, opened and its header read. Raises FileBroken."""
        table = self._tables.pop(found, None)
        if table is None:
            try:
                table = _open(found, max_unpacked=self._max_unpacked)
            except OSError as error:
                raise FileBroken(f"cannot be read: {error.strerror}", passing=True) from None
        self._tables[found] = table
        while len(self._tables) > _OPEN:
            self._tables.pop(next(iter(self._tables)))
        return table

    def index(self, found: Found) -> FileIndex:
        """The file's ids. Raises FileBroken, also when the file was written to meanwhile."""
        index = self._indexes.get(found)
        if index is None:
            table = self.table(found)
            try:
                index = build_index(table)
            except OSError as error:
                raise FileBroken(f"cannot be read: {error.strerror}", passing=True) from None
            require_still(table)
            self._indexes[found] = index
        return index

    def release(self, found: Found) -> None:
        """Close the file; what was learnt of it stays."""
        self._tables.pop(found, None)

    def locate(self, object: str, ids: Collection[str]) -> tuple[dict[str, Located], set[str]]:
        """(records found, ids of which nothing can be said). What is in neither is in no file.

        The newest file with the id counts. Nothing can be said of an id that stands twice in its file or perhaps in a
        broken row, of one not found in newer files than one that cannot be read for the moment, and of one not found
        at all while anything is unreadable, broken or not there.
        """
        listed = self.survey(object)
        whole = bool(listed.files) and not listed.problems and all(listed.matched.values())
        remaining, unsure = set(ids), set[str]()
        found: dict[str, Located] = {}
        for one in listed.files:
            if not remaining:
                break
            try:
                self._look_up(one, remaining, found, unsure)
                whole = whole and not self.index(one).broken
            except FileBroken as error:
                whole = False
                if error.passing:
                    break
        if not whole:
            unsure |= remaining
        if any(one.passing for one in listed.problems):  # its age is not known: it may be the newest
            return {}, unsure | set(found)
        return found, unsure

    def _look_up(self, one: Found, remaining: set[str], found: dict[str, Located], unsure: set[str]) -> None:
        index = self.index(one)
        doubtful = {external_id for external_id in remaining if hash(external_id) in index.claimed}
        unsure |= doubtful
        remaining -= doubtful
        rows: dict[str, list[dict[str, Any]]] = {}
        many = False
        if remaining:
            table = self.table(one)
            for external_id, raw in rows_at(table, index, remaining):
                rows.setdefault(external_id, []).append(raw)
            require_still(table)
            many = in_lines(table, index)
        for external_id, those in rows.items():
            remaining.discard(external_id)
            if one.source.object == "order":
                found[external_id] = Located(one, order_of(those) if many else those[0])
            elif len(those) > 1:
                unsure.add(external_id)
            else:
                found[external_id] = Located(one, those[0])


def require_still(table: Table) -> None:
    """Raises FileBroken if the file was written to since it was listed."""
    require_unchanged(table.handle, table.found)


def _open(found: Found, *, max_unpacked: int) -> Table:
    handle = open_file(found)
    head = os.pread(handle.fd, 8, 0)
    if not found.size:
        raise FileBroken("is empty")
    name = found.name.lower()
    if name.endswith((".xlsx", ".xlsm")) or head.startswith(b"PK\x03\x04"):
        return XlsxTable(found, handle, max_unpacked=max_unpacked)
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        raise FileBroken(
            "is an old or encrypted Excel file", fix="save it as XLSX without a password, or as CSV"
        )
    packed = next((kind for mark, kind in _PACKED.items() if head.startswith(mark)), None)
    if packed:
        raise FileBroken(f"is compressed ({packed})", fix="unpack it")
    feed, encoding = _feed(handle, found)
    if name.endswith(_JSON):
        return JsonTable(found, handle, feed=feed, encoding=encoding)
    return CsvTable(found, handle, feed=feed, encoding=encoding)


def _feed(handle: Handle, found: Found) -> tuple[Feed, decode.Encoding]:
    encoding = decode.decide(handle, found.size, found.source.encoding)
    if decode.line_safe(encoding.codec):
        return Feed(handle, size=found.size, start=encoding.skip, codec=encoding.codec), encoding
    copy, size = decode.transcoded(handle, found.size, encoding)
    return Feed(copy, size=size, start=0, codec="utf-8"), encoding
