"""The match model in force: the newest numbered one of the store, else the shipped one (DESIGN §4)."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import Connection

from hub import resources
from hub.errors import NotFound
from hub.identity.model import MatchModel, load_model
from hub.store.documents import dump, load
from hub.store.queries import match_models

SHIPPED = "matching.toml"
NAMES = "names.toml"


def in_force(conn: Connection) -> MatchModel:
    """The model that decides now. Raises WrongFile if it is not one this version of the hub can read."""
    number = match_models.newest(conn)
    if number is None:
        return _shipped()
    row = match_models.get(conn, number)
    assert row is not None
    return _stored(number, row.model)


def document(conn: Connection) -> Mapping[str, Any]:
    """The model in force as the dictionary `load_model` takes: what a training starts from."""
    number = match_models.newest(conn)
    row = None if number is None else match_models.get(conn, number)
    found: Mapping[str, Any] = _tables() if row is None else load(row.model)
    return found


def next_number(conn: Connection) -> int:
    """The number of the next model: higher than every stored one and than the shipped one."""
    return max(match_models.newest(conn) or 0, _shipped().number) + 1


def keep(conn: Connection, model: Mapping[str, Any], *, now: float) -> None:
    """Store a new model under its number; from now on it is in force."""
    match_models.insert(conn, int(model["number"]), dump(model), now=now)


class Listed(NamedTuple):
    """A model of this hub. origin: shipped, or trained here. created_at: epoch seconds, None for the shipped one."""

    number: int
    origin: str
    created_at: float | None
    in_force: bool


def listed(conn: Connection) -> list[Listed]:
    """Every model there is, the one in force last."""
    rows = match_models.every(conn)
    found = [Listed(_shipped().number, "shipped", None, not rows)]
    return found + [Listed(row.number, "here", row.created_at, row is rows[-1]) for row in rows]


def numbered(conn: Connection, number: int) -> Mapping[str, Any]:
    """The document of one model. Raises NotFound."""
    row = match_models.get(conn, number)
    if row is not None:
        found: Mapping[str, Any] = load(row.model)
        return found
    if number == _shipped().number:
        return _tables()
    raise NotFound(f"There is no match model {number}.", fix="See: hub match model")


def shipped_document() -> Mapping[str, Any]:
    """`config/matching.toml` with `config/names.toml`, parsed."""
    return _tables()


@lru_cache(maxsize=1)
def _tables() -> Mapping[str, Any]:
    model, names = (tomllib.loads(resources.config_text(name)) for name in (SHIPPED, NAMES))
    return {**model, "names": names}


@lru_cache(maxsize=1)
def _shipped() -> MatchModel:
    return load_model(_tables())


@lru_cache(maxsize=4)
def _stored(number: int, text: str) -> MatchModel:
    return load_model(load(text), file=f"match model {number}")
