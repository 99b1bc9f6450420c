"""Changed rows, whole, into new files of another folder; nothing there is ever overwritten, nothing here written to.

A file is complete or not there: it is written under a hidden name, brought to the disk, and only then given its name.
Values are written exactly as they are, also such as a spreadsheet would take for a formula: a guard put before them
would come back as an edit (README, "Formulas").
"""

from __future__ import annotations

import codecs
import contextlib
import csv
import io
import os
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Any

import orjson

from connectors.files.folder import folder, inside
from connectors.files.shelf import Located, Shelf
from connectors.files.table import Table, nearest
from hub.errors import ConnectionBroken, HubError, RecordRejected, RetryLater, Unsupported
from hub.sdk import Change, Receipt

MAX_VALUE = 128 * 1024


def target(root: str, write_back: Any) -> str:
    """The real path of the folder to write to. Raises Unsupported without one, ConnectionBroken for a wrong one."""
    if not write_back:
        raise Unsupported(
            "this connection has no write_back folder", fix="set write_back to a folder outside path"
        )
    base = os.path.realpath(str(write_back))
    if not inside(base, os.path.realpath(root)):
        _made(base)
    base = folder(str(write_back))
    if inside(base, os.path.realpath(root)):
        raise ConnectionBroken(
            f'write_back "{write_back}" is the folder that is read, or lies in it',
            fix="choose a folder outside path",
        )
    if not os.access(base, os.W_OK | os.X_OK):
        raise ConnectionBroken(
            f'the folder "{write_back}" cannot be written to', fix="give the hub's user the right to"
        )
    return base


def _made(base: str) -> None:
    """The folder itself is made where the one above it is there; what is wrong with it is said when it is opened."""
    with contextlib.suppress(OSError):
        os.mkdir(base)


def push(shelf: Shelf, changes: Sequence[Change], *, into: str, now: datetime) -> list[Receipt]:
    """Write the changes of customers: one new file per file they stand in. Receipts in the order of the changes."""
    updates = [one for one in changes if one.external_id is not None]
    located, unsure = shelf.locate("customer", {str(one.external_id) for one in updates})
    receipts: dict[str, Receipt] = {}
    batches: dict[str, list[tuple[Change, Located]]] = {}
    for change in changes:
        verdict = _impossible(change, located, unsure)
        if verdict is not None:
            receipts[change.key] = verdict
        else:
            place = located[str(change.external_id)]
            batches.setdefault(place.found.name, []).append((change, place))
    for batch in batches.values():
        receipts.update(_write_batch(shelf, batch, into=into, now=now))
    return [receipts[one.key] for one in changes]


def _impossible(change: Change, located: Mapping[str, Located], unsure: set[str]) -> Receipt | None:
    external_id = change.external_id
    if external_id is None:
        cause = "files cannot create; add the row in the system that exports them"
        return Receipt(change.key, "refused", cause=cause)
    if external_id in located:
        return None
    if external_id in unsure:
        cause = "its row cannot be read now, or stands twice in its file"
        return Receipt(change.key, "retry", external_id, cause=cause, after=60.0)
    return Receipt(change.key, "refused", external_id, cause="no file has a row with this id any more")


def _write_batch(
    shelf: Shelf, batch: Sequence[tuple[Change, Located]], *, into: str, now: datetime
) -> Iterator[tuple[str, Receipt]]:
    rows: dict[str, dict[str, Any]] = {}
    fitting: list[Change] = []
    try:
        table = shelf.table(batch[0][1].found)
        for change, place in batch:
            external_id = str(change.external_id)
            try:
                rows[external_id] = _changed(table, change, rows.get(external_id, place.raw))
                fitting.append(change)
            except RecordRejected as error:
                yield change.key, Receipt(change.key, "refused", external_id, cause=str(error))
        if fitting:
            _write(table, list(rows.values()), into=into, now=now)
    except HubError as error:
        after = error.after if isinstance(error, RetryLater) else None
        for change in fitting or [one for one, _ in batch]:
            yield change.key, Receipt(change.key, "retry", change.external_id, cause=str(error), after=after)
        return
    for change in fitting:
        yield change.key, Receipt(change.key, "done", change.external_id)


