"""The match model in force: the newest numbered one of the store, else the shipped one (DESIGN §4)."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection

from hub import resources
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
