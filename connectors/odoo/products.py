"""Finds the products of an order's lines by their internal reference (`default_code`), and what to do without one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from connectors.odoo.order_lines import Piece
from connectors.odoo.rpc import Rpc
from hub.sdk import RecordRejected

MODEL = "product.product"
POLICIES = ("hold", "create", "placeholder")
_SERVICES = {"shipping": "SHIPPING", "fee": "FEE", "tip": "TIP", "duties": "DUTIES", "rounding": "ROUNDING"}


class Product(NamedTuple):
    id: int
    taxes: Sequence[int]


class Products:
    """`codes`: internal references of the products for shipping, discounts and what else has no sku."""

    def __init__(
        self, rpc: Rpc, *, policy: str, placeholder: str | None, codes: Mapping[str, str | None]
    ) -> None:
        self._rpc = rpc
        self._policy = policy
        self._placeholder = placeholder
        self._codes = codes

    def of(self, pieces: Sequence[Piece]) -> list[Product]:
        """One product for each. Raises RecordRejected that names all that are missing."""
        codes = [self._code(one) for one in pieces]
        known = self._find({code for code in codes if code})
        missing = {code: one for code, one in zip(codes, pieces, strict=True) if code not in known}
        if missing:
            known |= self._fill(missing)
        return [known[code] for code in codes]

    def _code(self, piece: Piece) -> str | None:
        if piece.code:
            return piece.code
        special = {**_SERVICES, "discount": "DISCOUNT"}
        return self._codes.get(piece.kind) or special.get(piece.kind)

    def _find(self, codes: set[str]) -> dict[str | None, Product]:
        fields = self._rpc.known(MODEL, ["default_code", "active", "taxes_id"])
        rows = self._rpc.search_read(MODEL, [["default_code", "in", sorted(codes)]], fields)
        found: dict[str | None, Product] = {}
        for code in codes:
            mine = [row for row in rows if row["default_code"] == code]
            mine = [row for row in mine if row.get("active", True)] or mine
            if len(mine) > 1:
                raise RecordRejected(
                    f'{len(mine)} products have the internal reference "{code}"',
                    fix="keep one of them in Odoo",
                )
            if mine:
                found[code] = Product(mine[0]["id"], list(mine[0].get("taxes_id") or ()))
        return found

    def _fill(self, missing: Mapping[str | None, Piece]) -> dict[str | None, Product]:
        names = ", ".join(f'"{code or piece.name}"' for code, piece in missing.items())
        if self._policy == "placeholder":
            found = self._find({self._placeholder}) if self._placeholder else {}
            if self._placeholder not in found:
                raise RecordRejected(
                    f'the placeholder product "{self._placeholder or ""}" is not in Odoo',
                    fix="give a product there this internal reference, or correct placeholder_product",
                )
            return dict.fromkeys(missing, found[self._placeholder])
        if self._policy == "create" and None not in missing:
            return {code: self._make(str(code), piece) for code, piece in missing.items()}
        raise RecordRejected(
            f"Odoo has no product with the internal reference {names}",
            fix='make it there, or set unknown_product to "create" or "placeholder"',
        )

    def _make(self, code: str, piece: Piece) -> Product:
        values: dict[str, Any] = {"name": piece.name or code, "default_code": code, "sale_ok": True}
        if piece.kind != "product":
            fields = self._rpc.fields(MODEL)
            values["detailed_type" if "detailed_type" in fields else "type"] = "service"
        (id,) = self._rpc.write(MODEL, "create", {"vals_list": [values]})
        return Product(int(id), ())
