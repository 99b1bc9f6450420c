"""Which files a connection reads: regular files with plain names below one folder, newest first."""

from __future__ import annotations

import os
import stat
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

from hub.errors import ConnectionBroken, RecordRejected

MAX_FILES = 10_000
_UNSAFE = {"Cc", "Cf", "Cs", "Zl", "Zp"}


class FileBroken(RecordRejected):
    """This file cannot be read (this time); the others go on. `passing`: it may well be readable in the next run."""

    code = "file_rejected"

    def __init__(self, message: str, *, fix: str | None = None, passing: bool = False) -> None:
        super().__init__(message, fix=fix)
        self.passing = passing


class Source(NamedTuple):
    """One `[[connection.NAME.file]]` table. `match` is a glob below the folder, `id` the column of the external id."""

    object: str
    match: str
    id: str
    encoding: str
    delimiter: str
    complete: bool


class Found(NamedTuple):
    """A file as it was when listed; `name` is its path below the folder, `path` the real one (links resolved)."""

    source: Source
    name: str
    path: str
    size: int
    mtime_ns: int
    device: int
    inode: int


class Problem(NamedTuple):
    """A matching file that is not read. `passing`: try again in the next run."""

    name: str
    cause: str
    passing: bool


class Survey(NamedTuple):
    """What is there for one object: `files` newest first (then the later name), `matched` counts files per pattern."""

    files: list[Found]
    problems: list[Problem]
    matched: dict[str, int]


class Handle:
    """An open file; closed with the last reference to it."""

    __slots__ = ("fd",)

    def __init__(self, fd: int) -> None:
        self.fd = fd

    def __del__(self, close: Callable[[int], None] = os.close) -> None:
        close(self.fd)


def read_sources(files: Sequence[Mapping[str, Any]]) -> list[Source]:
    """The file tables of a connection. Raises ConnectionBroken for one that could never work."""
    return [_source(dict(one)) for one in files]


def _source(table: dict[str, Any]) -> Source:
    match = str(table.get("match") or "")
    parts = match.split("/")
    if (
        not match
        or os.path.isabs(match)
        or "\\" in match
        or any(one in {"", ".", "..", "**"} for one in parts)
    ):
        raise ConnectionBroken(
            f'match = "{match}" is no pattern for files in the folder',
            fix='give a name with * and ?, such as "customers*.csv" or "shop/orders*.csv"',
        )
    return Source(
        object=str(table.get("object") or "customer"),
        match=match,
        id=str(table.get("id") or "id"),
        encoding=str(table.get("encoding") or "auto"),
        delimiter=str(table.get("delimiter") or "auto"),
        complete=bool(table.get("complete")),
    )


def survey(
    root: str, sources: Sequence[Source], *, max_bytes: int, settle_seconds: float, now: float
) -> Survey:
    """List what matches. Raises ConnectionBroken when the folder itself is not there or not readable."""
    base = folder(root)
    files: list[Found] = []
    problems: list[Problem] = []
    matched: dict[str, int] = {}
    taken: set[tuple[int, int]] = set()
    for source in sources:
        count = 0
        for name in sorted(_matching(base, source.match)):
            count += 1
            try:
                found = _found(base, name, source)
                _fit(found, max_bytes=max_bytes, settle_seconds=settle_seconds, now=now)
            except FileBroken as error:
                problems.append(Problem(shown(name), str(error), error.passing))
                continue
            if (found.device, found.inode) not in taken:
                taken.add((found.device, found.inode))
                files.append(found)
        matched[source.match] = matched.get(source.match, 0) + count
        if len(files) + len(problems) > MAX_FILES:
            raise ConnectionBroken(f"more than {MAX_FILES} files match", fix="move old exports away")
    files.sort(key=lambda one: (one.mtime_ns, one.name), reverse=True)
    return Survey(files, problems, matched)


def folder(root: str) -> str:
    """The real path of the folder. Raises ConnectionBroken if it cannot be listed."""
    base = os.path.realpath(root)
    try:
        os.listdir(base)
    except FileNotFoundError:
        raise ConnectionBroken(
            f'the folder "{root}" does not exist', fix="create it or correct path"
        ) from None
    except NotADirectoryError:
        raise ConnectionBroken(f'"{root}" is not a folder', fix="correct path") from None
    except OSError as error:
        raise ConnectionBroken(
            f'the folder "{root}" cannot be read',
            cause=error.strerror,
            fix="give the hub's user the right to",
        ) from None
    return base


def shown(name: str) -> str:
    """A file's name fit for messages and JSON."""
    return name if plain(name) else ascii(name)


def plain(name: str) -> bool:
    """Whether a name is free of line breaks, control, direction and undecodable characters."""
    return not any(unicodedata.category(letter) in _UNSAFE for letter in name)


def open_file(found: Found) -> Handle:
    """Open the very file that was listed. Raises FileBroken if it is another one or has changed since."""
    try:
        handle = Handle(os.open(found.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC))
    except OSError as error:
        raise FileBroken(f"cannot be opened: {error.strerror}", passing=True) from None
    require_unchanged(handle, found)
    return handle


def require_unchanged(handle: Handle, found: Found) -> None:
    """Raises FileBroken if somebody wrote to the file since it was listed."""
    now = os.fstat(handle.fd)
    same = (now.st_dev, now.st_ino, now.st_size, now.st_mtime_ns)
    if same != (found.device, found.inode, found.size, found.mtime_ns):
        raise FileBroken("changed while it was read; it is read again in the next run", passing=True)


def inside(path: str, base: str) -> bool:
    """Whether the real path `path` is `base` or lies below it."""
    return path == base or path.startswith(base.rstrip(os.sep) + os.sep)


def _matching(base: str, match: str) -> Iterator[str]:
    """Names below `base` that fit the pattern part by part; links to folders are not entered."""
    first, _, rest = match.partition("/")
    try:
        entries = list(os.scandir(base))
    except OSError:
        return
    for entry in entries:
        hidden = entry.name.startswith((".", "~$")) and not first.startswith((".", "~$"))
        if hidden or not fnmatchcase(entry.name, first):
            continue
        is_folder = entry.is_dir(follow_symlinks=False)
        if rest and is_folder:
            for name in _matching(entry.path, rest):
                yield f"{entry.name}/{name}"
        elif not rest and not is_folder:
            yield entry.name


def _found(base: str, name: str, source: Source) -> Found:
    if not plain(name):
        raise FileBroken("its name has line breaks or other unprintable characters", fix="rename it")
    path = os.path.realpath(os.path.join(base, name))
    if not inside(path, base):
        raise FileBroken("is a link that leaves the folder", fix="copy the file into the folder")
    try:
        now = os.stat(path, follow_symlinks=False)
    except OSError as error:
        raise FileBroken(f"cannot be read: {error.strerror}", passing=True) from None
    if not stat.S_ISREG(now.st_mode):
        raise FileBroken("is not a regular file")
    return Found(source, name, path, now.st_size, now.st_mtime_ns, now.st_dev, now.st_ino)


def _fit(found: Found, *, max_bytes: int, settle_seconds: float, now: float) -> None:
    if found.size > max_bytes:
        raise FileBroken(
            f"has {found.size >> 20} MB, more than the {max_bytes >> 20} MB allowed",
            fix="split it, or raise max_file_mb",
        )
    age = now - found.mtime_ns / 1e9
    if 0 <= age < settle_seconds:
        raise FileBroken(f"was written {age:.0f} s ago; it is read once it has rested", passing=True)
