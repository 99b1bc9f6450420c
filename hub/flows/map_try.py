"""A map before it is used: tried on real rows, or suggested from the columns of a file."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from hub.canonical import vocabulary
from hub.errors import HubError, NotFound, RecordRejected
from hub.mapping.engine import CompiledMap, Context, compile_map
from hub.mapping.headers import ID_WORDS
from hub.mapping.load import load_map
from hub.mapping.suggest import Guess, suggest, to_toml
from hub.sdk import registry
from hub.sdk.connector import ConnectionView

__all__ = ["Context", "Row", "Tried", "read_rows", "suggest_map", "try_map"]

READER = "files"  # the connector that reads an admin's files
_SAMPLES = 200
_IDS = frozenset(ID_WORDS.split("|"))


class Row(NamedTuple):
    """A row through the map. parts: canonical values by part; update, create: what the system would receive back."""

    external_id: str
    raw: dict[str, Any]
    parts: dict[str, dict[str, Any]]
    blanks: list[str]
    notes: list[str]
    update: dict[str, Any]
    create: dict[str, Any]
    error: str | None


class Tried(NamedTuple):
    """unmapped: columns that no line reads and `ignore` does not name. not_pushed: path → why it is not."""

    rows: list[Row]
    unmapped: list[str]
    not_pushed: dict[str, str]


def try_map(
    map_file: Path,
    file: Path,
    *,
    id_column: str | None,
    limit: int,
    context: Context,
    overlay: Path | None = None,
) -> Tried:
    """Run the map over the first rows of an export. Raises WrongFile for the map, NotFound for a file not there."""
    text = _text(map_file)
    over = _text(overlay) if overlay else None
    spec = load_map(text, file=str(map_file), overlay=over, overlay_file=str(overlay) if overlay else None)
    compiled = compile_map(spec, context=context)
    rows = []
    unmapped: dict[str, None] = {}
    for external_id, raw in islice(read_rows(file, object=compiled.object, id_column=id_column), limit):
        unmapped |= dict.fromkeys(sorted(compiled.unmapped(raw)))
        rows.append(_row(compiled, external_id, raw))
    unmapped.pop(id_column or "", None)
    return Tried(rows, list(unmapped), dict(compiled.not_pushed))


def suggest_map(file: Path, *, object: str, id_column: str | None) -> tuple[list[Guess], str]:
    """A guess per column, and the text of a map made of them. `id_column` is left out: it is the external id."""
    rows = [raw for _, raw in islice(read_rows(file, object=object, id_column=id_column), _SAMPLES)]
    if object == "order":
        rows = [line for raw in rows for line in (raw.get("lines") or [raw])]
    headers = list(dict.fromkeys(key for raw in rows for key in raw))
    guesses = suggest(headers, rows, object=object)
    return guesses, to_toml(guesses, object=object)


def read_rows(file: Path, *, object: str, id_column: str | None) -> Iterator[tuple[str, dict[str, Any]]]:
    """(external id, raw) of the rows of an export, as a connection would read them. Raises NotFound, RecordRejected."""
    if not file.is_file():
        raise NotFound(f"There is no file {file}.")
    if object not in vocabulary.OBJECTS:
        raise NotFound(f'There is no object "{object}".', fix="customer, order or interaction")
    wanted = [id_column] if id_column else ["id", *_candidates(file)]
    problem: str | None = None
    for name in wanted:
        found = _read(file, object, name)
        first = next(found, None)
        if isinstance(first, tuple):
            yield first
            yield from (one for one in found if isinstance(one, tuple))
            return
        problem = problem or first
    raise RecordRejected(f"{file} cannot be read.", cause=problem, fix="Name its id column: --id COLUMN")


def _read(file: Path, object: str, id_column: str) -> Iterator[tuple[str, dict[str, Any]] | str]:
    """Rows, or a sentence for one that cannot be read."""
    table = {"object": object, "match": _escaped(file.name), "id": id_column}
    view = ConnectionView(
        name="try", settings={"path": str(file.resolve().parent)}, secret=lambda name: None, files=(table,)
    )
    try:
        connector = registry.build(READER, view)
        for page in connector.pull(object, None, full=True):
            for record in page.records:
                yield record.external_id, dict(record.raw)
            for refused in page.rejected:
                yield refused.cause
    except HubError as error:
        yield str(error)


def _candidates(file: Path) -> list[str]:
    """Columns that may hold the id: the reader's check knows the file's own, and says them."""
    view = ConnectionView(
        name="try",
        settings={"path": str(file.resolve().parent)},
        secret=lambda name: None,
        files=({"object": "customer", "match": _escaped(file.name), "id": "\0"},),
    )
    listed = ""
    for finding in registry.build(READER, view).check():
        if not finding.ok and finding.fix and finding.fix.startswith("columns: "):
            listed = finding.fix.removeprefix("columns: ")
    names = [name.strip() for name in listed.split(", ") if name.strip()]
    likely = [one for one in names if "".join(c for c in one.casefold() if c.isalnum()) in _IDS]
    return [*likely, *names[:1]]


def _escaped(name: str) -> str:
    return "".join(f"[{char}]" if char in "*?[" else char for char in name)


def _row(compiled: CompiledMap, external_id: str, raw: dict[str, Any]) -> Row:
    try:
        pulled = compiled.pull(raw)
    except RecordRejected as error:
        return Row(external_id, raw, {}, [], [], {}, {}, str(error))
    parts = {one.part: one.values for one in pulled}
    blanks = [path for one in pulled for path in one.blanks]
    notes = [note for one in pulled for note in one.notes]
    values = pulled[0].values
    try:
        update = _push(compiled, values, compiled.push_paths, create=False)
        create = _push(compiled, values, compiled.create_paths, create=True)
    except HubError as error:
        return Row(external_id, raw, parts, blanks, notes, {}, {}, f"not written back: {error}")
    return Row(external_id, raw, parts, blanks, notes, update, create, None)


def _push(
    compiled: CompiledMap, values: dict[str, Any], paths: frozenset[str], *, create: bool
) -> dict[str, Any]:
    given = {path: value for path, value in values.items() if path in paths}
    if not create:
        for path in list(given):
            for other in compiled.push_needs.get(path, ()):
                given.setdefault(other, values.get(other))
    return compiled.push(given, create=create) if given else {}


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise NotFound(
            f"The file {file} cannot be read.", cause=getattr(error, "strerror", None) or "it is not UTF-8"
        ) from None
