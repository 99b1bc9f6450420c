"""The store as its keeper and its shoppers use it: only through its own two APIs, never through the hub."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from random import Random
from typing import Any, NamedTuple

from hub.demo.population import Party
from hub.demo.store import Caller, Store

GOODS: Mapping[str, tuple[str, int]] = {
    "TEA-100": ("Green tea 100 g", 790),
    "TEA-500": ("Green tea 500 g", 3250),
    "CUP-W": ("Porcelain cup, white", 1290),
    "CUP-B": ("Porcelain cup, blue", 1390),
    "POT-1": ("Teapot 1 l", 4900),
    "KET-2": ("Kettle 2 l", 7990),
    "BOX-G": ("Gift box", 450),
}
"""SKU → name, price in cents without tax."""
RATE, SHIPPING = 20, 500
SECRET = "tea-and-cups"  # noqa: S105  # the password of every shopper's account in this throw-away store

_ERROR = "...on ErrorResult{errorCode message}"
_ITEM = f"mutation($v:ID!,$n:Int!){{addItemToOrder(productVariantId:$v,quantity:$n){{{_ERROR}}}}}"
_SHIP = f"mutation($i:CreateAddressInput!){{setOrderShippingAddress(input:$i){{{_ERROR}}}}}"
_BILL = f"mutation($i:CreateAddressInput!){{setOrderBillingAddress(input:$i){{{_ERROR}}}}}"
_GUEST = f"mutation($i:CreateCustomerInput!){{setCustomerForOrder(input:$i){{{_ERROR}}}}}"
_METHOD = f"mutation($m:[ID!]!){{setOrderShippingMethod(shippingMethodId:$m){{{_ERROR}}}}}"
_ARRANGE = f'mutation{{transitionOrderToState(state:"ArrangingPayment"){{{_ERROR}}}}}'
_PAY = f"mutation($i:PaymentInput!){{addPaymentToOrder(input:$i){{{_ERROR} ...on Order{{id code}}}}}}"
_LOGIN = f"mutation($u:String!,$p:String!){{login(username:$u,password:$p){{{_ERROR}}}}}"
_ACCOUNT = f"""mutation($i:CreateCustomerInput!,$p:String!){{createCustomer(input:$i,password:$p){{{_ERROR}
 ...on Customer{{id}}}}}}"""
_ORDERS = """query($o:OrderListOptions){orders(options:$o){totalItems items{id code state currencyCode
 customer{id emailAddress} totalWithTax shippingWithTax
 lines{quantity productVariant{sku} proratedUnitPriceWithTax}
 fulfillments{state method trackingCode lines{quantity orderLine{productVariant{sku}}}}
 payments{id state amount refunds{id total state reason}}}}}"""


class Placed(NamedTuple):
    """An order as the store shows it. cents: with tax; lines: SKU → quantity; parcels: SKU → shipped quantity."""

    id: str
    code: str
    state: str
    email: str
    currency: str
    cents: int
    lines: Mapping[str, int]
    parcels: Mapping[str, int]
    refunded: int


def furnish(store: Store, countries: Iterable[tuple[str, str]]) -> None:
    """What a shop needs before it can sell: countries, a tax, shipping, a way to pay, goods on the shelf."""
    ask = store.admin
    members = [
        _make(ask, "Country", {"code": code, "enabled": True, **_named(name)}) for code, name in countries
    ]
    zone = _make(ask, "Zone", {"name": "Here", "memberIds": members})
    tax = _make(ask, "TaxCategory", {"name": "Standard", "isDefault": True})
    rate = {"name": f"VAT {RATE}", "enabled": True, "value": RATE, "categoryId": tax, "zoneId": zone}
    _make(ask, "TaxRate", rate)
    channel = {
        "id": ask("{activeChannel{id}}")["activeChannel"]["id"],
        "defaultTaxZoneId": zone,
        "defaultShippingZoneId": zone,
        "defaultCurrencyCode": "EUR",
        "availableCurrencyCodes": ["EUR"],
        "defaultLanguageCode": "en",
    }
    ask("mutation($i:UpdateChannelInput!){updateChannel(input:$i){__typename}}", i=channel)
    _open_till(ask)
    for sku, (name, price) in GOODS.items():
        product = _make(ask, "Product", {"enabled": True, **_named(name, slug=sku.lower(), description="")})
        variant = {
            "productId": product,
            "sku": sku,
            "price": price,
            "stockOnHand": 10_000,
            "taxCategoryId": tax,
        }
        ask(
            "mutation($i:[CreateProductVariantInput!]!){createProductVariants(input:$i){id}}",
            i=[{**variant, **_named(name)}],
        )


def _open_till(ask: Caller) -> None:
    """How goods are sent, and how they are paid for."""
    rate = {"rate": str(SHIPPING), "includesTax": "auto", "taxRate": "0"}
    post = {
        "code": "post",
        "fulfillmentHandler": "manual-fulfillment",
        "checker": _chosen("default-shipping-eligibility-checker", orderMinimum="0"),
        "calculator": _chosen("default-shipping-calculator", **rate),
        **_named("Post", description=""),
    }
    _make(ask, "ShippingMethod", post)
    handler = _chosen("dummy-payment-handler", automaticSettle="true")
    card = {"code": "card", "enabled": True, "handler": handler, **_named("Card", description="")}
    _make(ask, "PaymentMethod", card)


def open_accounts(store: Store, parties: Iterable[Party]) -> dict[str, str]:
    """The keeper opens an account for each of these. Returns the store's ids by party key."""
    return {
        one.key: str(store.admin(_ACCOUNT, i=_person(one), p=SECRET)["createCustomer"]["id"])
        for one in parties
    }


