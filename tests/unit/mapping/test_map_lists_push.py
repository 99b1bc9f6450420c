"""Lists of objects are written by their own sub-maps, whole, as one path."""

from __future__ import annotations

from typing import Any

import pytest

from hub.errors import RecordRejected, WrongFile
from hub.mapping.engine import CompiledMap, Context, compile_map
from hub.mapping.load import load_map

MAP = """
object = "order"
[pull]
number = "code"
currency = "currency"
[pull."lines[]"]
from = "order.items"
sku = "sku"
kind = "type"
[pull."fulfilments[]"]
reference = "ref"
lines = "pieces"
[push."lines[]"]
to = "items"
sku = "sku"
type = "kind"
"price.net" = { from = "unit_price", currency = "price.currency" }
label = { from = ["name", "unit"], via = ["join( / )"] }
source = { const = "hub" }
[push."fulfilments[]"]
ref = { from = "reference", via = ["upper"] }
pieces = "lines"
[push."discounts[]"]
off = { from = "value", via = ["minor"] }
[push.only_on_create]
note = "note"
[push.only_on_create."payments[]"]
id = "external_id"
[values."lines[].kind"]
simple = "product"
"""


def compiled(text: str, overlay: str | None = None) -> CompiledMap:
    return compile_map(load_map(text, file="orders.toml", overlay=overlay), context=Context())


def test_a_list_is_one_path_and_written_whole() -> None:
    map = compiled(MAP)
    assert map.push_paths == {"number", "currency", "lines", "fulfilments", "discounts"}
    assert map.create_paths == map.push_paths | {"note", "payments"}
    assert map.pull_paths == {"number", "currency", "lines", "fulfilments"}
    assert map.not_pushed == {"note": "written on create only", "payments": "written on create only"}
    eur = {"amount": "9.90", "currency": "EUR"}
    lines = [
        {"sku": "x", "kind": "product", "unit_price": eur, "name": "X", "unit": "m", "quantity": "2"},
        {"sku": "y", "kind": "unknown", "name": "Y"},
        {"quantity": "3"},
    ]
    pieces = [{"sku": "x", "quantity": "1"}]
    values = {
        "lines": lines,
        "fulfilments": [{"reference": "shop:7", "lines": pieces}],
        "discounts": [{"value": eur}],
        "payments": [{"external_id": "p"}],
    }
    made = {
        "items": [
            {
                "source": "hub",
                "sku": "x",
                "type": "simple",
                "price.net": "9.90",
                "price.currency": "EUR",
                "label": "X / m",
            },
            {"source": "hub", "sku": "y", "label": "Y"},
        ],
        "fulfilments": [{"ref": "SHOP:7", "pieces": pieces}],
        "discounts": [{"off": 990}],
    }
    assert map.push(values, create=False) == made
    assert map.push(values, create=True) == {**made, "payments": [{"id": "p"}]}
    assert map.push({"lines": None}, create=False) == {"items": []}
    assert map.push({"fulfilments": []}, create=False) == {"fulfilments": []}


def test_what_is_written_along() -> None:
    along = compiled(MAP.replace('to = "items"', 'to = "items"\nwith = ["currency", "discounts"]'))
    assert along.push_needs == {"lines": ("currency", "discounts")}
    assert compiled(MAP).push_needs == {}
    with pytest.raises(WrongFile, match="Did you mean 'currency'"):
        compiled(MAP.replace('to = "items"', 'with = ["curency"]'))


def test_reading_is_as_before() -> None:
    map, without = compiled(MAP), compiled(MAP.partition("[push")[0])
    raw = {
        "order": {"items": [{"sku": "x", "type": "product"}]},
        "fulfilments": [{"ref": "7", "pieces": [{"sku": " x ", "quantity": 2, "more": 1}]}],
    }
    (pulled,) = map.pull(raw)
    assert pulled.values == {
        "lines": [{"sku": "x", "kind": "product"}],
        "fulfilments": [{"reference": "7", "lines": [{"sku": "x", "quantity": "2"}]}],
    }
    told = 'a list is written by a sub-map of its own: [push."{}[]"]'
    assert without.not_pushed == {name: told.format(name) for name in ("lines", "fulfilments")}
    changed = compiled(MAP.replace('sku = "sku"\ntype', 'article = "sku"\ntype'))
    assert changed.digest != map.digest
    assert changed.line_digest == map.line_digest


def test_an_empty_list_is_mapped() -> None:
    map = compiled(MAP)
    assert map.unmapped({"order": {"items": []}, "fulfilments": None, "refunds": []}) == {"refunds"}
    assert map.unmapped({"fulfilments": [{"new": 1}]}) == {"fulfilments[].new"}
    assert map.unmapped({"fulfilments": [{"pieces": [{"sku": "x", "more": 1}]}]}) == set()


def test_an_overlay_replaces_and_takes_out_lines_of_a_list() -> None:
    overlay = '[push."lines[]"]\nto = "rows"\nsource = false\nprice = "total"\n[push."refunds[]"]\nref = "reference"'
    map = compiled(MAP, overlay)
    item: dict[str, Any] = {"sku": "x", "total": {"amount": "1.00", "currency": "EUR"}}
    assert map.push({"lines": [item], "refunds": [{"reference": "r"}]}, create=False) == {
        "rows": [{"sku": "x", "price": "1.00"}],
        "refunds": [{"ref": "r"}],
    }


def test_what_an_item_holds_wrongly_is_told_with_its_path() -> None:
    map = compiled(MAP)
    with pytest.raises(RecordRejected, match=r"lines\[\].kind: 'tip' has no word there"):
        map.push({"lines": [{"kind": "tip"}]}, create=False)
    with pytest.raises(RecordRejected, match=r"discounts\[\].value: .* has more decimals than EUR"):
        map.push({"discounts": [{"value": {"amount": "1.001", "currency": "EUR"}}]}, create=False)
    with pytest.raises(RecordRejected, match=r"fulfilments\[\].lines: 'x' is not a list of lines"):
        map.pull({"fulfilments": [{"pieces": "x"}]})


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('[push."lnes[]"]\nx = "sku"', "Did you mean 'lines[]'?"),
        ('[push."lines[]"]\nx = "skuu"', "no path 'skuu' in order.lines"),
        ('[push."lines[]"]\nto = 5', "'to' of a list must be the remote's name for it"),
        (
            '[push."lines[]"]\nx = { from = "sku", currency = "c" }',
            "'currency' is for money, and sku is none",
        ),
        ('[push]\nx = "lines"', 'Give it a sub-map: [push."lines[]"].'),
        ('[push]\nx = { from = "totals.paid", currency = "c" }', "has no key 'currency'"),
    ],
)
def test_what_a_list_may_not_say(text: str, told: str) -> None:
    with pytest.raises(WrongFile) as caught:
        load_map(f'object = "order"\n{text}', file="x.toml")
    assert told in str(caught.value)
