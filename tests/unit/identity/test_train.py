"""Expectation–maximisation: from unlabelled pairs to how one customer's records agree, and to weights."""

from __future__ import annotations

import random
from collections import Counter
from math import log2

import pytest

from hub.identity import train
from hub.identity.train import MOST, PRIOR, Chance, Fitted, Level, Seen, fit

WEIGHTS = {"phone_exact": 900, "phone_differs": -250, "town_exact": 300, "town_differs": -200, "mail_exact": 1100,
           "mail_differs": -250, "given_exact": -50, "given_close": -300, "given_differs": -600}  # fmt: skip
NAMES = 900  # what a name's frequency is worth here
EVEN = 1000
TRUE = {"phone": {"exact": 0.6, "differs": 0.4}, "town": {"exact": 0.95, "differs": 0.05},
        "mail": {"exact": 0.9, "differs": 0.1}, "given": {"exact": 0.8, "close": 0.15, "differs": 0.05}}  # fmt: skip
STRANGE = {
    "phone": {"exact": 0.0002, "differs": 0.9998},
    "town": {"exact": 0.05, "differs": 0.95},
    "mail": {"exact": 0.0001, "differs": 0.9999},
    "given": {"exact": 0.01, "close": 0.01, "differs": 0.98},
}
CHANCE = {
    (feature, level): Chance(share, round(share * 50_000))
    for feature, levels in STRANGE.items()
    for level, share in levels.items()
}


def points(levels: tuple[Level, ...]) -> int:
    names = NAMES * sum(1 for feature, level in levels if feature == "given" and level != "differs")
    return names + sum(WEIGHTS[f"{feature}_{level}"] for feature, level in levels)


def drawn(matches: int, strangers: int, *, seed: int = 1) -> list[Seen]:
    """Pairs as a hub finds them: each shares mailbox, phone or name, and is blind for what it was found by."""
    lot = random.Random(seed)
    found: Counter[tuple[tuple[Level, ...], str]] = Counter()
    for truth, wanted in ((TRUE, matches), (STRANGE, strangers)):
        made = 0
        while made < wanted:
            by = lot.choice(("mail", "phone", "given"))
            levels = tuple(
                (feature, "exact" if feature == by else lot.choices(list(shares), list(shares.values()))[0])
                for feature, shares in truth.items()
            )
            found[levels, by] += 1
            made += 1
    return [Seen(levels, points(levels), frozenset({by}), None, n) for (levels, by), n in found.items()]


def fitted(pairs: list[Seen], **options: object) -> Fitted:
    return fit(pairs, WEIGHTS, chance=CHANCE, even=EVEN, **options)  # type: ignore[arg-type]


def test_the_shares_of_one_customers_records_are_found_without_labels() -> None:
    found = fitted(drawn(8_000, 8_000))
    assert found.matches == pytest.approx(8_000, rel=0.08)
    for feature, shares in TRUE.items():
        for level, share in shares.items():
            assert found.shifts[f"{feature}_{level}"].share == pytest.approx(share, abs=0.05), (
                feature,
                level,
            )


def test_weights_move_to_what_the_shares_say() -> None:
    found = fitted(drawn(20_000, 20_000))
    assert found.weights["phone_differs"] == pytest.approx(100 * log2(0.4), abs=25)
    assert found.weights["town_differs"] == pytest.approx(max(-200 - MOST, 100 * log2(0.05 / 0.95)), abs=60)
    assert found.weights["given_exact"] == pytest.approx(100 * log2(0.8), abs=15)
    assert found.weights["given_close"] == pytest.approx(max(-300 - MOST, 100 * log2(0.15)), abs=40)


def test_identity_is_not_made_stronger_by_a_small_hub() -> None:
    """That strangers hardly ever agree in a small hub is no news: thresholds are to hold at every size."""
    found = fitted(drawn(8_000, 8_000))
    for name in ("phone_exact", "mail_exact", "town_exact"):
        assert abs(found.weights[name] - WEIGHTS[name]) <= 40, name


def test_what_strangers_agree_in_counts_for_less() -> None:
    common = CHANCE | {("town", "exact"): Chance(0.6, 30_000), ("town", "differs"): Chance(0.4, 20_000)}
    found = fit(drawn(8_000, 8_000), WEIGHTS, chance=common, even=EVEN)
    assert found.weights["town_exact"] == 300 - MOST


def test_little_data_moves_little_and_none_moves_nothing() -> None:
    few, many = fitted(drawn(20, 20)), fitted(drawn(20_000, 20_000))
    for name, weight in WEIGHTS.items():
        far = abs(many.weights[name] - weight)
        assert abs(few.weights[name] - weight) <= max(20, far * 20 / PRIOR * 2), name
    assert fitted([]).weights == WEIGHTS
    assert fitted([Seen((), 0, frozenset())]).weights == WEIGHTS


def test_the_same_pairs_give_the_same_model_in_any_order() -> None:
    pairs = drawn(2_000, 2_000)
    assert fitted(pairs).weights == fitted(pairs[::-1]).weights
    singly = [one._replace(times=1) for one in pairs for _ in range(one.times)]
    assert fitted(singly).weights == fitted(pairs).weights


def test_no_weight_changes_sides_or_moves_too_far() -> None:
    found = fitted(drawn(5_000, 100))
    for name, weight in WEIGHTS.items():
        assert found.weights[name] * weight >= 0
        assert abs(found.weights[name] - weight) <= MOST


def test_what_persons_reject_makes_its_agreements_count_for_less() -> None:
    pairs = drawn(2_000, 2_000)
    household = (("given", "close"), ("mail", "differs"), ("phone", "exact"), ("town", "exact"))
    said = [Seen(household, points(household), frozenset(), False) for _ in range(60)]
    before, after = fitted(pairs).weights, fitted(pairs + said).weights
    assert after["given_close"] < before["given_close"]
    assert after["phone_exact"] < before["phone_exact"]
    assert after["mail_exact"] >= before["mail_exact"] - 5


def test_what_persons_join_makes_its_differences_forgivable() -> None:
    pairs = drawn(500, 500)
    moved = (("given", "exact"), ("mail", "differs"), ("phone", "differs"), ("town", "differs"))
    said = [Seen(moved, points(moved), frozenset(), True) for _ in range(40)]
    before, after = fitted(pairs).weights, fitted(pairs + said).weights
    for name in ("town_differs", "phone_differs", "mail_differs"):
        assert after[name] > before[name], name


def test_pairs_say_nothing_of_what_they_were_found_by() -> None:
    """Without it, every pair found by its mailbox would teach that mailboxes always agree."""
    pairs = drawn(5_000, 5_000)
    seeing = [one._replace(blind=frozenset()) for one in pairs]
    assert fitted(seeing).shifts["phone_exact"].share > fitted(pairs).shifts["phone_exact"].share + 0.05


def test_every_kind_of_key_says_what_it_is_blind_for() -> None:
    from hub.identity.keys import KINDS

    assert set(KINDS) == set(train.FOUND_BY)


def test_names_are_worth_what_they_are_here_and_no_name_is_made_of_a_typing_error() -> None:
    table = {"ann": 600, "maria": 550, "li": 700}
    seen = {"li": 4_000, "ann": 31, "xin": 250, "anm": 3}
    found = train.worth(table, 950, seen=seen, total=10_000)
    assert found["li"] < 200  # every other customer is a Li here
    assert found["maria"] > 700  # and hardly anybody a Maria
    assert found["xin"] < 950
    assert "anm" not in found
    assert max(found.values()) <= 950
    assert train.worth(table, 950, seen={}, total=0) == table
