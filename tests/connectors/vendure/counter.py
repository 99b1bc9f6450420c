"""The counter of a real store: what it sells, its promotions, and shoppers who place orders by the shop API."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

HOME: Mapping[str, str] = {
    "fullName": "Ann Lee",
    "company": "Lee & Co",
    "streetLine1": "1 Rue A",
    "streetLine2": "Bat B",
    "city": "Paris",
    "postalCode": "75001",
    "countryCode": "FR",
    "phoneNumber": "+33142278186",
}
_ITEM = """mutation($v:ID!,$n:Int!){addItemToOrder(productVariantId:$v,quantity:$n){
 ...on ErrorResult{errorCode message}}}"""
_SHIP = "mutation($i:CreateAddressInput!){setOrderShippingAddress(input:$i){...on ErrorResult{errorCode message}}}"
_BILL = (
    "mutation($i:CreateAddressInput!){setOrderBillingAddress(input:$i){...on ErrorResult{errorCode message}}}"
)
_WHO = (
    "mutation($i:CreateCustomerInput!){setCustomerForOrder(input:$i){...on ErrorResult{errorCode message}}}"
)
_METHOD = (
    "mutation($m:[ID!]!){setOrderShippingMethod(shippingMethodId:$m){...on ErrorResult{errorCode message}}}"
)
_COUPON = "mutation($c:String!){applyCouponCode(couponCode:$c){...on ErrorResult{errorCode message}}}"
_ARRANGE = 'mutation{transitionOrderToState(state:"ArrangingPayment"){...on ErrorResult{errorCode message}}}'
_PAY = """mutation($i:PaymentInput!){addPaymentToOrder(input:$i){
 ...on ErrorResult{errorCode message} ...on Order{id code state}}}"""


class Counter:
    """WID-1 (19.90, 20 % tax) and BOO-1 (12.33, 5.5 %); coupons TEN (10 % of the order), BOOKS (a third off books),
    SHIP (free shipping), FIX (3.00 off); payment methods `dummy` (settled at once) and `later` (authorised)."""

    def __init__(self, store: Any) -> None:
        self.store = store
        self.admin = store.admin
        self._stock()
        found = self.admin("{productVariants{items{id sku}}}")["productVariants"]["items"]
        self.variants = {one["sku"]: one["id"] for one in found}

    def order(
        self,
        email: str,
        *,
        items: Sequence[tuple[str, int]] = (("WID-1", 2), ("BOO-1", 3)),
        coupons: Sequence[str] = (),
        pay: str = "dummy",
        shopper: Any = None,
    ) -> str:
        """Place an order as a guest (or as `shopper`, who has logged in); its id."""
        ask = shopper or self.store.shopper()
        for sku, quantity in items:
            ask(_ITEM, v=self.variants[sku], n=quantity)
        ask(_SHIP, i=HOME)
        ask(_BILL, i={**HOME, "streetLine1": "2 Rue B"})
        if shopper is None:
            ask(_WHO, i={"firstName": "Ann", "lastName": "Lee", "emailAddress": email})
        (method, *_) = ask("{eligibleShippingMethods{id}}")["eligibleShippingMethods"]
        ask(_METHOD, m=[method["id"]])
        for coupon in coupons:
            ask(_COUPON, c=coupon)
        ask(_ARRANGE)
        return str(ask(_PAY, i={"method": pay, "metadata": {}})["addPaymentToOrder"]["id"])

    def cart(self) -> str:
        """A cart that nobody has ordered yet; its id."""
        ask = self.store.shopper()
        ask(_ITEM, v=self.variants["WID-1"], n=1)
        return str(ask("{activeOrder{id}}")["activeOrder"]["id"])

    def prices_with_tax(self, included: bool) -> None:
        channel = self.admin("{activeChannel{id}}")["activeChannel"]["id"]
        self.admin(
            "mutation($i:UpdateChannelInput!){updateChannel(input:$i){__typename}}",
            i={"id": channel, "pricesIncludeTax": included},
        )

    def _stock(self) -> None:
        if self.admin("{promotions{totalItems}}")["promotions"]["totalItems"]:
            return
        zone = self.admin("{activeChannel{defaultTaxZone{id}}}")["activeChannel"]["defaultTaxZone"]["id"]
        tax = self._make("TaxCategory", {"name": "Reduced"})
        self._make(
            "TaxRate", {"name": "VAT 5.5", "enabled": True, "value": 5.5, "categoryId": tax, "zoneId": zone}
        )
        product = self._make("Product", {"enabled": True, **_named("Book", slug="book", description="")})
        variant = {
            "productId": product,
            "sku": "BOO-1",
            "price": 1233,
            "stockOnHand": 100_000,
            "taxCategoryId": tax,
        }
        made = self.admin(
            "mutation($i:[CreateProductVariantInput!]!){createProductVariants(input:$i){id}}",
            i=[{**variant, **_named("Book")}],
        )
        book = made["createProductVariants"][0]["id"]
        self._promotion("TEN", "order_percentage_discount", discount="10")
        self._promotion(
            "BOOKS", "products_percentage_discount", discount="33", productVariantIds=json.dumps([book])
        )
        self._promotion("SHIP", "free_shipping")
        self._promotion("FIX", "order_fixed_discount", discount="300")
        handler = {
            "code": "dummy-payment-handler",
            "arguments": [{"name": "automaticSettle", "value": "false"}],
        }
        self._make(
            "PaymentMethod",
            {"code": "later", "enabled": True, "handler": handler, **_named("Later", description="")},
        )

    def _promotion(self, coupon: str, action: str, **arguments: str) -> None:
        listed = [{"name": name, "value": value} for name, value in arguments.items()]
        self.admin(
            """mutation($i:CreatePromotionInput!){createPromotion(input:$i){
             ...on ErrorResult{errorCode message}}}""",
            i={
                "enabled": True,
                "couponCode": coupon,
                "conditions": [],
                "actions": [{"code": action, "arguments": listed}],
                **_named(f"{coupon} promotion", description=""),
            },
        )

    def _make(self, type: str, input: Mapping[str, Any]) -> str:
        made = self.admin(f"mutation($i:Create{type}Input!){{create{type}(input:$i){{id}}}}", i=dict(input))
        return str(made[f"create{type}"]["id"])


def _named(name: str, **more: str) -> dict[str, Any]:
    return {"translations": [{"languageCode": "en", "name": name, **more}]}
