"""Customers without a server: how a row becomes a raw record, and what is written to which address."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from connectors.vendure import customer
from connectors.vendure.customer_write import AddressStep, address_steps, flat, text
from hub.mapping.engine import CompiledMap, compile_map
from hub.mapping.load import load_map
from hub.mapping.spec import Context
from hub.resources import map_text
from hub.sdk import RecordRejected

GUEST = json.loads((Path(__file__).parent / "fixtures" / "customer_guest.json").read_text(encoding="utf-8"))


def shipped() -> CompiledMap:
    content = map_text("vendure", "customer")
    assert content
    return compile_map(load_map(content, file="customer.toml"), context=Context())


def address(id: str, line1: str, *, billing: bool = False, shipping: bool = False) -> dict[str, Any]:
    blank = dict.fromkeys(("fullName", "company", "streetLine2", "city", "province", "postalCode"), "")
    return {
        **blank,
        "id": id,
        "updatedAt": "2026-11-24T14:04:14.987Z",
        "streetLine1": line1,
        "phoneNumber": "",
        "country": {"code": "FR"},
        "defaultBillingAddress": billing,
        "defaultShippingAddress": shipping,
    }


def steps(rows: list[dict[str, Any]], **given: dict[str, str]) -> list[AddressStep]:
    return list(address_steps({"addresses": rows}, given))


def test_default_addresses_stand_apart_from_the_others() -> None:
    extra = address("7", "3 Rue C")
    raw = customer.raw({**GUEST, "addresses": [extra, *GUEST["addresses"]]})
    assert (raw["billing"]["line1"], raw["shipping"]["line1"]) == ("2 Rue B", "1 Rue A")
    assert [one["line1"] for one in raw["also"]] == ["3 Rue C"]
    assert raw["guest"] is True and raw["email"] == "guest@x.org"


def test_updated_is_the_latest_stamp_of_customer_and_addresses() -> None:
    row = {**GUEST, "addresses": [{**address("7", "x"), "updatedAt": "2026-12-01T00:00:00.000Z"}]}
    assert customer.raw(row)["updated"] == "2026-12-01T00:00:00.000Z"


def test_version_moves_with_an_address_alone() -> None:
    row = {**GUEST, "addresses": [address("7", "before", billing=True)]}
    other = {**GUEST, "addresses": [address("7", "after", billing=True)]}
    assert customer.record(row).version != customer.record(other).version == customer.record(other).version


def test_a_row_of_another_shape_is_rejected() -> None:
    with pytest.raises(RecordRejected, match="as agreed"):
        customer.record({"id": "1"})


def test_the_shipped_map_reads_every_field_and_writes_what_can_be_written() -> None:
    map = shipped()
    raw = customer.raw(GUEST)
    (pulled,) = map.pull(raw)
    assert map.unmapped(raw) == set()
    assert pulled.values["kind"] == "person"
    assert pulled.values["address[billing].country"] == "FR"
    assert pulled.values["address[shipping].line1"] == "1 Rue A"
    assert pulled.source_at is not None
    payload = map.push(
        {path: pulled.values[path] for path in map.push_paths & set(pulled.values)}, create=False
    )
    assert flat(payload)["shipping.line1"] == "1 Rue A"
    assert set(flat(payload)) <= {
        *customer.PLAIN,
        *(f"{kind}.{name}" for kind in customer.DEFAULTS for name in customer.ADDRESS),
    }


def test_a_default_address_is_written_in_place_with_what_differs_only() -> None:
    rows = [address("1", "old", billing=True), address("2", "ship", shipping=True)]
    assert steps(rows, billing={"line1": "new"}) == [AddressStep("1", {"streetLine1": "new"})]
    assert steps(rows, billing={"line1": "old", "city": ""}) == []


def test_an_address_that_is_both_defaults_is_parted_when_one_changes() -> None:
    rows = [address("1", "both", billing=True, shipping=True)]
    (made,) = steps(rows, billing={"line1": "bill"})
    assert made.id is None and made.input["streetLine1"] == "bill" and made.input["defaultBillingAddress"]
    assert "defaultShippingAddress" not in made.input and made.input["countryCode"] == "FR"


def test_an_address_that_is_both_defaults_stays_one_when_both_change_alike() -> None:
    rows = [address("1", "both", billing=True, shipping=True)]
    changed = {"line1": "new"}
    assert steps(rows, billing=changed, shipping=changed) == [AddressStep("1", {"streetLine1": "new"})]


def test_of_both_defaults_changed_to_different_ones_shipping_keeps_the_record() -> None:
    rows = [address("1", "both", billing=True, shipping=True)]
    shipping, billing = steps(rows, billing={"line1": "b"}, shipping={"line1": "s"})
    assert shipping == AddressStep("1", {"streetLine1": "s"})
    assert billing.id is None and billing.input["streetLine1"] == "b"


def test_two_new_alike_become_one_record() -> None:
    new = {"line1": "x", "country": "FR"}
    (made,) = steps([], billing=new, shipping=new)
    assert made.id is None
    assert made.input["defaultBillingAddress"] and made.input["defaultShippingAddress"]


def test_an_address_of_the_list_that_is_the_same_is_taken_instead_of_doubled() -> None:
    rows = [address("5", "known")]
    assert steps(rows, billing={"line1": "known", "country": "FR"}) == [
        AddressStep("5", {"defaultBillingAddress": True})
    ]


def test_an_address_that_becomes_blank_is_no_default_any_more_and_stays() -> None:
    rows = [address("1", "x", billing=True)]
    assert steps(rows, billing={"line1": "", "country": ""}) == [
        AddressStep("1", {"defaultBillingAddress": False})
    ]
    both = [address("1", "x", billing=True, shipping=True)]
    assert steps(both, shipping={"line1": "", "country": ""}) == [
        AddressStep("1", {"defaultShippingAddress": False})
    ]


def test_a_new_address_without_country_is_refused_before_anything_is_written() -> None:
    with pytest.raises(RecordRejected, match="needs a country"):
        steps([], billing={"line1": "x"})
    with pytest.raises(RecordRejected, match="without a country"):
        steps([address("1", "x", billing=True)], billing={"country": ""})


def test_text_their_database_cannot_hold_is_refused() -> None:
    with pytest.raises(RecordRejected, match="NUL"):
        text("a\0b", "first_name")
    with pytest.raises(RecordRejected, match="takes text"):
        text(5, "first_name")
    assert text(None, "first_name") == ""
