"""The arithmetic of a sale without a server: whatever a store's amounts are, the ERP's total is the store's."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.tryton.sale_prices import PRICE, Order, Priced, Sold, gross, price_lines
from connectors.tryton.sale_wish import wish
from hub.sdk import RecordRejected

RATES = [Decimal(rate) for rate in ("0", "0.07", "0.19", "0.2")]
CENT = Decimal("0.01")


def cents(amount: Decimal) -> Decimal:
    return amount.quantize(CENT, ROUND_HALF_UP)


@st.composite
def sold(draw: st.DrawFn, *, included: bool) -> Sold:
    """A line as a store computes it: rounded half up, its tax on the discounted amount."""
    quantity, price = Decimal(draw(st.integers(1, 60))), Decimal(draw(st.integers(1, 40000))) / 100
    rate, off = draw(st.sampled_from(RATES)), Decimal(draw(st.integers(0, 70)))
    subtotal = quantity * price
    total = subtotal - cents(subtotal * off / 100)
    tax = cents(total - total / (1 + rate)) if included else cents(total * rate)
    return Sold(
        "product",
        "1",
        "x",
        "X",
        quantity,
        None,
        price,
        subtotal,
        total,
        tax,
        rate,
    )


@settings(max_examples=300, deadline=None)
@given(st.data(), st.booleans(), st.booleans())
def test_the_erps_total_is_the_stores(data: Any, included: bool, by_line: bool) -> None:
    lines = data.draw(st.lists(sold(included=included), min_size=1, max_size=6))
    total = sum((one.total + (0 if included else one.tax or 0) for one in lines), Decimal(0))
    made = price_lines(Order(lines, included, 2, total), RATES, by_line=by_line)
    assert gross(made, 2, by_line=by_line) == total
    cents = [one for one in made if one.kind == "rounding"]
    assert sum(abs(one.price) for one in cents) <= CENT * len(lines)
    assert all(one.price == one.price.quantize(PRICE) for one in made)
    products = [one for one in made if one.kind == "product"]
    assert [one.quantity for one in products] == [one.quantity for one in lines]
    for one, line in zip(products, lines, strict=True):
        full = line.subtotal / (1 + one.rate) if included else line.subtotal
        assert abs(one.quantity * one.price - full) <= CENT / 2 + one.quantity * PRICE
    if by_line and not included:
        assert (
            not cents
            or any(line.subtotal > line.total for line in lines)
            or any(one.quantity > 50 for one in lines)
        )


def line(**more: Any) -> Sold:
    found = Sold(
        "product", "1", "x", "X", Decimal(1), None, None, Decimal(12), Decimal(12), Decimal(2), Decimal("0.2")
    )
    return found._replace(**more)


def test_cents_that_no_price_makes_are_a_line_of_their_own() -> None:
    """53.97 with 20 %: 44.975 and 8.995, and the ERP rounds both up or both down, whatever the price."""
    odd = line(subtotal=Decimal("53.97"), total=Decimal("53.97"), tax=Decimal("9.00"))
    product, rounding = price_lines(Order([odd], True, 2, Decimal("53.97")), RATES, by_line=True)
    assert (product.kind, rounding.kind, rounding.rate) == ("product", "rounding", 0)
    assert abs(rounding.price) == CENT


def test_what_is_only_in_the_totals_becomes_a_line() -> None:
    order = Order(
        [line()],
        True,
        2,
        Decimal("16.90"),
        {"shipping": Decimal("6.00"), "order_discounts": Decimal("-1.20"), "rounding": Decimal("0.10")},
    )
    made = price_lines(order, RATES, by_line=True)
    assert [(one.kind, one.price, one.rate) for one in made] == [
        ("product", Decimal("10.0000"), Decimal("0.2")),
        ("shipping", Decimal("5.0000"), Decimal("0.2")),
        ("discount", Decimal("-1.0000"), Decimal("0.2")),
        ("fee", Decimal("0.1000"), Decimal(0)),
    ]
    two = order._replace(sold=[line(), line(rate=Decimal("0.07"), tax=Decimal("0.79"))], total=None)
    with pytest.raises(RecordRejected, match="nothing says at which rate the shipping"):
        price_lines(two, RATES, by_line=True)
    price_lines(
        two._replace(extra_rates={"shipping": Decimal(0), "order_discounts": Decimal(0)}), RATES, by_line=True
    )


@pytest.mark.parametrize(
    ("sold", "told"),
    [
        (line(rate=None, tax=Decimal("1.00")), "bears a tax of 1.00 on 11.00, and 0 taxes"),
        (line(rate=Decimal("0.5"), tax=Decimal("1.00")), "0 taxes of the ERP make that"),
    ],
)
def test_a_tax_that_nothing_makes_is_refused(sold: Sold, told: str) -> None:
    with pytest.raises(RecordRejected, match=told):
        price_lines(Order([sold], True, 2, None), RATES, by_line=True)


def test_a_rate_is_guessed_only_if_one_alone_makes_the_tax() -> None:
    (found,) = price_lines(Order([line(rate=None)], True, 2, None), RATES, by_line=True)
    assert found.rate == Decimal("0.2")
    small = line(rate=None, subtotal=Decimal("0.06"), total=Decimal("0.06"), tax=Decimal("0.01"))
    with pytest.raises(RecordRejected, match=r"\d taxes of the ERP make that"):
        price_lines(Order([small], True, 2, None), RATES, by_line=True)


def test_an_order_that_does_not_add_up_is_refused_with_the_difference() -> None:
    with pytest.raises(RecordRejected, match=r"make 12\.?0*, its total is 13.00: a difference of 1.00"):
        price_lines(Order([line()], True, 2, Decimal("13.00")), RATES, by_line=True)


@pytest.mark.parametrize(
    ("included", "grand", "off"),
    [(True, "10.80", None), (True, "9.80", "-1.00"), (False, "12.96", None), (False, "11.96", "-1.00")],
)
def test_a_discount_of_the_order_is_taken_off_once(included: bool, grand: str, off: str | None) -> None:
    """Some stores spread it over the lines, others do not: the total tells."""
    one = {"id": "1", "sku": "x", "quantity": "1", "subtotal": "12.00", "discount": "1.20", "total": "10.80"}
    payload = {
        "lines": [{**one, "tax": "1.80" if included else "2.16"}],
        "taxes_included": included,
        "totals.grand_total": grand,
        "totals.order_discounts": "1.00",
    }
    order = wish(payload, currency="EUR", digits=2).order
    assert order is not None
    assert order.extra == ({} if off is None else {"order_discounts": Decimal(off)})


def test_a_line_of_nothing_is_left_out() -> None:
    order = wish({"lines": [{"id": "1", "quantity": 0, "total": "0"}]}, currency=None, digits=2).order
    assert order is not None and order.sold == []
    assert price_lines(order, RATES, by_line=True) == list[Priced]()


def test_shipping_whose_tax_is_said_has_the_rate_that_makes_it_beside_lines_of_two_rates() -> None:
    """A store that says the tax in each part of an order, and no rate (django-oscar)."""
    goods = [
        {"id": "1", "name": "Widget", "quantity": 1, "total": "23.68", "tax": "3.78"},
        {"id": "2", "name": "Book", "quantity": 1, "total": "13.19", "tax": "0.86"},
    ]
    taxes = [{"owner": "1", "amount": "3.78"}, {"owner": "2", "amount": "0.86"}]
    payload = {
        "taxes_included": True, "lines": goods, "totals.shipping": "5.83", "totals.grand_total": "42.70",
        "tax_lines": [*taxes, {"owner": "shipping", "amount": "0.93"}],
    }  # fmt: skip
    order = wish(payload, currency="EUR", digits=2).order
    assert order is not None
    made = price_lines(order, RATES, by_line=True)
    assert [(one.kind, str(one.rate)) for one in made] == [
        ("product", "0.19"),
        ("product", "0.07"),
        ("shipping", "0.19"),
    ]
    assert gross(made, 2, by_line=True) == Decimal("42.70")
    order = wish({**payload, "tax_lines": taxes}, currency="EUR", digits=2).order
    assert order is not None
    with pytest.raises(RecordRejected, match="nothing says at which rate the shipping"):
        price_lines(order, RATES, by_line=True)
