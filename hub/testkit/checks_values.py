"""Conformance: money, blanks, unknown words and hostile content, up to the shipped map."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from hub.errors import RecordRejected
from hub.mapping.engine import CompiledMap, compile_map
from hub.mapping.load import load_map
from hub.mapping.spec import Context
from hub.testkit.adapter import NotApplicable, Refused
from hub.testkit.bench import Bench
from hub.testkit.contents import TEXTS

AMOUNTS = ("0.10", "19.99", "0.07", "1234567.89", "4503599627370.49")
_INVENTED = {"false", "none", "null", "undefined", "nan", "[]", "{}", ""}


def money_is_exact(bench: Bench, object: str) -> None:
    """An amount comes out of a pull as it was put in, to the last digit."""
    expected: dict[str, str] = {}
    for amount in AMOUNTS:
        payload = bench.adapter.priced(object, bench.number(), amount)
        try:
            expected[bench.adapter.seed(object, payload)] = amount
        except Refused:
            continue
    records = bench.pull(object).records
    for one, amount in expected.items():
        shown = bench.adapter.amount_of(object, records[one].raw)
        assert Decimal(str(shown)) == Decimal(amount), f"{amount} became {shown!r}"


def blanks_stay_blank(bench: Bench, object: str) -> None:
    """However the system spells nothing (null, false, an empty text, not at all), the map makes no value of it."""
    one = bench.adapter.seed(object, bench.adapter.blank(object, bench.number()))
    record = bench.pull(object).records[one]
    bench.same(object, record)
    for found in _mapped(bench, object, record.raw):
        invented = [path for path, value in found.items() if str(value).strip().lower() in _INVENTED]
        invented = [path for path in invented if found[path] is not False]  # a yes-or-no that is no
        assert not invented, (
            f"blank over there, but a value here: { {path: found[path] for path in invented} }"
        )


def unknown_words_stop_nothing(bench: Bench, object: str) -> None:
    """A word that an enumeration did not have so far is read, and stops no other record."""
    one = bench.adapter.seed(object, bench.adapter.strange(object, bench.number()))
    (beside,) = bench.seed(object, 1)
    records = bench.pull(object).records
    assert beside in records, "a record beside the unknown word is lost"
    bench.same(object, records[one])
    try:
        list(_mapped(bench, object, records[one].raw))
    except RecordRejected as error:
        assert str(error).strip(), "rejected without a cause"


def map_takes_hostile_content(bench: Bench, object: str) -> None:
    """Through the shipped map, any text the system takes becomes a canonical value or is rejected with its cause."""
    compiled = _map(bench, object)
    seeded: dict[str, str] = {}
    for what, text in TEXTS.items():
        try:
            payload = bench.adapter.payload(object, bench.number(), text=text)
            seeded[bench.adapter.seed(object, payload)] = what
        except Refused:
            continue
    records = bench.pull(object).records
    for one, what in seeded.items():
        if one not in records:
            continue
        try:
            assert compiled.pull(records[one].raw), f"{what}: the map makes nothing of it"
        except RecordRejected as error:
            assert str(error).strip(), f"{what}: rejected without a cause"


def _mapped(bench: Bench, object: str, raw: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """What the shipped map reads, part by part; nothing where there is no map."""
    try:
        compiled = _map(bench, object)
    except NotApplicable:
        return
    for found in compiled.pull(raw):
        yield found.values


def _map(bench: Bench, object: str) -> CompiledMap:
    """The shipped map: beside the connector's folder in the house, inside it for an outside package."""
    home = bench.home
    for file in (
        home / "mappings" / f"{object}.toml",
        home.parent.parent / "mappings" / home.name / f"{object}.toml",
    ):
        if file.is_file():
            spec = load_map(file.read_text(encoding="utf-8"), file=str(file))
            return compile_map(spec, context=Context(country="DE", timezone="UTC", currency="EUR"))
    raise NotApplicable(f"there is no shipped map for {object} records")
