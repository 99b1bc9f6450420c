"""What a sale refers to in the ERP (company, warehouse, currency, taxes, products, units), found once per job: by the
connection's settings, else by what the ERP itself would take. What is not there is said with its name and the way out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple

from connectors.tryton.rest import Rest, Row, Unreadable, encode_decimal
from hub.sdk import ConnectionBroken, RecordRejected

SALE = "sale.sale"
UNKNOWN = ("hold", "create", "placeholder")
_PRODUCT = ("code", "name", "active", "salable", "sale_uom", "default_uom.category", "default_uom.symbol")
_OWN = {"shipping": "shipping_product", "discount": "discount_product", "refund": "refund_product"}
_OTHERS = "fee_product"


class Currency(NamedTuple):
    id: int
    digits: int


class Product(NamedTuple):
    id: int
    unit: int
    category: int


class Books:
    """One company of one ERP. `at`: the REST API in a context."""

    def __init__(self, at: Callable[[Mapping[str, Any]], Rest], settings: Mapping[str, Any]) -> None:
        self._at = at
        self._settings = settings
        self._rest: Rest | None = None
        self._company: Row = {}
        self._defaults: Mapping[str, Any] | None = None
        self._currencies: dict[str, Currency] = {}
        self._taxes: dict[Decimal, list[Row]] | None = None
        self._products: dict[str, Row | None] = {}
        self._placeholder: int | None = None
        self._by_line: bool | None = None

    @property
    def rest(self) -> Rest:
        """The API as the company's. Raises ConnectionBroken if there is none, or several and none is named."""
        if self._rest is None:
            self._company = self._find_company()
            id = int(self._company["id"])
            self._rest = self._at({"company": id, "companies": [id]})
        return self._rest

    @property
    def company(self) -> int:
        _ = self.rest
        return int(self._company["id"])

    @property
    def company_name(self) -> str:
        _ = self.rest
        return str(self._company["rec_name"])

    def _find_company(self) -> Row:
        asked = str(self._settings.get("company") or "")
        try:
            rows = self._at({}).search_read("company.company", [], ["rec_name"]).rows
        except Unreadable as error:
            raise ConnectionBroken(
                "the ERP has no companies, so no sales",
                cause=error.cause,
                fix="activate the module `sale` there",
            ) from None
        named = [row for row in rows if asked in (str(row["id"]), row["rec_name"])] if asked else rows
        if len(named) != 1:
            names = ", ".join(str(row["rec_name"]) for row in rows) or "none"
            raise ConnectionBroken(
                f'no company "{asked}"' if asked else f"the ERP has {len(rows)} companies",
                fix=f"set `company` to one of: {names}",
            )
        return named[0]

    def checked(self) -> None:
        """Look up all that the settings name. Raises ConnectionBroken for the first that is not there."""
        self.warehouse()
        self.payment_term()
        self._tax_setting()
        self.own_kinds()
        if self.policy() == "placeholder":
            self._set(str(self._settings.get("placeholder_product") or ""), "placeholder_product")
        if self.policy() == "create":
            self._category()
            self._named("product.uom", self._settings.get("default_uom") or "u", "default_uom", [])

    def default(self, name: str) -> int | None:
        """What the ERP puts into a new sale's field."""
        if self._defaults is None:
            self._defaults = self.rest.defaults(SALE, ("warehouse", "payment_term"))
        found = self._defaults.get(name)
        return found if isinstance(found, int) else None

    def warehouse(self) -> int | None:
        asked = self._settings.get("warehouse")
        if not asked:
            return self.default("warehouse")
        return self._named("stock.location", asked, "warehouse", [["type", "=", "warehouse"]])

    def payment_term(self) -> int | None:
        asked = self._settings.get("payment_term")
        if not asked:
            return self.default("payment_term")
        return self._named("account.invoice.payment_term", asked, "payment_term", [])

    def _named(self, model: str, asked: Any, setting: str, domain: Sequence[Any]) -> int:
        """The one record with this name (or code, or symbol). Raises ConnectionBroken naming the setting."""
        word = {"stock.location": "code", "product.uom": "symbol"}.get(model, "name")
        either = ["OR", ["name", "=", asked], [word, "=", asked]]
        rows = self.rest.search_read(model, [*domain, either, ["active", "=", True]], ["name"]).rows
        if len(rows) != 1:
            raise ConnectionBroken(
                f'the ERP has {len(rows) or "no"} {model} "{asked}"', fix=f"correct the setting `{setting}`"
            )
        return int(rows[0]["id"])

    def currency(self, code: str) -> Currency:
        if code not in self._currencies:
            rows = self.rest.search_read(
                "currency.currency", [["code", "=", code]], ["digits", "active"]
            ).rows
            live = [row for row in rows if row["active"]]
            if not live:
                raise RecordRejected(f"the ERP has no currency {code}", fix="add it there, with a rate")
            self._currencies[code] = Currency(int(live[0]["id"]), int(live[0]["digits"]))
        return self._currencies[code]

    # --- taxes ----------------------------------------------------------------------------------

    def rates(self) -> list[Decimal]:
        return list(self._by_rate())

    def taxes(self, rate: Decimal) -> list[int]:
        """The ERP's tax of a rate (0.2 for 20 %); none for 0. Raises RecordRejected for none or several."""
        if not rate:
            return []
        rows = self._by_rate().get(rate, [])
        named = self._tax_setting().get(rate)
        if named is not None:
            rows = [row for row in rows if named in (row["name"], str(row["id"]))]
        if len(rows) != 1:
            what = f"{rate * 100:f}".rstrip("0").rstrip(".") + " %"
            raise RecordRejected(
                f"the ERP has {len(rows) or 'no'} sale taxes of {what}"
                + (f' named "{named}"' if named else ""),
                fix=f'make one there, or name the right one in the setting `taxes`, as in "{rate:f}=Name"',
            )
        return [int(rows[0]["id"])]

    def _by_rate(self) -> dict[Decimal, list[Row]]:
        if self._taxes is None:
            domain = [
                *(["type", "=", "percentage"], ["parent", "=", None], ["company", "=", self.company]),
                *(
                    ["active", "=", True],
                    ["OR", ["group", "=", None], ["group.kind", "in", ["sale", "both"]]],
                ),
            ]
            self._taxes = {}
            for row in self.rest.search_read("account.tax", domain, ["name", "rate"]).rows:
                self._taxes.setdefault(Decimal(row["rate"]).normalize(), []).append(row)
        return self._taxes

    def _tax_setting(self) -> dict[Decimal, str]:
        found: dict[Decimal, str] = {}
        for line in self._settings.get("taxes") or ():
            rate, equals, name = str(line).partition("=")
            try:
                found[Decimal(rate.strip()).normalize()] = name.strip()
            except InvalidOperation:
                equals = ""
            if not equals or not name.strip():
                raise ConnectionBroken(
                    f'the setting `taxes` has the line "{line}"',
                    fix='write a rate and a name: "0.19=VAT 19 %"',
                )
        return found

    def by_line(self) -> bool:
        """Whether the ERP rounds taxes by line; by document is what it does when nobody has said."""
        if self._by_line is None:
            rows = self.rest.search_read("account.configuration", [], ["tax_rounding"]).rows
            self._by_line = bool(rows) and rows[0]["tax_rounding"] == "line"
        return self._by_line

    # --- products -------------------------------------------------------------------------------

    def own(self, kind: str) -> Product | None:
        """The product that stands for shipping, a discount, a fee, …, as the settings say; None: a line without."""
        name = _OWN.get(kind, _OTHERS)
        code = self._settings.get(name)
        return self._set(str(code), name) if code else None

    def own_kinds(self) -> dict[int, str]:
        """Product id → the kind of line it stands for."""
        kinds = {kind: self.own(kind) for kind in (*_OWN, "fee")}
        return {product.id: kind for kind, product in kinds.items() if product}

    def _set(self, code: str, setting: str) -> Product:
        self.look_up([code])
        row = self._products[code]
        if row is None:
            raise ConnectionBroken(f'the ERP has no product "{code}"', fix=f"correct the setting `{setting}`")
        return _product(row)

    def look_up(self, codes: Sequence[str]) -> None:
        """Read these products together. Raises RecordRejected for a code that several have."""
        missing = [code for code in dict.fromkeys(codes) if code not in self._products]
        if not missing:
            return
        domain = [["code", "in", missing], ["active", "=", True]]
        rows = self.rest.search_read("product.product", domain, _PRODUCT).rows
        for code in missing:
            mine = [row for row in rows if row["code"] == code]
            if len(mine) > 1:
                raise RecordRejected(
                    f'{len(mine)} products of the ERP have the code "{code}"', fix="let one of them have it"
                )
            self._products[code] = mine[0] if mine else None

    def product(self, sku: str | None, name: str, price: Decimal) -> Product:
        """The product with this code; one that is unknown as `unknown_product` says.

        Raises RecordRejected for one that is held, or not for sale.
        """
        if sku:
            self.look_up([sku])
        row = self._products[sku] if sku else None
        if row is not None:
            if not row["salable"]:
                raise RecordRejected(
                    f'the product "{sku}" is not for sale in the ERP', fix="make it salable there"
                )
            return _product(row)
        policy = self.policy()
        if policy == "placeholder":
            found = self._set(str(self._settings.get("placeholder_product") or ""), "placeholder_product")
            self._placeholder = found.id
            return found
        if policy == "create" and sku:
            return self._make(sku, name, price)
        raise RecordRejected(
            f'the ERP has no product with the code "{sku}" ("{name}")'
            if sku
            else f'the product "{name}" has no SKU',
            fix="make it there with this code, or let the hub do so: unknown_product = create or placeholder",
        )

    def is_placeholder(self, product: Product) -> bool:
        return self._placeholder == product.id

    def policy(self) -> str:
        found = str(self._settings.get("unknown_product") or UNKNOWN[0])
        if found not in UNKNOWN:
            raise ConnectionBroken(
                f'unknown_product is "{found}"', fix=f"set it to one of: {', '.join(UNKNOWN)}"
            )
        return found

    def unit(self, asked: str | None, product: Product) -> int:
        """The unit a line is in: the order's if the product can be counted in it, else the product's own."""
        if not asked:
            return product.unit
        domain = [
            ["OR", ["symbol", "=", asked], ["name", "=", asked]],
            *(["category", "=", product.category], ["active", "=", True]),
        ]
        rows = self.rest.search_read("product.uom", domain, ["name"]).rows
        if len(rows) != 1:
            raise RecordRejected(
                f'the product is not counted in "{asked}" in the ERP',
                fix="correct the unit of the order's line",
            )
        return int(rows[0]["id"])

    def _make(self, sku: str, name: str, price: Decimal) -> Product:
        unit = self._named("product.uom", self._settings.get("default_uom") or "u", "default_uom", [])
        template = {
            "name": name or sku,
            "type": "goods",
            "salable": True,
            "default_uom": unit,
            "sale_uom": unit,
            "list_price": encode_decimal(price),
            "account_category": self._category(),
            "products": [["create", [{"suffix_code": sku}]]],
        }
        self.rest.create("product.template", [template])
        self._products.pop(sku)
        self.look_up([sku])
        row = self._products[sku]
        if row is None:
            raise RecordRejected(f'the ERP gave the new product "{sku}" another code')
        return _product(row)

    def _category(self) -> int | None:
        """Of new products, for their accounts: the one named, else the only one there is."""
        asked = self._settings.get("product_category")
        if asked:
            return self._named("product.category", asked, "product_category", [["accounting", "=", True]])
        rows = self.rest.search_read("product.category", [["accounting", "=", True]], ["name"], limit=2).rows
        return int(rows[0]["id"]) if len(rows) == 1 else None


def _product(row: Row) -> Product:
    unit = row["default_uom"]
    return Product(int(row["id"]), int(row["sale_uom"] or unit["id"]), int(unit["category"]))