def _changed(table: Table, change: Change, current: Mapping[str, Any]) -> dict[str, Any]:
    """The whole row with the change in it. Raises RecordRejected for what this file cannot hold."""
    row = dict(current)
    before = change.before or {}
    if table.kind == "jsonl":
        row.update(before)
        for name, value in change.payload.items():
            _set(row, name, value)
        if len(orjson.dumps(row)) > MAX_VALUE:
            raise RecordRejected(f"the record is longer than {MAX_VALUE} characters")
    else:
        row.update((name, before[name]) for name in table.names if isinstance(before.get(name), str))
        for name, value in _flat(change.payload):
            if name not in row:
                close = nearest(name, table.names)
                fix = f'did you mean "{close}"?' if close else "map it to a column of the file, or pull only"
                raise RecordRejected(f'{table.found.name} has no column "{name}"', fix=fix)
            row[name] = _text(name, value)
    id_column = table.found.source.id
    if id_column in row and str(row[id_column]) != change.external_id:
        raise RecordRejected(f'the id column "{id_column}" cannot be changed')
    return row


def _flat(payload: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in payload.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield prefix + name, value


def _set(row: dict[str, Any], name: str, value: Any) -> None:
    """Set a key, or the inner key of a dotted one; objects are merged, so that unmapped keys stay."""
    if isinstance(value, Mapping):
        inner = row.get(name)
        row[name] = dict(inner) if isinstance(inner, Mapping) else {}
        for key, one in value.items():
            _set(row[name], key, one)
    elif name in row or "." not in name:
        row[name] = value
    else:
        first, _, rest = name.partition(".")
        _set(row, first, {rest: value})


def _text(name: str, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | float):
        text = str(value)
        if len(text) > MAX_VALUE:
            raise RecordRejected(f'the value for "{name}" is longer than {MAX_VALUE} characters')
        return text
    raise RecordRejected(
        f'the column "{name}" cannot hold a list', fix='join it in the map, with via = ["join"]'
    )


def _write(table: Table, rows: Sequence[Mapping[str, Any]], *, into: str, now: datetime) -> None:
    """Write one file and give it its name. Raises RetryLater when the disk will not."""
    body = _jsonl(rows) if table.kind == "jsonl" else _csv(table, rows)
    if not table.plain:  # a mark, which also a reader told another encoding goes by
        body = codecs.BOM_UTF8 + body
    stamp = now.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    stem = os.path.join(into, f"{PurePosixPath(table.found.name).stem}-{stamp}")
    try:
        _place(body, stem, ".jsonl" if table.kind == "jsonl" else ".csv")
    except OSError as error:
        raise RetryLater(
            f"the write-back could not be written: {error.strerror}", fix="make room there"
        ) from None


def _place(body: bytes, stem: str, suffix: str) -> None:
    """The file whole and on the disk, or nothing. Raises OSError."""
    into, name = os.path.split(stem)
    hidden = os.path.join(into, f".{name}-{os.getpid()}-{id(body):x}.tmp")
    try:
        with open(os.open(hidden, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o640), "wb") as file:
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
        count = 1
        while not _give_name(hidden, f"{stem}-{count}{suffix}" if count > 1 else stem + suffix):
            count += 1
    finally:
        if os.path.lexists(hidden):
            os.unlink(hidden)
    listing = os.open(into, os.O_RDONLY)
    try:
        os.fsync(listing)
    finally:
        os.close(listing)


def _give_name(hidden: str, final: str) -> bool:
    """Move into place without replacing anything; False if the name is taken."""
    try:
        os.link(hidden, final)
        return True
    except FileExistsError:
        return False
    except OSError:  # a file system without hard links
        if os.path.lexists(final):
            return False
        os.rename(hidden, final)
        return True


def _csv(table: Table, rows: Sequence[Mapping[str, Any]]) -> bytes:
    """The input's columns and delimiter. With "\\r\\n" the writer also quotes a lone carriage return in a value."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=table.delimiter, lineterminator="\r\n")
    writer.writerow(table.header)
    writer.writerows([row[name] for name in table.names] for row in rows)
    return text.getvalue().encode("utf-8")


def _jsonl(rows: Sequence[Mapping[str, Any]]) -> bytes:
    return b"".join(orjson.dumps(row) + b"\n" for row in rows)
