"""Products, as far as the lines of orders need them: found by their code, which is the SKU of the other systems."""

from __future__ import annotations

from typing import Any

from connectors.zoho.api import Api
from connectors.zoho.find import equals, ids_where
from hub.sdk import NeedsSteward, OutcomeUnknown, RecordRejected

MODULE = "Products"
POLICIES = ("hold", "create", "placeholder")


class Products:
    """`policy`: what becomes of a line whose product is not there. `placeholder`: the code of the one taken instead."""

    def __init__(self, api: Api, *, policy: str, placeholder: str | None) -> None:
        self._api = api
        self._policy = policy
        self._placeholder = placeholder
        self._known: dict[str, str] = {}

    def id_of(self, sku: str | None, *, name: str | None, price: Any) -> tuple[str, bool]:
        """(the product's id, whether it is the placeholder). Raises NeedsSteward, naming what is missing."""
        found = self._found(sku) if sku else None
        if found:
            return found, False
        if self._policy == "create" and sku:
            return self._made(sku, name=name, price=price), False
        if self._policy == "placeholder" and self._placeholder:
            standing = self._found(self._placeholder)
            if standing:
                return standing, True
            raise NeedsSteward(
                f"the placeholder product {self._placeholder} is not in Zoho CRM",
                fix="make a product with that Product_Code, or set placeholder_product to one there is",
            )
        what = f"the SKU {sku}" if sku else f'"{name or "a line"}", which has no SKU'
        raise NeedsSteward(
            f"Zoho CRM has no product for {what}",
            fix='make one with that Product_Code, or set unknown_product to "create" or "placeholder"',
        )

    def _found(self, sku: str) -> str | None:
        if sku not in self._known:
            ids = ids_where(self._api, MODULE, [equals("Product_Code", sku)])
            if len(ids) > 1:
                raise NeedsSteward(
                    f"Zoho CRM has {len(ids)} products with the Product_Code {sku}",
                    fix="give each its own code",
                )
            if not ids:
                return None
            self._known[sku] = ids[0]
        return self._known[sku]

    def _made(self, sku: str, *, name: str | None, price: Any) -> str:
        row = {"Product_Name": name or sku, "Product_Code": sku, "Unit_Price": price}
        (verdict,) = self._api.write("POST", f"/{MODULE}", {"data": [row], "trigger": []}, count=1)
        if not verdict.done:
            raise RecordRejected(
                f"the product {sku} could not be made", cause=f"{verdict.code}: {verdict.message}"
            )
        id = verdict.details.get("id")
        if not id:
            raise OutcomeUnknown(f"the product {sku} was made, and Zoho does not say where")
        self._known[sku] = str(id)
        return str(id)
