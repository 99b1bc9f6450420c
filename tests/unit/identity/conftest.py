from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from hub.identity.model import MatchModel, load_model


@pytest.fixture(scope="session")
def model() -> MatchModel:
    """The shipped match model."""
    tables, names = (
        tomllib.loads(Path(f"config/{name}.toml").read_text(encoding="utf-8"))
        for name in ("matching", "names")
    )
    return load_model({**tables, "names": names})
