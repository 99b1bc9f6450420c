"""Whether a connection works, how the store counts its money, and which fields it has: for `check` and `discover`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from connectors.vendure.amounts import Money
from connectors.vendure.customer import ADDRESS, DEFAULTS, PLAIN
from connectors.vendure.graphql import Api, Row, strange
from hub.sdk import ConnectionBroken, FieldShape, Finding, HubError, ObjectShape, Unsupported

_FIX = "is the store running, and is the url that of its admin API?"
_KINDS = {"Int": "int", "Float": "decimal", "Boolean": "bool", "DateTime": "instant"}
_CHANNEL = """{activeChannel{code defaultCurrencyCode pricesIncludeTax}
 globalSettings{serverConfig{moneyStrategyPrecision}}}"""
_TYPE = """query($name:String!){__type(name:$name){fields{name type{kind name ofType{kind name}}}}}"""

Read = Callable[[Mapping[str, Any]], tuple[list[Row], int | None]]


class Shop:
    """What the store says of itself; asked once per job."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._settings: tuple[Row, int] | None = None

    def settings(self) -> tuple[Row, int]:
        """The channel and the decimals of its amounts. Raises RemoteUnavailable for another shape."""
        if self._settings is None:
            data = self._api.read(_CHANNEL)
            try:
                channel = data["activeChannel"]
                precision = data["globalSettings"]["serverConfig"]["moneyStrategyPrecision"]
                self._settings = ({**channel, "code": str(channel["code"])}, int(precision))
            except (KeyError, TypeError, ValueError):
                raise strange("the question for the channel") from None
        return self._settings

    def money(self) -> Money:
        channel, precision = self.settings()
        return Money(precision, bool(channel.get("pricesIncludeTax")))


def findings(api: Api, shop: Shop, *, customers: Read, orders: Read, hooks: bool) -> Iterator[Finding]:
    """Step by step; ends after the first that fails."""
    steps: tuple[tuple[str, Callable[[], str]], ...] = (
        ("reach the store", lambda: _channel(shop)),
        ("read customers", lambda: f"{customers({'take': 1})[1]} customers"),
        ("read orders", lambda: f"{orders({'take': 1})[1]} orders and carts"),
    )
    for name, step in steps:
        try:
            detail = step()
        except HubError as error:
            cause = f" ({error.cause})" if error.cause else ""
            yield Finding(name, False, error.message + cause, error.fix or _FIX)
            return
        yield Finding(name, True, detail)
    if hooks:
        yield Finding("webhooks", True, "a secret is set")
    else:
        said = "no secret is set: changed addresses and states of orders are found by the sweep only, later"
        yield Finding("webhooks", True, said, "set webhook_secret, and let the store send webhooks")


def _channel(shop: Shop) -> str:
    channel, precision = shop.settings()
    tax = "with" if channel.get("pricesIncludeTax") else "without"
    return f"channel {channel['code']}, {channel.get('defaultCurrencyCode')}, prices {tax} tax, {precision} decimals"


def shapes(api: Api) -> Sequence[ObjectShape]:
    """Our own names, and the custom fields as the schema tells them; the settings `…_fields` open those."""
    customer = [
        *(FieldShape(name, "text", required=name in {"first_name", "last_name", "email"}) for name in PLAIN),
        *(FieldShape(f"{kind}.{name}", "text") for kind in DEFAULTS for name in ADDRESS),
        *(FieldShape(name, kind, readonly=True) for name, kind in _CUSTOMER_ONLY.items()),
        *_custom(api, "Customer", readonly=False),
    ]
    order = [
        *(FieldShape(name, kind, readonly=True) for name, kind in _ORDER.items()),
        *_custom(api, "Order", readonly=True),
    ]
    return [ObjectShape("Customer", "customer", customer), ObjectShape("Order", "order", order)]


def _custom(api: Api, type: str, *, readonly: bool) -> list[FieldShape]:
    """The simple custom fields. Raises Unsupported where the store keeps its schema to itself."""
    try:
        found = api.read(_TYPE, name=f"{type}CustomFields").get("__type")
    except ConnectionBroken as error:
        raise Unsupported(
            "the store does not show its schema", cause=error.cause, fix="name custom fields in the settings"
        ) from None
    shapes: list[FieldShape] = []
    for one in (found or {}).get("fields") or ():
        kind, name = one["type"].get("kind"), one["type"].get("name")
        if kind == "NON_NULL":
            kind, name = one["type"]["ofType"].get("kind"), one["type"]["ofType"].get("name")
        if kind in {"SCALAR", "ENUM"}:
            shown = _KINDS.get(str(name), "text")
            shapes.append(FieldShape(f"custom.{one['name']}", shown, readonly=readonly, custom=True))
    return shapes


_CUSTOMER_ONLY = {
    **dict.fromkeys(("guest", "verified"), "bool"),
    **dict.fromkeys(("created", "updated"), "instant"),
    "id": "text",
    "also": "list",
}
_ORDER = {
    **dict.fromkeys(("id", "code", "type", "state", "payment", "fulfilment", "customer"), "text"),
    **dict.fromkeys(("email", "phone", "currency", "cancel_reason"), "text"),
    **dict.fromkeys(("guest", "prices_include_tax"), "bool"),
    **dict.fromkeys(("placed", "created", "updated", "cancelled"), "instant"),
    **{f"{kind}.{name}": "text" for kind in ("billing", "shipping") for name in ADDRESS},
    **dict.fromkeys(("lines", "tax_lines", "discounts", "coupons", "payments"), "list"),
    **dict.fromkeys(("refunds", "refunds_open", "fulfilments"), "list"),
    "totals": "object",
}
