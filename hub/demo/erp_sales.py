"""The ERP's sales people and its warehouse at work: only through its own API, never through the hub."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from hub.demo.erp import Erp

_SALE = (
    *("number", "reference", "state", "party", "total_amount", "currency.code", "shipments", "origin"),
    *("lines.type", "lines.quantity", "lines.product.code"),
)
_SHIPMENT = ("state", "outgoing_moves.quantity", "outgoing_moves.product.code", "outgoing_moves.state")
_ONWARD = {"waiting": "assign_force", "assigned": "pick", "picked": "pack", "packed": "do", "shipped": "do"}
_PAGE = 1000


class Sold(NamedTuple):
    """A sale as the ERP shows it. lines: SKU → quantity; shipments: ids; returned: what its returns give back."""

    id: str
    reference: str
    state: str
    party: str
    currency: str
    total: Decimal
    lines: Mapping[str, Decimal]
    shipments: tuple[int, ...]


def sales(erp: Erp) -> dict[str, Sold]:
    """Every sale that is no return, by its reference."""
    rows = erp.call("GET", f"sale.sale?{_fields(_SALE)}&s={_PAGE}")
    return {row["reference"]: _sold(row) for row in rows if row["reference"] and not row["origin"]}


def returned(erp: Erp) -> dict[str, Decimal]:
    """What was given back in the ERP, by the id of the sale: the totals of its returns."""
    found: dict[str, Decimal] = {}
    for row in erp.call("GET", f"sale.sale?{_fields(_SALE)}&s={_PAGE}"):
        if row["origin"]:
            sale = str(row["origin"]).rpartition(",")[2]
            found[sale] = found.get(sale, Decimal(0)) - _decimal(row["total_amount"])
    return found


def shipped(erp: Erp, sale: Sold) -> dict[str, Decimal]:
    """SKU → how many of it have left, for one sale."""
    found: dict[str, Decimal] = {}
    for id in sale.shipments:
        row = erp.call("GET", f"stock.shipment.out/{id}?{_fields(_SHIPMENT)}")
        if row["state"] in ("shipped", "done"):
            for move in row["outgoing_moves"]:
                code = move["product"]["code"]
                found[code] = found.get(code, Decimal(0)) + Decimal(str(move["quantity"]))
    return found


def ship(erp: Erp, sale: Sold, *, sku: str, pieces: int) -> None:
    """The warehouse sends only so many pieces of one article; the ERP itself plans the rest."""
    (id,) = sale.shipments
    moves = erp.call("GET", f"stock.shipment.out/{id}?{_fields(_SHIPMENT)}")["outgoing_moves"]
    erp.press("stock.shipment.out", id, "draft")
    kept = next(one["id"] for one in moves if one["product"]["code"] == sku)
    others = [one["id"] for one in moves if one["id"] != kept]
    changes = [["write", [kept], {"quantity": float(pieces)}], ["delete", others]]
    erp.call("PUT", f"stock.shipment.out/{id}", {"outgoing_moves": changes})
    erp.press("stock.shipment.out", id, "wait")
    for _ in _ONWARD:
        state = erp.call("GET", f"stock.shipment.out/{id}?f=state")["state"]
        if state not in _ONWARD:
            return
        erp.press("stock.shipment.out", id, _ONWARD[state])


def _fields(names: tuple[str, ...]) -> str:
    return "&".join(f"f={name}" for name in names)


def _sold(row: Mapping[str, Any]) -> Sold:
    lines: dict[str, Decimal] = {}
    for line in row["lines"]:
        code = (line["product"] or {}).get("code") if line["type"] == "line" else None
        if code:
            lines[code] = lines.get(code, Decimal(0)) + Decimal(str(line["quantity"]))
    return Sold(
        str(row["id"]),
        row["reference"],
        row["state"],
        str(_id(row["party"])),
        row["currency"]["code"],
        _decimal(row["total_amount"]),
        lines,
        tuple(_id(one) for one in row["shipments"]),
    )


def _id(value: Any) -> int:
    return int(value["id"]) if isinstance(value, Mapping) else int(value)


def _decimal(value: Any) -> Decimal:
    return Decimal(value["decimal"]) if isinstance(value, Mapping) else Decimal(str(value))
