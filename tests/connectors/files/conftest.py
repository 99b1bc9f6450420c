"""A connection to a folder in tmp_path, and what a pull of it brings."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from connectors.files.connector import FilesConnector
from hub.sdk import ConnectionView, Rejected, RemoteRecord
from hub.sdk.manifest import read_manifest
from hub.sdk.registry import assemble

MANIFEST = read_manifest(Path(__file__).parents[3] / "connectors" / "files")


class Pulled(NamedTuple):
    records: dict[str, RemoteRecord]
    rejected: list[Rejected]
    cursor: Any

    @property
    def ids(self) -> list[str]:
        return list(self.records)

    @property
    def causes(self) -> list[str]:
        return [one.cause for one in self.rejected]


class Folder:
    """`home/in` with files put there by tests, `home/out` for write-backs."""

    def __init__(self, home: Path) -> None:
        self.path = home / "in"
        self.out = home / "out"
        self.path.mkdir()
        self.out.mkdir()
        self.tables: list[dict[str, Any]] = [{"object": "customer", "match": "customers*", "id": "id"}]
        self.settings: dict[str, Any] = {}

    def put(self, name: str, content: str | bytes, *, at: int | None = None) -> Path:
        """Write a file; `at` is its modification time in seconds."""
        path = self.path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        if at is not None:
            os.utime(path, (at, at))
        return path

    def connector(self, **table: Any) -> FilesConnector:
        settings = {"path": str(self.path), "write_back": str(self.out), **self.settings}
        files = [{**self.tables[0], **table}, *self.tables[1:]]
        view = ConnectionView("exports", settings, lambda name: None, files=files)
        made = assemble(FilesConnector, MANIFEST, view)
        assert isinstance(made, FilesConnector)
        return made

    def pull(self, object: str = "customer", *, cursor: Any = None, **table: Any) -> Pulled:
        records: dict[str, RemoteRecord] = {}
        rejected: list[Rejected] = []
        last = None
        for page in self.connector(**table).pull(object, cursor):
            assert len(page.records) <= 1000
            for record in page.records:
                assert record.external_id not in records, f"{record.external_id} came twice"
                records[record.external_id] = record
            rejected.extend(page.rejected)
            last = page.cursor
        return Pulled(records, rejected, last)

    def written(self) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in sorted(self.out.iterdir())}


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Read in blocks of so many bytes, so that every boundary falls everywhere."""

    def set_size(size: int) -> None:
        monkeypatch.setattr("connectors.files.feed.BLOCK", size)
        monkeypatch.setattr("connectors.files.decode.BLOCK", size)

    return set_size
