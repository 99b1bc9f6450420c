"""Runs inside the shop's own environment: an empty shop with goods, countries, an offer, a voucher and its staff."""
# mypy: ignore-errors

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import django

PRODUCTS = (
    ("WID-1", "Widget", "19.90"),
    ("BOOK-1", "Book", "12.33"),
    ("PIN-1", "Pin", "0.07"),
    ("SALE-1", "Last year's widget", "33.33"),
)
COUNTRIES = (("DE", "DEU", "276", "Germany"), ("FR", "FRA", "250", "France"), ("CN", "CHN", "156", "China"))


def main() -> None:
    django.setup()
    from django.core.management import call_command

    call_command("migrate", run_syncdb=True, verbosity=0)
    _staff()
    _countries()
    _promotions(_goods())


def _staff() -> None:
    from django.contrib.auth.models import User
    from django.contrib.sites.models import Site

    Site.objects.update_or_create(pk=1, defaults={"domain": "127.0.0.1", "name": "shop"})
    User.objects.create_superuser("admin", "admin@example.com", os.environ["SHOP_PASSWORD"])
    User.objects.create_user("clerk", "clerk@example.com", os.environ["SHOP_PASSWORD"], is_staff=True)


def _countries() -> None:
    from oscar.core.loading import get_model

    for two, three, number, name in COUNTRIES:
        get_model("address", "Country").objects.create(
            iso_3166_1_a2=two,
            iso_3166_1_a3=three,
            iso_3166_1_numeric=number,
            printable_name=name,
            name=name,
            is_shipping_country=True,
        )


def _goods() -> dict:
    from oscar.core.loading import get_model

    kind = get_model("catalogue", "ProductClass").objects.create(name="Goods", track_stock=False)
    partner = get_model("partner", "Partner").objects.create(name="Warehouse")
    made = {}
    for upc, title, price in PRODUCTS:
        product = get_model("catalogue", "Product").objects.create(
            product_class=kind, title=title, upc=upc, structure="standalone"
        )
        get_model("partner", "StockRecord").objects.create(
            product=product,
            partner=partner,
            partner_sku=f"W-{upc}",
            price_currency="EUR",
            price=Decimal(price),
        )
        made[upc] = product
    return made


def _promotions(goods: dict) -> None:
    """A site-wide 15 % on SALE-1, and the code WELCOME for 10 % on everything."""
    from oscar.core.loading import get_model

    sale = get_model("offer", "Range").objects.create(name="Sale")
    sale.add_product(goods["SALE-1"])
    everything = get_model("offer", "Range").objects.create(name="Everything", includes_all_products=True)
    _offer("Clearance", sale, "15", "Site")
    offer = _offer("Welcome", everything, "10", "Voucher")
    now = datetime.now(UTC)
    voucher = get_model("voucher", "Voucher").objects.create(
        name="Welcome",
        code="WELCOME",
        usage="Multi-use",
        start_datetime=now - timedelta(days=1),
        end_datetime=now + timedelta(days=3650),
    )
    voucher.offers.add(offer)


def _offer(name: str, range: object, percent: str, kind: str) -> object:
    from oscar.core.loading import get_model

    condition = get_model("offer", "Condition").objects.create(range=range, type="Count", value=1)
    benefit = get_model("offer", "Benefit").objects.create(
        range=range, type="Percentage", value=Decimal(percent)
    )
    return get_model("offer", "ConditionalOffer").objects.create(
        name=name, offer_type=kind, condition=condition, benefit=benefit
    )


if __name__ == "__main__":
    main()
