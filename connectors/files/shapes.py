"""Columns and what they seem to hold, from the first rows."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from connectors.files.table import Table
from hub.sdk import FieldShape, ObjectShape

_SAMPLE_ROWS = 200
# In order: the first kind that all values of a column have.
_KINDS = (
    ("bool", re.compile(r"true|false|yes|no", re.IGNORECASE)),
    ("int", re.compile(r"0|-?[1-9]\d{0,14}")),
    ("decimal", re.compile(r"-?\d{1,15}[.,]\d{1,6}|0|-?[1-9]\d{0,14}")),
    ("date", re.compile(r"\d{4}-\d\d-\d\d")),
    ("instant", re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?")),
    ("email", re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")),
    ("url", re.compile(r"https?://\S+")),
    ("phone", re.compile(r"\+?[\d\s()/.-]{6,24}")),
)


def shape_of(table: Table) -> ObjectShape:
    """The columns of one file; for JSON Lines the keys of its first objects, inner ones dotted."""
    values: dict[str, list[Any]] = {name: [] for name in table.names}
    good = (raw for external_id, raw, _ in table.records() if external_id is not None)
    for raw in islice(good, _SAMPLE_ROWS):
        for name, value in _leaves(raw):
            values.setdefault(name, []).append(value)
    id_column = table.found.source.id
    fields = [
        FieldShape(name, kind_of(seen), required=name == id_column, readonly=name == id_column)
        for name, seen in values.items()
    ]
    return ObjectShape(table.found.source.match, table.found.source.object, fields)


def kind_of(values: Sequence[Any]) -> str:
    """bool, int, decimal, date, instant, email, url, phone, list, or else text."""
    told = [one for one in values if one not in (None, "")]
    if not told:
        return "text"
    if any(isinstance(one, list) for one in told):
        return "list"
    texts = [str(one) for one in told]
    return next((kind for kind, form in _KINDS if all(form.fullmatch(one) for one in texts)), "text")


def _leaves(raw: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in raw.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{prefix}{name}.")
        else:
            yield prefix + name, value