class Till:
    """Where shoppers order: `order(party)` places one, with an account or as a guest. rng: what is in the basket."""

    def __init__(self, store: Store, rng: Random) -> None:
        self._store, self._rng = store, rng
        found = store.admin("{productVariants{items{id sku}}}")["productVariants"]["items"]
        self._goods = {one["sku"]: one["id"] for one in found}

    def order(self, party: Party, *, guest: bool) -> str:
        """The store's id of a paid order."""
        ask = self._store.shopper()
        if not guest:
            ask(_LOGIN, u=party.email, p=SECRET)
        for sku in self._rng.sample(sorted(GOODS), self._rng.randint(1, 4)):
            ask(_ITEM, v=self._goods[sku], n=self._rng.randint(1, 5))
        address = _address(party)
        ask(_SHIP, i=address)
        ask(_BILL, i=address)
        if guest:
            ask(_GUEST, i=_person(party))
        (method, *_) = ask("{eligibleShippingMethods{id}}")["eligibleShippingMethods"]
        ask(_METHOD, m=[method["id"]])
        ask(_ARRANGE)
        return str(ask(_PAY, i={"method": "card", "metadata": {}})["addPaymentToOrder"]["id"])


def orders(store: Store) -> dict[str, Placed]:
    """Every placed order as the store shows it, by id."""
    found: list[Any] = []
    while True:
        options = {"filter": {"active": {"eq": False}}, "take": 100, "skip": len(found)}
        page = store.admin(_ORDERS, o=options)["orders"]
        found += page["items"]
        if len(found) >= page["totalItems"]:
            return {one["id"]: _placed(one) for one in found}


def refund(store: Store, order: str, cents: int, *, reason: str) -> None:
    """The keeper gives some money back, and notes that it was paid out."""
    (row,) = store.admin(_ORDERS, o={"filter": {"id": {"eq": order}}, "take": 1})["orders"]["items"]
    made = store.admin(
        f"mutation($i:RefundOrderInput!){{refundOrder(input:$i){{{_ERROR} ...on Refund{{id state}}}}}}",
        i={
            "paymentId": row["payments"][0]["id"],
            "amount": cents,
            "reason": reason,
            "lines": [],
            "shipping": 0,
            "adjustment": 0,
        },
    )["refundOrder"]
    if made["state"] == "Pending":
        store.admin(
            f"mutation($i:SettleRefundInput!){{settleRefund(input:$i){{{_ERROR}}}}}",
            i={"id": made["id"], "transactionId": f"bank-{made['id']}"},
        )


def euros(cents: int) -> str:
    """1990 → 19.90"""
    return str(Decimal(cents).scaleb(-2))


def _placed(row: Mapping[str, Any]) -> Placed:
    parcels: dict[str, int] = {}
    for parcel in row["fulfillments"] or ():
        if parcel["state"] in ("Shipped", "Delivered"):
            for line in parcel["lines"]:
                sku = line["orderLine"]["productVariant"]["sku"]
                parcels[sku] = parcels.get(sku, 0) + line["quantity"]
    backs = [back for paid in row["payments"] for back in paid["refunds"] if back["state"] == "Settled"]
    return Placed(
        row["id"],
        row["code"],
        row["state"],
        row["customer"]["emailAddress"],
        row["currencyCode"],
        row["totalWithTax"],
        {line["productVariant"]["sku"]: line["quantity"] for line in row["lines"]},
        parcels,
        sum(back["total"] for back in backs),
    )


def _person(party: Party) -> dict[str, str]:
    given, family = (party.given, party.family) if party.family else (party.company, "")
    return {"firstName": given, "lastName": family, "emailAddress": party.email, "phoneNumber": party.mobile}


def _address(party: Party) -> dict[str, str]:
    place = party.place
    return {
        "fullName": party.name,
        "company": party.company,
        "streetLine1": place.line1,
        "city": place.city,
        "postalCode": place.postal_code,
        "countryCode": place.country,
    }


def _make(ask: Caller, kind: str, given: Mapping[str, Any]) -> str:
    made = ask(f"mutation($i:Create{kind}Input!){{create{kind}(input:$i){{id}}}}", i=dict(given))
    return str(made[f"create{kind}"]["id"])


def _named(name: str, **more: str) -> dict[str, Any]:
    return {"translations": [{"languageCode": "en", "name": name, **more}]}


def _chosen(code: str, **arguments: str) -> dict[str, Any]:
    return {"code": code, "arguments": [{"name": name, "value": value} for name, value in arguments.items()]}
