"""Cancelling a sale: plainly while it is not processed, afterwards by calling off its shipments and invoices, as long
as none has left or been posted.

A processed sale of the ERP cannot be cancelled as such. With its shipments and invoices cancelled, and those marked as
ignored (what the ERP's own exception forms do), it is done with nothing delivered and nothing owed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from connectors.tryton import sale
from connectors.tryton.rest import Rest, Row
from connectors.tryton.sale_parcels import SHIPMENT
from hub.sdk import RecordRejected

INVOICE = "account.invoice"
_LEFT = ("picked", "packed", "shipped", "done")
_POSTED = ("posted", "paid")

Write = Callable[[Callable[[], object]], None]


def call_off(rest: Rest, row: Row, reason: str | None, *, write: Write) -> bool:
    """Cancel the sale; whether anything was written. Raises RecordRejected if it is too late."""
    processed = row["state"] in ("processing", "done")
    if processed and sale.status(row) != "cancelled":
        _refuse_late(row)
    told = bool(reason) and reason not in (row["comment"] or "")
    if told:  # first: a sale that is cancelled is not looked at again
        comment = "\n".join(filter(None, (row["comment"], reason)))
        write(lambda: rest.write(sale.MODEL, row["id"], {"comment": comment}, fields=["state"]))
    if sale.status(row) == "cancelled":
        return told
    buttons = {"draft": ("cancel",), "quotation": ("cancel",), "confirmed": ("draft", "cancel")}
    if row["state"] in buttons:
        for button in buttons[row["state"]]:
            write(lambda button=button: rest.press(sale.MODEL, row["id"], button))  # type: ignore[misc]
    else:
        _ignore(rest, row, write=write)
    return True


def _refuse_late(row: Row) -> None:
    left = [str(one["number"]) for one in row["shipments"] if one["state"] in _LEFT]
    posted = [str(one["id"]) for one in row["invoices"] if one["state"] in _POSTED]
    why = [f"shipment {', '.join(left)} is packed or gone"] if left else []
    why += [f"invoice {', '.join(posted)} is posted"] if posted else []
    if why:
        raise RecordRejected(
            f"sale {row['number']} of the ERP cannot be cancelled any more: {' and '.join(why)}",
            fix="take the goods back and credit the invoice there",
        )


def _ignore(rest: Rest, row: Row, *, write: Write) -> None:
    for model, name in ((SHIPMENT, "shipments"), (INVOICE, "invoices")):
        for one in row[name]:
            if one["state"] != "cancelled":
                write(lambda model=model, id=one["id"]: rest.press(model, id, "cancel"))  # type: ignore[misc]
    lines: list[list[Any]] = [
        ["write", [line["id"]], {"moves_ignored": [["add", [move["id"] for move in line["moves"]]]]}]
        for line in sale.sold(row)
        if line["moves"]
    ]
    values: dict[str, Any] = {"lines": lines} if lines else {}
    if row["invoices"]:
        values["invoices_ignored"] = [["add", [one["id"] for one in row["invoices"]]]]
    if values:
        write(lambda: rest.write(sale.MODEL, row["id"], values, fields=["state"]))
    write(lambda: rest.press(sale.MODEL, row["id"], "process"))
