from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.canonical import vocabulary
from hub.canonical.customer import Customer
from hub.canonical.flat import customer_of, order_of, order_values, types_of, values_of
from hub.canonical.interaction import Interaction
from hub.canonical.invoice import Invoice
from hub.canonical.money import Money
from hub.canonical.opportunity import Opportunity
from hub.canonical.order import Order, Totals
from hub.canonical.owner import Owner
from hub.canonical.paths import kind_of, known
from hub.canonical.schema import from_json, schema_of, to_json
from hub.canonical.task import Task
from hub.errors import RecordRejected

SAMPLES: dict[str, list[Any]] = {
    "date": ["1990-01-02"],
    "instant": ["2026-05-14T09:51:40Z", "2026-05-14T09:51:40.500000Z"],
    "money": [{"amount": "12.00", "currency": "EUR"}],
    "bool": [True, False],
    "int": [0, 12],
    "decimal": ["12.5"],
    "tags": [["a", "b"]],
    "pieces": [
        [{"line": "7", "quantity": "2"}],
        [{"sku": "x", "quantity": "0.5"}, {"sku": "y", "quantity": "1"}],
    ],
    "phone": ["+491712345678", "as given"],
}
UNSAID = {"source_updated_at"}


def a_value(path: str, object: str) -> st.SearchStrategy[Any]:
    kind = kind_of(path, object=object)
    if kind == "enum":
        field = path.split("[", maxsplit=1)[0].split(".", maxsplit=1)[0]
        name = vocabulary.enum_name(object, field, "status" if "." in path else None)
        return st.sampled_from(vocabulary.ENUMS[name])
    return st.sampled_from(SAMPLES.get(kind, ["x", "汉字"]))


def flat(object: str, *, leave: set[str]) -> st.SearchStrategy[dict[str, Any]]:
    paths = sorted(set(known(object)) - leave)

    def fill(chosen: list[str]) -> st.SearchStrategy[dict[str, Any]]:
        return st.fixed_dictionaries({path: a_value(path, object) for path in chosen})

    return st.lists(st.sampled_from(paths), unique=True, max_size=12).flatmap(fill)


# slots without a label that only a labelled dataclass could hold
NOT_HELD = {p for p in known() if p.startswith(("social", "messaging", "tax_id")) and "[" not in p}


@settings(max_examples=150, deadline=None)
@given(flat("customer", leave=UNSAID | NOT_HELD))
def test_a_customer_keeps_every_value(values: dict[str, Any]) -> None:
    values |= {
        "custom.crm.level": 3,
        "external_ref[shop]": " 9 ",
        "social[x]": "ann",
        "membership[gold].tier": "A",
    }
    for slot in ("email", "phone", "web"):  # a status alone is no contact point
        for path in [p for p in values if p.startswith(slot) and "." in p and p.split(".")[0] not in values]:
            values.pop(path)
    for path in [
        p for p in values if p.startswith("tax_id[") and p.endswith(".country") and p[:-8] not in values
    ]:
        values.pop(path)
    customer = customer_of(values, id="cus_1", version=2)
    assert values_of(customer) == {"status": "active", **values}
    text = json.dumps(to_json(customer))
    assert from_json(Customer, json.loads(text)) == customer


STATES = ("fulfilments", "refunds", "payments")
LISTS = {path for path in known("order") if kind_of(path, object="order") == "list"}


@settings(max_examples=150, deadline=None)
@given(
    flat("order", leave=LISTS),
    flat("order.lines", leave=set()),
    st.fixed_dictionaries({name: flat(f"order.{name}", leave=set()) for name in STATES}),
)
def test_an_order_keeps_every_value(
    values: dict[str, Any], line: dict[str, Any], states: dict[str, dict[str, Any]]
) -> None:
    values |= {"lines": [{"kind": "fee", **line, "custom.a.b": 1}], "custom.erp.note": "x"}
    values |= {name: [item] for name, item in states.items() if item}
    order = order_of(values, connection="shop", external_id="1")
    assert order_values(order) == values
    assert from_json(Order, json.loads(json.dumps(to_json(order)))) == order


def test_further_values_become_further_contact_points() -> None:
    also = {
        "email": [["email[work]", "b@x.org"]],
        "address": [["address[billing]", {"line1": "X 1"}]],
        "tax_id": [["tax_id[vat]", "DE2"]],
    }
    customer = customer_of({"email": "a@x.org"}, also=also, given={"email": "A@X.org"})
    shown = [(point.kind, point.label, point.is_primary, point.value) for point in customer.contact_points]
    assert shown == [
        ("email", None, True, "A@X.org"),
        ("email", "work", False, "b@x.org"),
        ("address", "billing", False, None),
    ]
    assert customer.contact_points[0].normalised == "a@x.org"
    assert customer.tax_ids[0].value == "DE2"


@pytest.mark.parametrize("cls", [Customer, Order, Interaction, Opportunity, Invoice, Task, Owner])
def test_every_object_has_a_schema_with_exactly_its_fields(cls: type) -> None:
    assert list(schema_of(cls).fields) == [field.name for field in dataclasses.fields(cls)]
    assert cls.__slots__
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(cls.__new__(cls), dataclasses.fields(cls)[0].name, "x")


def test_every_field_of_the_vocabulary_has_its_place() -> None:
    lists = {
        "contact_points": {"email", "phone", "address", "web", "social", "messaging"},
        "tax_ids": {"tax_id"},
    }
    person, organisation = types_of(Customer)["person"], types_of(Customer)["organisation"]
    held = {*types_of(Customer), *types_of(person), *types_of(organisation)}
    for field in vocabulary.CUSTOMER:
        at_home = field in held or f"{field}s" in held or any(field in kinds for kinds in lists.values())
        assert at_home or field in UNSAID, field
    for field, entry in vocabulary.ORDER.items():
        assert field in types_of(Order) or f"{field}s" in types_of(Order), field
        if field == "totals":
            assert set(entry.subs) == set(types_of(Totals))
            assert set(types_of(Totals).values()) == {Money}


@pytest.mark.parametrize(
    ("data", "told"),
    [
        ({"kind": "alien"}, "kind: Must be one of"),
        ({"nickname": "x"}, "nickname: Unknown field."),
        ({"version": 1.5}, "version: Not a valid integer."),
        ({"created_at": "2026-05-14T09:51:40"}, "created_at: Expected an offset"),
        ({"completeness": 0.5}, "completeness: Expected a decimal as text"),
        (
            {"organisation": {"credit_limit": {"amount": "1", "currency": "EURO"}}},
            "Expected an ISO 4217 code",
        ),
        ({"contact_points": [{"kind": "email", "details": {}}]}, "has no details"),
    ],
)
def test_wrong_json_is_rejected_with_its_place(data: dict[str, Any], told: str) -> None:
    with pytest.raises(RecordRejected) as caught:
        from_json(Customer, data)
    assert told in str(caught.value)
