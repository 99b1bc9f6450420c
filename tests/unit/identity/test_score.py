from __future__ import annotations

from typing import Any

import pytest

from hub.identity.compare import FEATURES
from hub.identity.contacts import compare_birth_dates
from hub.identity.explain import explain_pair, render_pair
from hub.identity.features import features
from hub.identity.model import MatchModel
from hub.identity.score import NEVER, Score, points, score

ANN = {
    "kind": "person",
    "given_name": "Ann",
    "family_name": "Lee",
    "email": "lee@home.net",
    "phone": "+4930901820",
}


def _score(a: dict[str, Any], b: dict[str, Any], model: MatchModel) -> Score:
    one, other = features(a, model), features(b, model)
    found = score(one, other, model)
    assert found.points == points(one, other, model) == points(other, one, model)
    if found.points != NEVER:
        assert sum(reason.points for reason in found.reasons) == found.points
    return found


@pytest.mark.parametrize(
    ("change", "verdict"),
    [
        ({}, "match"),
        ({"phone": None}, "match"),
        ({"email": None}, "match"),
        ({"email": None, "phone": None}, "possible"),
        ({"email": None, "phone": "+4989123456"}, "possible"),
        ({"email": "bob@home.net", "phone": "+4989123456"}, "no"),
        ({"given_name": None, "family_name": None}, "match"),
        ({"given_name": "A."}, "match"),
        ({"given_name": "Bob"}, "never"),
        ({"family_name": "King"}, "possible"),
        ({"kind": "organisation", "name": "Lee"}, "never"),
        ({"kind": None}, "match"),
    ],
)
def test_identifiers_join_unless_names_or_kinds_differ(
    change: dict[str, Any], verdict: str, model: MatchModel
) -> None:
    assert _score(ANN, {**ANN, **change}, model).verdict == verdict


def test_birth_dates_that_contradict_are_for_a_person_to_settle(model: MatchModel) -> None:
    father, son = {**ANN, "birth_date": "1950-03-04"}, {**ANN, "birth_date": "1981-11-20"}
    found = _score(father, son, model)
    assert found.verdict == "possible"
    assert model.review <= found.points < model.auto


@pytest.mark.parametrize(
    ("a", "b", "level"),
    [
        ("1980-02-03", "1980-02-03", "exact"),
        ("1980-01-01", "1980-01-01", "first"),
        ("1980-02-03", "1980-03-02", "near"),
        ("1980-02-03", "1980-02-08", "near"),
        ("1980-02-03", "1980-02-18", "part"),
        ("1980-02-03", "1980-03-12", "part"),
        ("1980-02-03", "1990-03-12", "off"),
        ("1980-02-03", "1981-11-20", "differs"),
    ],
)
def test_birth_dates(a: str, b: str, level: str) -> None:
    assert compare_birth_dates(a, b) == compare_birth_dates(b, a) == level


def test_a_reference_meets_the_record_it_names(model: MatchModel) -> None:
    shop = features({"kind": "person", "external_ref[erp]": "77"}, model, own_ref="shop:1")
    erp = features({"kind": "person", "given_name": "Ann"}, model, own_ref="erp:77")
    assert score(shop, erp, model).verdict == "match"


def test_other_names_under_one_tax_id_are_possible_not_never(model: MatchModel) -> None:
    one = {"kind": "organisation", "name": "Borealis AG", "tax_id[vat]": "DE136695976"}
    found = _score(one, {**one, "name": "Nordlicht Handel GmbH"}, model)
    assert found.verdict in ("possible", "no")
    assert found.points < model.auto


@pytest.mark.parametrize(
    ("name", "verdict"),
    [
        ("ACME Ltd.", "match"),
        ("The Acme Company, Inc.", "match"),
        ("Acme Energy GmbH", "possible"),
        ("Zenith GmbH", "never"),
    ],
)
def test_organisations_without_their_legal_form(name: str, verdict: str, model: MatchModel) -> None:
    one = {"kind": "organisation", "name": "Acme GmbH", "email": "berlin@acme.net"}
    assert _score(one, {**one, "name": name}, model).verdict == verdict


def test_chinese_organisations(model: MatchModel) -> None:
    one = {"kind": "organisation", "name": "華為技術有限公司", "phone": "+8675528780808"}
    assert _score(one, {**one, "name": "华为技术股份有限公司"}, model).verdict == "match"
    assert _score(one, {**one, "name": "腾讯科技有限公司"}, model).verdict == "never"


def test_a_bare_display_name_meets_person_and_organisation(model: MatchModel) -> None:
    shown = {"display_name": "Ann Lee", "email": "lee@home.net"}
    assert _score(ANN, shown, model).verdict == "match"
    acme = {"kind": "organisation", "name": "Acme AG", "email": "lee@home.net"}
    assert _score({**shown, "display_name": "Acme"}, acme, model).verdict == "match"


def test_every_feature_tells_a_steward_what_it_is() -> None:
    assert all(len(feature.__doc__ or "") > 20 for feature in FEATURES)


def test_a_pair_explains_itself(model: MatchModel) -> None:
    one = features({**ANN, "email[work]": "info@lee.net"}, model)
    why = explain_pair(one, features({**ANN, "given_name": "Bob"}, model), model)
    assert why.verdict == "never" and why.forbidden == "their names differ"
    text = render_pair(why)
    assert "lee@home.net" in text and "ann lee | bob lee" in text and "info@lee.net" in text
    near = explain_pair(
        one, features({"kind": "person", "given_name": "Ann", "family_name": "Lee"}, model), model
    )
    assert near.needed == model.auto - near.points > 0
