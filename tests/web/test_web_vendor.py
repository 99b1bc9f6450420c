"""The files of others: as published, and nothing among them that is not listed."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from hub.web import language

FOLDER = Path(language.__file__).parent / "static" / "vendor"
LINE = re.compile(
    r"\| `(?P<file>[^`]+)` \| .+ \| [\d.]+ \| .+\(`(?P<licence>[^`]+)`\) \| `(?P<sum>[0-9a-f]{64})` \|"
)


def test_the_files_of_others_are_as_listed() -> None:
    listed = {
        found["file"]: found for found in LINE.finditer((FOLDER / "README.md").read_text(encoding="utf-8"))
    }
    there = {file.name for file in FOLDER.iterdir() if file.suffix in (".css", ".js")}
    assert there == set(listed)
    assert len(there) >= 2
    for name, line in listed.items():
        assert hashlib.sha256((FOLDER / name).read_bytes()).hexdigest() == line["sum"], name
        assert (FOLDER / line["licence"]).is_file(), name


def test_our_own_style_is_small() -> None:
    assert len((FOLDER.parent / "hub.css").read_text(encoding="utf-8").splitlines()) < 300
