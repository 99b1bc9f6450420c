from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from hub.identity.model import MatchModel, load_model


@pytest.fixture(scope="session")
def model() -> MatchModel:
    """The shipped match model."""
    return load_model(tomllib.loads(Path("config/matching.toml").read_text(encoding="utf-8")))
