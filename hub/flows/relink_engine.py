"""What finds the candidate pairs of everything at once; found by name, so that another can take its place."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Protocol

from hub.errors import NotFound, Unsupported

Keys = Iterable[Sequence[tuple[int, int]]]
"""(key, record id), some thousands at a time; a record has several keys, a key several records."""


class Engine(Protocol):
    """Finds the pairs of records that share a key. It judges nothing: the match model does (DESIGN §4)."""

    def candidates(self, keys: Keys, *, cap: int) -> Iterator[list[tuple[int, int]]]:
        """Every pair (smaller id, larger id) that shares a key of at most `cap` records, once, some thousands at a
        time."""
        ...


ENGINES: Mapping[str, str] = {"splink": "hub.flows.relink_splink:SplinkOnDuckDb"}


def engine(name: str) -> Engine:
    """The engine of this name. Raises NotFound, and Unsupported where what it needs is not installed."""
    if name not in ENGINES:
        raise NotFound(f"There is no engine {name!r}.", fix=f"Known: {', '.join(ENGINES)}.")
    module, _, attribute = ENGINES[name].partition(":")
    try:
        made: Engine = getattr(importlib.import_module(module), attribute)()
    except ImportError as error:
        raise Unsupported(
            f"The engine {name} is not installed here.",
            cause=str(error),
            fix="Install it: pip install 'crm-hub[relink]'. Or: hub rebuild, which does the same a page at a time.",
        ) from None
    return made
