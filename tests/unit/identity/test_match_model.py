from __future__ import annotations

import copy
import tomllib
from pathlib import Path
from typing import Any

import pytest

from hub.errors import WrongFile
from hub.identity.model import Blocked, MatchModel, Weights, load_model

SHIPPED = tomllib.loads(Path("config/matching.toml").read_text(encoding="utf-8"))


def test_the_shipped_model_joins_by_an_identifier_with_a_name_but_not_by_a_name(model: MatchModel) -> None:
    weights = model.weights
    rare = model.names.given_unknown + model.names.family_unknown
    assert min(weights.tax_id_exact, weights.email_exact, weights.phone_exact) + rare >= model.auto
    assert weights.external_ref_exact >= model.auto > weights.email_exact + weights.phone_differs
    assert weights.identifier_alone + weights.email_exact >= model.auto
    assert weights.identifier_alone + weights.phone_exact < model.auto


def test_common_names_are_worth_less_than_rare_ones(model: MatchModel) -> None:
    names = model.names
    assert names.family["smith"] < names.family["walker"] < names.family_unknown
    assert names.given["john"] < names.given_unknown and names.family["王"] < names.family_unknown


@pytest.mark.parametrize(
    ("section", "key", "value", "message"),
    [
        ("weights", "emial_exact", 1, "did you mean weights.email_exact?"),
        ("weights", "email_exact", "many", "whole number"),
        ("thresholds", "review", 100_000, "between 1 and auto"),
        ("rivals", "emial", [1, 2, 3, 4], "did you mean rivals.email?"),
        ("rivals", "email", [1, 2], "6 whole numbers"),
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
    keys += [f"rivals.{key}" for key in SHIPPED["rivals"]]
    keys += [f"blocked.{key}" for key in Blocked.__dataclass_fields__]
    assert [key for key in keys if f"`{key}`" not in text] == []


def test_han_table_changes_single_characters_only() -> None:
    from hub.identity.han import TO_SIMPLIFIED

    assert len(TO_SIMPLIFIED) > 300
    assert all(len(simple) == 1 and chr(code) != simple for code, simple in TO_SIMPLIFIED.items())
    assert all(ord(simple) not in TO_SIMPLIFIED for simple in TO_SIMPLIFIED.values())
