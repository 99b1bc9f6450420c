from __future__ import annotations

import contextlib
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.canonical.unfit import Unfit
from hub.mapping.load import BLANK_AS, LIST_PUSH_KEYS, PULL_KEYS, PUSH_KEYS, TOP_KEYS
from hub.mapping.spec import Context
from hub.mapping.transforms import TRANSFORMS

CONTEXT = Context("DE", "Europe/Berlin", "EUR")
README = (Path(__file__).parents[3] / "mappings" / "README.md").read_text(encoding="utf-8")

# name, argument, what the remote has, what is read
READ: list[tuple[str, str | None, Any, Any]] = [
    ("date", None, "2020-2-9", "2020-02-09"),
    ("date", "%d.%m.%Y|%Y%m%d", "20200209", "2020-02-09"),
    ("datetime", "%d.%m.%Y %H:%M", "09.02.2020 10:00", "2020-02-09T09:00:00Z"),
    ("datetime", "%Y-%m-%d %H:%M %z", "2020-02-09 10:00 +0000", "2020-02-09T10:00:00Z"),
    ("datetime", None, "2020-02-09 10:00", "2020-02-09T09:00:00Z"),
    ("epoch", None, "1700000000", "2023-11-14T22:13:20Z"),
    ("epoch_ms", None, 1700000000500, "2023-11-14T22:13:20.500000Z"),
    ("bool", "J,N", "n", False),
    ("flip", None, "yes", False),
    ("split", ";", "a; b", ["a", " b"]),
    ("split", None, "a,b", ["a", "b"]),
    ("split", ";", ["a"], ["a"]),
    ("decimal", ",", "1.234,56", "1234.56"),
    ("decimal", ".", "1'234.56", "1234.56"),
    ("decimal", ",", 5, 5),
    ("number", None, "5.0", "5.0"),
    ("negate", None, "-5", "5"),
    ("scale", "100", "19", "0.19"),
    ("minor", None, 1299, 1299),
    ("zeros", "5", 1067, "01067"),
    ("country", "name", "Deutschland", "DE"),
    ("language", "_", "de_DE", "de-DE"),
    ("phone", "national", " 0171 2345678 ", "0171 2345678"),
    ("phone", "digits", "491712345678", "+491712345678"),
    ("phone", "international", "x", "x"),
    ("prefixed", "C-", " C-12", "12"),
    ("prefixed", "C-", "12", "12"),
    ("suffixed", " days", "30 days", "30"),
    ("blank", "N/A, -", "n/a", None),
    ("blank", "N/A", "x", "x"),
    ("trim", None, " x ", "x"),
    ("trim", None, 5, 5),
    ("lower", None, "ÄB", "äb"),
    ("upper", None, "äb", "ÄB"),
    ("title", None, "ann o'NEIL-lee", "Ann O'Neil-Lee"),
    ("digits", None, "a1-2", "12"),
    ("join", None, ["a", None, " ", "b"], "a b"),
    ("join", ", ", ["a", "b"], "a, b"),
    ("join", None, "a", "a"),
    ("first", None, [None, " ", "b", "c"], "b"),
    ("first", None, [], None),
    ("word", "2", "a b c", "b"),
    ("word", "-1", "a b c", "c"),
    ("word", "9", "a b c", None),
    ("word", "-9", "a b c", None),
    ("line", "1", "a\nb", "a"),
    ("cut", "3", "abcdef", "abc"),
    ("replace", "–,-", "1–2", "1-2"),
    ("replace", "x,", "axb", "ab"),
    ("plain", None, "<p>a &amp; b<br/>c</p>", "a & b\nc\n"),
]

WRITTEN: list[tuple[str, str | None, Any, Any]] = [
    ("date", "%d.%m.%Y|%Y", "2020-02-09", "09.02.2020"),
    ("datetime", "%d.%m.%Y %H:%M", "2020-02-09T09:00:00Z", "09.02.2020 10:00"),
    ("epoch", None, "2023-11-14T22:13:20Z", 1700000000),
    ("epoch_ms", None, "2023-11-14T22:13:20.500000Z", 1700000000500),
    ("bool", "J,N", True, "J"),
    ("split", ";", ["a", "b"], "a;b"),
    ("decimal", ",", "1234.56", "1234,56"),
    ("number", None, "5", 5),
    ("number", None, "5.5", 5.5),
    ("scale", "100", "0.19", "19"),
    ("country", "name_zh", "DE", "德国"),
    ("country", "alpha3", "DE", "DEU"),
    ("language", "_", "en-US", "en_US"),
    ("phone", "national", "+491712345678", "0171 2345678"),
    ("phone", "national", "+8613812345678", "+8613812345678"),  # from abroad only the whole number will do
    ("phone", "international", "+491712345678", "+49 171 2345678"),
    ("phone", "digits", "+491712345678", "491712345678"),
    ("phone", "digits", "as given", "as given"),
    ("prefixed", "C-", "12", "C-12"),
    ("suffixed", " days", "30", "30 days"),
    ("join", ", ", ["a", None, "b"], "a, b"),
    ("upper", None, "a", "A"),
]


