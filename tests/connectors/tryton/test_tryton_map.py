"""The shipped map with real parties: what the hub writes comes back as the same canonical values."""

from __future__ import annotations

from typing import Any

from connectors.tryton.connector import TrytonConnector
from hub.mapping.engine import CompiledMap, compile_map
from hub.mapping.load import load_map
from hub.mapping.spec import Context
from hub.resources import map_text
from hub.sdk import Change

CUSTOMER: dict[str, Any] = {
    "display_name": "Müller & Söhne GmbH",
    "email": "office@mueller.example",
    "phone": "+4930901820",
    "phone[mobile]": "+4915112345678",
    "phone[fax]": "+4930901821",
    "website": "https://mueller.example",
    "language": "de",
    "tax_id[vat]": "DE136695976",
    "address.recipient": "Frau Müller",
    "address.company": "Müller & Söhne",
    "address.line1": "Weg 1",
    "address.line2": "Hof 2",
    "address.line3": "Tor 3",
    "address.postal_code": "10115",
    "address.locality": "Berlin",
    "address.country": "DE",
}
# What the ERP adds by itself, or only it can say.
THEIRS = {"custom.tryton.code", "source_updated_at", "tags"}


def shipped(overlay: str | None = None) -> CompiledMap:
    text = map_text("tryton", "customer")
    assert text
    spec = load_map(text, file="customer.toml", overlay=overlay, overlay_file="overlay.toml")
    return compile_map(spec, context=Context())


def test_a_customer_makes_the_round_trip(tryton: TrytonConnector) -> None:
    map = shipped()
    payload = map.push(CUSTOMER, create=True)
    (made,) = tryton.push("customer", [Change("c", None, payload, marker="map_round")])
    assert made.record, made.cause
    (pulled,) = map.pull(made.record.raw)
    assert {path: value for path, value in pulled.values.items() if path not in THEIRS} == CUSTOMER
    assert map.unmapped(made.record.raw) == set()
    assert pulled.source_at is not None


def test_every_pushed_path_can_be_changed_and_cleared(tryton: TrytonConnector) -> None:
    map = shipped()
    first = map.push(CUSTOMER, create=True)
    (made,) = tryton.push("customer", [Change("c", None, first, marker="map_clear")])
    others = {
        "display_name": "王小明",
        "email": "wang@example.org",
        "phone": "+862085251234",
        "phone[mobile]": "+8613812345678",
        "phone[fax]": "+862085251235",
        "website": "https://wang.example",
        "language": "zh-CN",
        "tax_id[vat]": "FR40303265045",
        **{
            f"address.{name}": f"other {name}" for name in ("recipient", "company", "line1", "line2", "line3")
        },
        "address.postal_code": "510000",
        "address.locality": "广州",
        "address.country": "CN",
    }
    assert set(others) == set(CUSTOMER) == map.push_paths - {"tax_id[uscc]", "tax_id[gst]", "tax_id[ein]"}
    (changed,) = tryton.push("customer", [Change("u", made.external_id, map.push(others, create=False))])
    assert changed.record, changed.cause
    (pulled,) = map.pull(changed.record.raw)
    assert {path: pulled.values.get(path) for path in others} == others
    blank = dict.fromkeys(set(others) - {"display_name"})
    (cleared,) = tryton.push("customer", [Change("u", made.external_id, map.push(blank, create=False))])
    assert cleared.record, cleared.cause
    assert set(map.pull(cleared.record.raw)[0].values) - THEIRS == {"display_name"}


def test_an_overlay_opens_the_region(tryton: TrytonConnector) -> None:
    overlay = """
        [pull]
        "address.region" = "address.subdivision"
    """
    map = shipped(overlay)
    assert "address.region" in map.push_paths and "address.region" not in shipped().push_paths
    payload = map.push({**CUSTOMER, "address.region": "Bayern"}, create=True)
    (receipt,) = tryton.push("customer", [Change("c", None, payload, marker="map_region")])
    assert receipt.outcome == "refused" and 'no region "Bayern" in DE' in (receipt.cause or "")
