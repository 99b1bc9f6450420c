"""Pages of an object's rows, newest file first, so that an id's first appearance is the one that counts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from connectors.files.folder import FileBroken, Found, Survey
from connectors.files.index import FileIndex, duplicates
from connectors.files.orders import grouped, in_lines
from connectors.files.shelf import Shelf, require_still
from connectors.files.table import Broken, Item, Table
from hub.sdk import Page, Rejected, RemoteRecord


class Pull:
    """One walk through the files of one object. `before`: the last walk's cursor; everything is read all the same.

    The cursor is `{"files": {name: {size, mtime_ns, rows, broken, covered, read_as}}, "matched": {pattern: files}}`;
    covered: rows that stood behind a newer file's.
    """

    def __init__(self, shelf: Shelf, object: str, *, before: Any, page_size: int) -> None:
        self._shelf = shelf
        self._object = object
        self._before = before if isinstance(before, Mapping) else {}
        self._page_size = page_size
        self._records: list[RemoteRecord] = []
        self._rejected: list[Rejected] = []
        self._seen: set[int] = set()
        self._files: dict[str, dict[str, Any]] = {}
        self._unread: list[str] = []
        self._own = 0  # where the records of the file at hand begin
        self._total: int | None = None

    def pages(self) -> Iterator[Page]:
        """All pages; the last one, perhaps empty, carries the cursor."""
        survey = self._shelf.survey(self._object)
        self._tell_problems(survey)
        several = len(survey.files) > 1
        for found in survey.files:
            self._own = len(self._records)
            try:
                yield from self._file(found, several=several)
            except FileBroken as error:
                self._drop(found, str(error))
            except OSError as error:
                self._drop(found, f"cannot be read: {error.strerror}")
            self._shelf.release(found)
        yield self._page({"files": self._files, "matched": survey.matched})

    def _file(self, found: Found, *, several: bool) -> Iterator[Page]:
        self._hold_back(found)
        table, index = self._shelf.table(found), self._shelf.index(found)
        if not several:
            self._total = len(index.lines) if not in_lines(table, index) else None
        twice = {} if in_lines(table, index) else duplicates(table, index)
        covered = 0
        append, size, seen = self._records.append, self._page_size, self._seen
        for external_id, raw, _ in _items(table, index):
            if external_id is None:
                self._reject_row(table, raw)
            elif external_id in twice:
                self._reject_twice(table, external_id, raw, twice)
            elif seen and hash(external_id) in seen:
                covered += 1
                continue
            else:
                append(RemoteRecord(external_id, raw))
            if len(self._records) + len(self._rejected) >= size:
                require_still(table)
                yield self._page(None)
                append = self._records.append
        require_still(table)
        if several:
            seen.update(index.hashes)
            seen.update(index.claimed)
        self._files[found.name] = {
            "size": found.size,
            "mtime_ns": found.mtime_ns,
            "rows": len(index.lines),
            "broken": index.broken,
            "covered": covered,
            "read_as": table.read_as,
        }

    def _hold_back(self, found: Found) -> None:
        """While a file that was readable before is not, the older ones must not bring old values back."""
        known = self._before.get("files", {}).get(found.name)
        if self._unread and known and known.get("covered"):
            raise FileBroken(
                f"held back: {self._unread[0]} is newer, had rows of the same records, and cannot be read now",
                passing=True,
            )

    def _page(self, cursor: Any) -> Page:
        page = Page(self._records, cursor, self._rejected, self._total)
        self._records, self._rejected, self._own = [], [], 0
        return page

    def _tell_problems(self, survey: Survey) -> None:
        for problem in survey.problems:
            self._reject_file(problem.name, problem.cause)
        earlier = self._before.get("matched", {})
        for match, count in survey.matched.items():
            if not count:
                had = earlier.get(match)
                cause = f'no file matches "{match}"' + (f"; {had} did last time" if had else "")
                self._rejected.append(Rejected(None, {"match": match}, cause, "nothing_matched"))

    def _drop(self, found: Found, cause: str) -> None:
        del self._records[self._own :]
        self._reject_file(found.name, cause)

    def _reject_file(self, name: str, cause: str) -> None:
        known = self._before.get("files", {}).get(name)
        if known:
            self._unread.append(name)
            self._files[name] = known
        self._rejected.append(Rejected(None, {"file": name}, f"{name} {cause}", FileBroken.code))

    def _reject_row(self, table: Table, broken: Broken) -> None:
        cause = f"{table.found.name}, {table.unit} {broken.line}: {broken.cause}"
        external_id = broken.ids[0] if len(broken.ids) == 1 else None
        self._rejected.append(Rejected(external_id, {"row": broken.raw}, cause))

    def _reject_twice(self, table: Table, external_id: str, raw: Any, twice: Mapping[str, list[int]]) -> None:
        lines = twice[external_id]
        listed = ", ".join(str(one) for one in lines[:10]) + (" …" if len(lines) > 10 else "")
        cause = f"{table.found.name}: the same id in {len(lines)} rows ({table.unit}s {listed})"
        self._rejected.append(Rejected(external_id, raw, cause, "same_id_twice"))


def _items(table: Table, index: FileIndex) -> Iterator[Item]:
    return grouped(table, index) if in_lines(table, index) else table.records()
