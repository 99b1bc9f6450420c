"""What stood in a record before an edit goes on saying who it is."""

from __future__ import annotations

import tomllib
from pathlib import Path

from hub.identity.features import Features, features
from hub.identity.model import load_model
from hub.identity.score import NEVER, points

MODEL = load_model(tomllib.loads(Path("config/matching.toml").read_text(encoding="utf-8")))
NOW = {"given_name": "Eva", "family_name": "Kern", "email": "eva.kern@y.org"}
BEFORE = {"email": ["eva@x.org"], "name": [{"given_name": "Eva", "family_name": "Alt"}]}
ELSEWHERE = features({"given_name": "Eva", "family_name": "Alt", "email": "eva@x.org"}, MODEL)


def test_a_former_identifier_and_name_still_meet() -> None:
    assert points(features(NOW, MODEL), ELSEWHERE, MODEL) < MODEL.review
    edited = features(NOW, MODEL, former=BEFORE)
    assert edited.emails == ("eva.kern@y.org", "eva@x.org") and edited.aliases == ("alt eva",)
    assert points(edited, ELSEWHERE, MODEL) >= MODEL.auto
    assert points(ELSEWHERE, edited, MODEL) == points(edited, ELSEWHERE, MODEL)


def test_a_former_name_does_not_excuse_another_person_at_the_same_mailbox() -> None:
    husband = features({"given_name": "Otto", "family_name": "Alt", "email": "eva@x.org"}, MODEL)
    assert points(features(NOW, MODEL, former=BEFORE), husband, MODEL) == NEVER


def test_a_blocked_value_stays_blocked_and_features_come_back_from_json() -> None:
    edited = features(NOW, MODEL, former={"email": ["info@x.org"], "name": BEFORE["name"]})
    assert edited.emails == ("eva.kern@y.org",)
    assert Features.from_json(edited.to_json()) == edited
