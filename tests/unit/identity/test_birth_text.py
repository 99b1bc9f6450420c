"""The text of a birth date that is no date: it may agree, and never contradicts."""

from __future__ import annotations

import pytest

from hub.identity.contacts import birth_text, compare_birth_dates
from hub.identity.features import Features, features
from hub.identity.keys import keys
from hub.identity.model import MatchModel
from hub.identity.score import points

ANN = {"given_name": "Ann", "family_name": "Quandtmeyer"}


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("19182115", "19182115"),
        (19182115, "19182115"),
        ("1918-21-15", "19182115"),
        ("31.2.1950", "19500231"),
        ("31/13/1950", "19501331"),
        ("soon", ""),
        ("1950", ""),
        ("19500000", ""),  # the day was not known
        ("1950-04-00", ""),
        ("99999999", ""),
        ("11111112", ""),
    ],
)
def test_the_digits_that_tell_somebody_apart(raw: object, text: str) -> None:
    assert birth_text(raw) == text


@pytest.mark.parametrize(
    ("text", "other", "level"),
    [
        ("19182115", "19182115", "exact"),
        ("19182115", "19182175", "near"),
        ("19182112", "1918-12-21", "near"),
        ("19182115", "1918-12-15", "near"),
        ("19182115", "1918-05-15", None),
        ("19182115", "1971-03-09", None),
    ],
)
def test_it_agrees_or_says_nothing(text: str, other: str, level: str | None) -> None:
    assert compare_birth_dates(text, other) == compare_birth_dates(other, text) == level


def test_it_counts_where_the_record_has_no_other_date(model: MatchModel) -> None:
    former = {"birth_date": ["19182115"]}
    unread = features(ANN, model, former=former)
    assert unread.birth_date == "19182115" and Features.from_json(unread.to_json()) == unread
    assert points(unread, unread, model) >= model.auto > points(unread, features(ANN, model), model)
    read = features({**ANN, "birth_date": "1918-12-15"}, model, former=former)
    assert read.birth_date == "1918-12-15"
    assert set(keys(features(ANN | {"birth_date": "1918-12-15"}, model), realm="")) == set(
        keys(read, realm="")
    )


def test_a_filled_in_date_does_not_count_as_text_either(model: MatchModel) -> None:
    assert features(ANN, model, former={"birth_date": ["1.1.1900"]}).birth_date == ""