@pytest.mark.parametrize(("name", "argument", "remote", "value"), READ)
def test_what_a_transform_reads(name: str, argument: str | None, remote: Any, value: Any) -> None:
    assert TRANSFORMS[name].build(argument, CONTEXT).read(remote) == value


@pytest.mark.parametrize(("name", "argument", "value", "remote"), WRITTEN)
def test_what_a_transform_writes(name: str, argument: str | None, value: Any, remote: Any) -> None:
    assert TRANSFORMS[name].build(argument, CONTEXT).write(value) == remote


@pytest.mark.parametrize(
    ("name", "argument", "remote"),
    [
        ("date", "%Y", "soon"),
        ("datetime", "%Y", "soon"),
        ("epoch", None, "soon"),
        ("epoch", None, "9" * 20),
        ("bool", "J,N", "maybe"),
        ("negate", None, "many"),
        ("lower", None, ["a"]),
        ("cut", "3", {"a": 1}),
    ],
)
def test_what_a_transform_cannot_read_is_unfit(name: str, argument: str | None, remote: Any) -> None:
    with pytest.raises(Unfit):
        TRANSFORMS[name].build(argument, CONTEXT).read(remote)


@pytest.mark.parametrize(
    ("name", "argument"),
    [
        ("date", "day"), ("bool", "J"), ("bool", "J,J"), ("decimal", ";"), ("scale", "3"), ("scale", "1"),
        ("scale", "-10"), ("zeros", "x"), ("zeros", "1"), ("country", "x"), ("language", "x"), ("phone", "x"),
        ("word", "0"), ("cut", "0"), ("replace", "x"),
    ],
)  # fmt: skip
def test_wrong_brackets_are_refused(name: str, argument: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        TRANSFORMS[name].build(argument, CONTEXT)


def test_every_transform_is_tried_here() -> None:
    assert {name for name, *_ in READ} == set(TRANSFORMS)


ARGUMENTS = {name: argument for name, argument, *_ in READ}
ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=30),
    st.lists(st.text(), max_size=3),
)


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(sorted(TRANSFORMS)), ODD)
def test_reading_never_fails_in_any_other_way(name: str, remote: Any) -> None:
    pair = TRANSFORMS[name].build(ARGUMENTS[name], CONTEXT)
    with contextlib.suppress(Unfit):
        pair.read(remote)


# --- the document says what there is --------------------------------------------------------------


def documented(heading: str) -> dict[str, str]:
    part = README.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    return dict(re.findall(r"^\| `([^`]+)` \| (.+?) \|$", part, re.MULTILINE))


@pytest.mark.parametrize("name", list(TRANSFORMS))
def test_every_transform_is_documented_in_its_own_words(name: str) -> None:
    entry = TRANSFORMS[name]
    argument = entry.argument
    shown = name if argument is None else f"{name}({argument.rstrip('?')})"
    rows = documented("Transforms: forms") if entry.invertible else documented("Transforms: changes")
    assert rows.get(shown) == entry.doc.replace("|", "\\|"), (
        f"mappings/README.md: | `{shown}` | {entry.doc} |"
    )


def test_no_transform_is_documented_that_is_not_there() -> None:
    rows = {**documented("Transforms: forms"), **documented("Transforms: changes")}
    assert {row.partition("(")[0] for row in rows} == set(TRANSFORMS)


@pytest.mark.parametrize(
    ("heading", "keys"),
    [
        ("Keys of a map", TOP_KEYS),
        ("A line of `[pull]`", PULL_KEYS),
        ("A line of `[push]`", PUSH_KEYS),
        ("A list in `[push]`", LIST_PUSH_KEYS),
    ],
)
def test_every_key_is_documented(heading: str, keys: tuple[str, ...]) -> None:
    assert sorted(documented(heading)) == sorted(keys)


def test_every_way_to_write_a_blank_is_documented() -> None:
    assert all(f"`{word}`" in documented("Keys of a map")["blank_as"] for word in BLANK_AS)
