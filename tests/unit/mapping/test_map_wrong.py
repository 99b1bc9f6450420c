"""A line that says `wrong = "blank"`: what it cannot read is noted, and the record goes on."""

from __future__ import annotations

import pytest

from hub.errors import RecordRejected, WrongFile
from hub.mapping.engine import Context, compile_map
from hub.mapping.load import load_map

LINE = '[pull]\nemail = "mail"\nbirth_date = {{ from = "born", via = ["date(%Y%m%d)"]{more} }}\n'


def compiled(more: str):  # type: ignore[no-untyped-def]
    text = f'object = "customer"\n{LINE.format(more=more)}'
    return compile_map(load_map(text, file="m.toml"), context=Context(None, "UTC", None))


def test_an_unreadable_value_counts_as_blank_and_is_noted() -> None:
    (one,) = compiled(', wrong = "blank"').pull({"mail": "ann@x.org", "born": "19182115"})
    assert one.values == {"email": "ann@x.org"}
    assert (one.seen["born" if "born" in one.seen else "birth_date"], one.blanks) == (
        "19182115",
        ("birth_date",),
    )
    assert one.notes == ("birth_date: '19182115' cannot be read, and counts as blank",)


def test_a_readable_one_and_a_blank_one_are_as_ever() -> None:
    map = compiled(', wrong = "blank"')
    assert map.pull({"born": "19180215"})[0].values == {"birth_date": "1918-02-15"}
    assert map.pull({"born": ""})[0].notes == ()


def test_without_it_the_record_is_refused() -> None:
    with pytest.raises(RecordRejected):
        compiled("").pull({"born": "19182115"})


def test_another_word_is_refused() -> None:
    with pytest.raises(WrongFile):
        compiled(', wrong = "skip"')
