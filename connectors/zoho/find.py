"""Finding records by what stands in them, with COQL: it reads the records, not the search index, which lags."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from connectors.zoho.api import Api, names

_MOST = 50


def equals(field: str, value: str) -> str:
    """A term of COQL. A quote in the value is written with a backslash before it."""
    quoted = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"({field} = '{quoted}')"


def ids_where(api: Api, module: str, terms: Sequence[str]) -> list[str]:
    """The ids of the records that all of these terms hold for, oldest first."""
    where = joined(terms)
    rows = api.query(f"select id from {module} where {where} order by id asc limit {_MOST}")  # noqa: S608  (no SQL)
    return names(rows, "id")


def joined(terms: Iterable[str]) -> str:
    """`((a and b) and c)`: COQL joins two at a time."""
    first, *rest = terms
    for term in rest:
        first = f"({first} and {term})"
    return first
