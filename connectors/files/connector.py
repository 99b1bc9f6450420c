"""A folder of exports as a remote system."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from connectors.files import write_back
from connectors.files.csv_reader import delimiter_name
from connectors.files.decode import codec_name
from connectors.files.folder import FileBroken, Found, Source, folder
from connectors.files.gone import Gone
from connectors.files.pull import Pull
from connectors.files.shapes import shape_of
from connectors.files.shelf import Shelf
from hub.errors import HubError
from hub.sdk import (
    Change,
    ConnectionView,
    Connector,
    Deletes,
    Finding,
    Http,
    Manifest,
    ObjectShape,
    Page,
    Receipt,
    RemoteRecord,
    Setting,
    Unsupported,
)

_CHECKED = 10


class FilesConnector(Connector):
    """CSV, JSON Lines and XLSX files of one system, read where they lie, written back elsewhere (README.md)."""

    def __init__(self, connection: ConnectionView, *, http: Http, manifest: Manifest) -> None:
        super().__init__(connection, http=http, manifest=manifest)
        self._shelf = Shelf(connection.settings, connection.files)

    @classmethod
    def spec(cls) -> Sequence[Setting]:
        return (
            Setting("path", "path", "the folder with the exports", required=True),
            Setting("write_back", "path", "the folder for changed rows, outside path; none: pull only"),
            Setting("max_file_mb", "int", "the largest file that is read, in MB", default=2048),
            Setting("max_xlsx_mb", "int", "how much an XLSX file may unpack to, in MB", default=512),
            Setting(
                "settle_seconds", "int", "leave a file alone until it has not changed for so long", default=0
            ),
        )

    def check(self) -> Iterator[Finding]:
        for step, prove in (("folder", self._check_folder), ("files", self._check_tables)):
            try:
                yield Finding(step, True, prove())
            except HubError as error:
                yield Finding(step, False, error.message, error.fix or error.cause)
                return
        for source in self._shelf.sources:
            finding = self._check_source(source)
            yield finding
            if not finding.ok:
                return
        if self.connection.settings.get("write_back"):
            try:
                into = write_back.target(self._shelf.root, self.connection.settings["write_back"])
                yield Finding("write_back", True, f"{into} can be written to")
            except HubError as error:
                yield Finding("write_back", False, error.message, error.fix or error.cause)

    def discover(self) -> Sequence[ObjectShape]:
        return [
            shape
            for source in self._shelf.sources
            for found in self._newest(source)[:1]
            if (shape := self._shape(found)) is not None
        ]

    def pull(self, object: str, cursor: Any, *, full: bool = False) -> Iterator[Page]:
        self._known(object)
        size = self.manifest.objects[object].page_size
        before = None if full else cursor
        return Pull(self._shelf, object, before=before, page_size=size).pages()

    def fetch(self, object: str, external_ids: Sequence[str]) -> Sequence[RemoteRecord]:
        """As they stand in the folder; deleted=True: no file has the row. Where nothing can be said, none comes."""
        self._known(object)
        located, unsure = self._shelf.locate(object, set(external_ids))
        return [
            RemoteRecord(one, located[one].raw) if one in located else RemoteRecord(one, {}, deleted=True)
            for one in external_ids
            if one in located or one not in unsure
        ]

    def push(self, object: str, changes: Sequence[Change]) -> Sequence[Receipt]:
        if not self.manifest.can(object, "push"):
            raise Unsupported(f"files can write customers back, not a {object}")
        into = write_back.target(self._shelf.root, self.connection.settings.get("write_back"))
        folder(self._shelf.root)
        return write_back.push(self._shelf, changes, into=into, now=datetime.now(UTC))

    def deletes(self, object: str, since: Any, bound: Iterable[str]) -> Deletes:
        self._known(object)
        return Gone(self._shelf, object, before=since).deletes(bound)

    def _known(self, object: str) -> None:
        if object not in self.manifest.objects:
            raise Unsupported(f"files hold no {object}", fix=f"known: {', '.join(self.manifest.objects)}")

    def _check_folder(self) -> str:
        return f"{folder(self._shelf.root)} can be read"

    def _check_tables(self) -> str:
        if not self._shelf.sources:
            raise Unsupported(
                "no file is named", fix="add a [[connection.NAME.file]] table with object and match"
            )
        for source in self._shelf.sources:
            self._known(source.object)
            if source.encoding != "auto":
                codec_name(source.encoding)
            delimiter_name(source.delimiter)
        return f"{len(self._shelf.sources)} patterns"

    def _check_source(self, source: Source) -> Finding:
        """The newest files of one pattern open, and have their header."""
        step = f'{source.object} "{source.match}"'
        try:
            listed = self._shelf.survey(source.object)
            for problem in listed.problems:
                return Finding(step, False, f"{problem.name} {problem.cause}", "mend or move the file")
            if not listed.matched[source.match]:
                return Finding(step, False, f'no file matches "{source.match}"', "correct match or path")
            files = [one for one in listed.files if one.source == source]
            said = [self._read_as(one) for one in files[:_CHECKED]]
            if len(files) > _CHECKED:
                said.append(f"and {len(files) - _CHECKED} older ones")
            return Finding(step, True, "; ".join(said) or "its files belong to an earlier pattern")
        except HubError as error:
            return Finding(step, False, error.message, error.fix or "export it again")

    def _read_as(self, found: Found) -> str:
        """How a file is read, in words. Raises FileBroken with its name."""
        try:
            table = self._shelf.table(found)
        except FileBroken as error:
            raise FileBroken(f"{found.name} {error.message}", fix=error.fix) from None
        return f"{found.name}: {table.read_as}" + (f", {len(table.names)} columns" if table.names else "")

    def _newest(self, source: Source) -> list[Found]:
        return [one for one in self._shelf.survey(source.object).files if one.source is source]

    def _shape(self, found: Found) -> ObjectShape | None:
        try:
            return shape_of(self._shelf.table(found))
        except FileBroken:
            return None
