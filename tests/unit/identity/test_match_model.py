from __future__ import annotations

import copy
import tomllib
from pathlib import Path
from typing import Any

import pytest

from hub.errors import WrongFile
from hub.identity.model import Blocked, MatchModel, Weights, load_model

SHIPPED = tomllib.loads(Path("config/matching.toml").read_text(encoding="utf-8"))


def test_the_shipped_model_joins_by_one_identifier_but_not_by_a_name(model: MatchModel) -> None:
    weights = model.weights
    assert min(weights.email, weights.phone, weights.tax_id, weights.external_ref) >= model.auto
    assert weights.name + weights.birth_date < model.review


@pytest.mark.parametrize(
    ("section", "key", "value", "message"),
    [
        ("weights", "emial", 1, "did you mean weights.email?"),
        ("weights", "email", "many", "whole number"),
        ("thresholds", "review", 101, "between 1 and auto"),
        ("blocked", "mailboxes", "info", "list of texts"),
        ("blocked", "mailbox", [], "did you mean blocked.mailboxes?"),
    ],
)
def test_a_wrong_model_is_refused_with_the_right_word(
    section: str, key: str, value: Any, message: str
) -> None:
    data = copy.deepcopy(SHIPPED)
    data[section][key] = value
    with pytest.raises(WrongFile, match=message.replace("?", r"\?")):
        load_model(data)


def test_every_key_is_documented() -> None:
    text = Path("config/README.md").read_text(encoding="utf-8")
    keys = [f"thresholds.{key}" for key in SHIPPED["thresholds"]]
    keys += [f"weights.{key}" for key in Weights._fields]
    keys += [f"blocked.{key}" for key in Blocked.__dataclass_fields__]
    assert [key for key in keys if f"`{key}`" not in text] == []


def test_han_table_changes_single_characters_only() -> None:
    from hub.identity.han import TO_SIMPLIFIED

    assert len(TO_SIMPLIFIED) > 300
    assert all(len(simple) == 1 and chr(code) != simple for code, simple in TO_SIMPLIFIED.items())
    assert all(ord(simple) not in TO_SIMPLIFIED for simple in TO_SIMPLIFIED.values())
