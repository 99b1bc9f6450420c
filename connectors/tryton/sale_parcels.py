"""Parcels made elsewhere become done shipments of the sale, each found again by its reference.

A sale plans one shipment of everything. It is cut down to what is in the parcel, marked, and then done; the ERP itself
plans another one for the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from connectors.tryton import sale
from connectors.tryton.rest import Rest, Row, encode_date
from connectors.tryton.sale_wish import Parcel, Piece
from hub.sdk import RecordRejected

SHIPMENT = "stock.shipment.out"
_OPEN = ("draft", "waiting", "assigned")
_BACK = {"assigned": "wait", "waiting": "draft"}
_ONWARD = {
    "draft": "wait",
    "waiting": "assign_force",
    "assigned": "pick",
    "picked": "pack",
    "packed": "do",
    "shipped": "do",
}

Write = Callable[[Callable[[], object]], None]
"""Carries out one call, and notes that something has landed."""


def bring(rest: Rest, row: Row, parcel: Parcel, *, write: Write) -> bool:
    """Bring one parcel to its state; whether anything was written. Raises RecordRejected if it cannot be."""
    standing = _standing(row, parcel.reference)
    if parcel.status == "cancelled":
        if standing is None or standing["state"] == "cancelled":
            return False
        id = standing["id"]
        write(lambda: rest.press(SHIPMENT, id, "cancel"))
        return True
    if parcel.status == "pending" or (standing and standing["state"] == "cancelled"):
        return False
    if standing is None:
        standing = _cut(rest, row, parcel, write=write)
        _finish(rest, standing, write=write)
        return True
    signed = sale.signed(parcel.tracking, parcel.reference)
    renamed = bool(parcel.tracking) and standing["reference"] != signed
    if renamed:
        write(lambda: rest.write(SHIPMENT, standing["id"], {"reference": signed}, fields=["state"]))
    return _finish(rest, standing, write=write) or renamed


def _standing(row: Row, reference: str) -> Row | None:
    return next((one for one in row["shipments"] if sale.unsigned(one["reference"])[1] == reference), None)


def _finish(rest: Rest, shipment: Row, *, write: Write) -> bool:
    """Press on until the goods have left."""
    state, pressed = shipment["state"], False
    direct = shipment["warehouse_storage"] == shipment["warehouse_output"]
    while state in _ONWARD:
        button = "pack" if direct and state == "assigned" else _ONWARD[state]
        write(lambda button=button: rest.press(SHIPMENT, shipment["id"], button))  # type: ignore[misc]
        now = rest.search_read(SHIPMENT, [["id", "=", shipment["id"]]], ["state"]).rows
        if not now or now[0]["state"] == state:
            raise RecordRejected(f"shipment {shipment['number']} of the ERP stays {state} after {button}")
        state, pressed = now[0]["state"], True
    return pressed


def _cut(rest: Rest, row: Row, parcel: Parcel, *, write: Write) -> Row:
    """The planned shipment that holds the pieces, with only them in it and our reference on it."""
    planned = [
        one for one in row["shipments"] if one["state"] in _OPEN and not sale.unsigned(one["reference"])[1]
    ]
    if not planned:
        raise _refusal(row, parcel, "no shipment is planned for it")
    shipment, moves = _holding(row, planned, parcel)
    state = shipment["state"]
    while state in _BACK:
        button = _BACK[state]
        write(lambda button=button: rest.press(SHIPMENT, shipment["id"], button))  # type: ignore[misc]
        state = "waiting" if state == "assigned" else "draft"
    values: dict[str, Any] = {
        "reference": sale.signed(parcel.tracking or None, parcel.reference),
        "outgoing_moves": [
            *(["write", [id], {"quantity": float(quantity)}] for id, quantity in moves.items() if quantity),
            ["delete", [id for id, quantity in moves.items() if not quantity]],
        ],
    }
    if parcel.shipped:
        values["effective_date"] = encode_date(parcel.shipped.isoformat())
    write(lambda: rest.write(SHIPMENT, shipment["id"], values, fields=["state"]))
    return {**shipment, "state": "draft"}


def _holding(row: Row, planned: Sequence[Row], parcel: Parcel) -> tuple[Row, dict[int, Decimal]]:
    """A shipment that holds all the pieces, and how much each of its moves is to keep."""
    if parcel.pieces is None:
        return planned[0], {move["id"]: _quantity(move) for move in _moves(planned[0])}
    for shipment in planned:
        kept = _allotted(row, _moves(shipment), parcel.pieces)
        if kept is not None:
            return shipment, kept
    numbers = ", ".join(str(one["number"] or one["id"]) for one in planned)
    raise _refusal(row, parcel, f"no planned shipment (there are: {numbers}) holds all of its pieces")


def _refusal(row: Row, parcel: Parcel, why: str) -> RecordRejected:
    busy = [str(one["number"]) for one in row["shipments"] if one["state"] in ("picked", "packed")]
    packed = f"; being packed there: {', '.join(busy)}" if busy else ""
    return RecordRejected(
        f"the parcel {parcel.reference} cannot be booked in the ERP: {why}{packed}",
        fix="ship the goods there, or undo what was shipped there already",
    )


def _moves(shipment: Row) -> list[Row]:
    return [one for one in shipment["outgoing_moves"] if one["state"] not in ("done", "cancelled")]


def _quantity(move: Row) -> Decimal:
    return Decimal(str(move["quantity"] or 0))


def _allotted(row: Row, moves: Sequence[Row], pieces: Sequence[Piece]) -> dict[int, Decimal] | None:
    """Move → what it keeps, with each piece taken from the moves of its line; None if there is not enough."""
    left = {move["id"]: _quantity(move) for move in moves}
    kept = dict.fromkeys(left, Decimal(0))
    for piece in pieces:
        wanted = piece.quantity
        fitting = _lines(row, piece)
        if not fitting:
            raise RecordRejected(
                f'the sale has no line for "{piece.sku or piece.line}", which is in a parcel'
            )
        for move in moves:
            if move["origin"] in fitting:
                taken = min(wanted, left[move["id"]])
                left[move["id"]] -= taken
                kept[move["id"]] += taken
                wanted -= taken
        if wanted and any(one["moves"] for one in fitting.values()):
            return None
    return kept if any(kept.values()) else None


def _lines(row: Row, piece: Piece) -> Mapping[str, Row]:
    """The lines a piece may be of: the store's line if we know it here, else those with its code."""
    lines = {f"sale.line,{one['id']}": one for one in sale.sold(row)}
    exact = {
        id: one
        for id, one in lines.items()
        if piece.line
        and sale.noted(one).get("line") == piece.line
        and sale.noted(one).get("kind") != "discount"
    }
    coded = {
        id: one
        for id, one in lines.items()
        if piece.sku and piece.sku in (sale.noted(one).get("sku"), (one["product"] or {}).get("code"))
    }
    return exact or coded
