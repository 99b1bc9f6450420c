"""Writes to sales: a new one is made, checked against the order's total, and taken through quotation and confirmation;
one that stands is brought to what a change asks, as far as its state allows.

Each is several calls. Our mark in a sale tells the same create, sent again, what its first try made; it then goes on
from there. A no of the ERP while a new sale is still a draft takes the draft back; any error after something has landed
leaves the change in doubt (`unknown`), and the same change again makes only what is missing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from connectors.tryton import party, sale, sale_parcels, sale_returns
from connectors.tryton.lookups import Lookups
from connectors.tryton.readers import Sales
from connectors.tryton.rest import Row, ServerFailed
from connectors.tryton.sale_books import Books
from connectors.tryton.sale_cancel import call_off
from connectors.tryton.sale_values import SIDES, Values, differences, same_place
from connectors.tryton.sale_wish import Wish, wish
from hub.sdk import (
    Change,
    HubError,
    OutcomeUnknown,
    Receipt,
    RecordRejected,
    RemoteRecord,
    RetryLater,
    Unsupported,
)
from hub.sdk.writing import push_each

_EARLY = ("draft", "quotation")
_UNFINISHED = (*_EARLY, "confirmed")
_STEPS = (
    ("draft", "quote", "quotation"),
    ("quotation", "confirm", None),
    ("confirmed", "process", "processing"),
)
"""State, button, state after it; None: the ERP may process it in the same breath."""
_LIVING = ("draft", "processing", "done", "open", "completed")


class SaleWriter:
    """One push call. `name`: of the connection, by which references of the ERP's own doings begin."""

    def __init__(self, sales: Sales, books: Books, *, lookups: Lookups, name: str) -> None:
        self._sales = sales
        self._books = books
        self._values = Values(books, lookups)
        self._own = f"{name}:"
        self._landed = False
        self._fresh: dict[str, Row] = {}

    def push(self, changes: Sequence[Change]) -> list[Receipt]:
        return push_each(changes, self._push)

    def made(self, change: Change) -> list[Row]:
        """The sale that this create has made and brought to its end; one still on its way is not made yet: the same
        create again finishes it."""
        marker = self._marker(change)
        return (
            [] if marker is None else [one for one in self._marked(marker) if one["state"] not in _UNFINISHED]
        )

    def _push(self, change: Change) -> Receipt:
        self._landed = False
        self._fresh.clear()
        try:
            return self._create(change) if change.external_id is None else self._update(change)
        except OutcomeUnknown:
            raise
        except HubError as error:
            if not self._landed:
                raise
            raise OutcomeUnknown(
                "a part of the change was written, the rest was not", cause=str(error)
            ) from None

    def _write(self, call: Callable[[], object]) -> None:
        self._fresh.clear()
        call()
        self._landed = True

    # --- creates --------------------------------------------------------------------------------

    def _create(self, change: Change) -> Receipt:
        marker = self._marker(change)
        if marker is None:
            raise RecordRejected("a sale is made only with a mark by which it is found again")
        found = self._marked(marker)
        if len(found) > 1:
            raise RecordRejected(f"{len(found)} sales of the ERP bear the mark {marker}")
        if found and found[0]["state"] not in _UNFINISHED:
            return self._update(change._replace(external_id=str(found[0]["id"])))
        wanted = self._wish(change.payload, found[0] if found else None)
        values = self._values.new(wanted, marker)
        rest = self._books.rest
        if found:
            row = self._redraft(found[0])
            self._write(lambda: rest.write(sale.MODEL, row["id"], _anew(values, row), fields=["state"]))
        else:
            made: list[int] = []
            self._write(lambda: made.extend(rest.create(sale.MODEL, [values])))
            row = {"id": made[0]}
        try:
            self._through(row["id"], wanted)
        except RecordRejected:
            self._take_back(row["id"])
            self._landed = False
            raise
        self._bring(self._row(str(row["id"])), wanted)
        return self._done(change, str(row["id"]))

    def _through(self, id: int, wanted: Wish) -> None:
        """From draft to processing, from wherever it stands. Raises RecordRejected for a no of the ERP."""
        rest = self._books.rest
        (now,) = rest.search_read(sale.MODEL, [["id", "=", id]], ["total_amount", "state"]).rows
        self._same_total(Decimal(now["total_amount"]), wanted)
        state = now["state"]
        for before, button, after in _STEPS:
            if state == before:
                self._write(lambda button=button: rest.press(sale.MODEL, id, button))  # type: ignore[misc]
                state = after or self._state(id)

    @staticmethod
    def _same_total(there: Decimal, wanted: Wish) -> None:
        total = wanted.order.total if wanted.order else None
        if total is not None and there != total:
            raise RecordRejected(
                f"the ERP makes {there} of an order of {total}: a difference of {total - there}",
                fix="compare the taxes there with the order's, or make the sale by hand",
            )

    def _take_back(self, id: int) -> None:
        """A new sale that the ERP would not carry to its end is to leave nothing behind."""
        rest, state = self._books.rest, self._state(id)
        if state not in _UNFINISHED:
            raise OutcomeUnknown(f"the ERP refused a step of sale {id}, which is {state}")
        if state != "draft":
            rest.press(sale.MODEL, id, "draft")
        rest.remove(sale.MODEL, id)

    def _redraft(self, row: Row) -> Row:
        if row["state"] != "draft":
            self._write(lambda: self._books.rest.press(sale.MODEL, row["id"], "draft"))
        return row

    # --- updates --------------------------------------------------------------------------------

    def _update(self, change: Change) -> Receipt:
        id = str(change.external_id)
        found = self._rows([["id", "=", int(id)]]) if id.isdecimal() else []
        if not found:
            return Receipt(change.key, "refused", id, cause=f"sale {id} is not there")
        row = found[0]
        wanted = self._wish(change.payload, row)
        try:
            if row["state"] in _UNFINISHED:
                self._edit(row, wanted)
                self._bring(self._row(id), wanted)
            else:
                self._bring(row, wanted)
                self._edit(self._row(id), wanted)
        except ServerFailed as error:
            return self._look(change, row, error)
        return self._done(change, id)

    def _look(self, change: Change, row: Row, error: ServerFailed) -> Receipt:
        """The server failed on its own page: its transaction is over, so the sale tells whether that call landed."""
        if self._landed or error.transient:
            raise error
        now = self._rows([["id", "=", row["id"]]])
        if not now or self._sales.record(now[0]).version != self._sales.record(row).version:
            raise error
        return Receipt(change.key, "refused", str(row["id"]), cause=str(error))

    def _bring(self, row: Row, wanted: Wish) -> None:
        """Cancellation, parcels, refunds, in this order; each from the sale as it then is."""
        id = str(row["id"])
        reason = wanted.head.get("cancel_reason")
        if wanted.cancelled and call_off(self._books.rest, row, reason, write=self._write):
            row = self._row(id)
        if sale.status(row) != "cancelled":
            for parcel in wanted.parcels:
                if not parcel.reference.startswith(self._own) and sale_parcels.bring(
                    self._books.rest, row, parcel, write=self._write
                ):
                    row = self._row(id)
        for refund in wanted.refunds:
            if not refund.reference.startswith(self._own) and sale_returns.bring(
                self._books, row, refund, write=self._write
            ):
                row = self._row(id)

    def _edit(self, row: Row, wanted: Wish) -> None:
        """Write what differs of the sale's own fields. After its draft the ERP's people rely on most of them: those
        are refused then, with what would have to change."""
        light, heavy, told = self._changes(row, wanted)
        rest, early = self._books.rest, row["state"] in _EARLY
        if told and not early:
            if light:
                self._write(lambda: rest.write(sale.MODEL, row["id"], light, fields=["state"]))
            number = row["number"] or row["id"]
            raise RecordRejected(
                f"sale {number} is {sale.status(row)} in the ERP, too late to change: {'; '.join(told)}",
                fix="make the change there by hand, or cancel the order while nothing is shipped",
            )
        values = {**light, **heavy}
        if values:
            quoted = row["state"] == "quotation" and bool(heavy)
            if quoted:
                self._redraft(row)
            self._write(lambda: rest.write(sale.MODEL, row["id"], values, fields=["state"]))
            if quoted:
                self._write(lambda: rest.press(sale.MODEL, row["id"], "quote"))
        ours = sale.mark(row["description"])[0] is not None
        if ours and row["state"] in _UNFINISHED and not wanted.cancelled:
            self._through(row["id"], wanted)

    def _changes(self, row: Row, wanted: Wish) -> tuple[dict[str, Any], dict[str, Any], list[str]]:
        """What may be written at any time, what only to a draft, and the latter in words."""
        head, early = wanted.head, row["state"] in _EARLY
        light = {
            name: value
            for name, value in self._values.head(
                {name: head[name] for name in ("reference", "comment") if name in head}
            ).items()
            if (value or None) != (row[name] or None)
        }
        if sale.status(row) == "cancelled" or wanted.cancelled:
            # What it once was is of no more use to anybody: a store shows a cancelled order without its lines.
            back = head.get("status") in _LIVING
            return light, {}, ["it is cancelled, and cannot come back"] if back else []
        heavy: dict[str, Any] = {}
        told: list[str] = []
        if head.get("party") and str(head["party"]) != str(row["party"]):
            heavy["party"] = self._values.party(head["party"]) if early else None
            told.append(f"the customer (party {row['party']} there, {head['party']} wanted)")
        if head.get("currency") and head["currency"] != row["currency"]["code"]:
            heavy["currency"] = self._books.currency(str(head["currency"])).id if early else None
            told.append(f"the currency ({row['currency']['code']})")
        if early:
            heavy |= self._values.head({"date": head["date"]} if head.get("date") else {})
        for side, field in SIDES.items():
            shown = party.address(row[field] or {})
            place = {**shown, **wanted.places.get(side, {})}
            if side in wanted.places and not same_place(shown, place):
                owner = int(heavy.get("party") or row["party"])
                heavy[field] = self._values.address(owner, place) if early else None
                told.append(f"the {side} address")
        if wanted.order is not None:
            priced = self._values.priced(wanted.order)
            unlike = differences(row, priced)
            if unlike:
                heavy["lines"] = _replaced(row, self._values.lines(priced)) if early else None
                told += unlike
        return light, heavy, told

    # --- reading --------------------------------------------------------------------------------

    def _wish(self, payload: Mapping[str, Any], row: Row | None) -> Wish:
        """The payload read in the currency of the sale, or of the order if there is no sale yet."""
        code = str(payload.get("currency") or (row or {"currency": {"code": ""}})["currency"]["code"] or "")
        digits = self._books.currency(code).digits if code else 2
        return wish(payload, currency=code, digits=digits)

    @staticmethod
    def _marker(change: Change) -> str | None:
        found = change.payload.get("hub") or change.marker
        return str(found) if found else None

    def _marked(self, marker: str) -> list[Row]:
        return self._rows([["description", "=", sale.MARKER + marker]])

    def _rows(self, domain: list[Any]) -> list[Row]:
        return self._sales.completed(self._books.rest.search_read(sale.MODEL, domain, sale.FIELDS).rows)

    def _row(self, id: str) -> Row:
        if id not in self._fresh:
            found = self._rows([["id", "=", int(id)]])
            if not found:
                raise RecordRejected(f"sale {id} is not there any more")
            self._fresh[id] = found[0]
        return self._fresh[id]

    def _state(self, id: int) -> str:
        rows = self._books.rest.search_read(sale.MODEL, [["id", "=", id]], ["state"]).rows
        return str(rows[0]["state"]) if rows else "gone"

    def _done(self, change: Change, id: str) -> Receipt:
        """With the sale as it now is, if it can be read."""
        record: RemoteRecord | None = None
        try:
            record = self._sales.record(self._row(id))
        except (RecordRejected, RetryLater, Unsupported):
            record = None
        return Receipt(change.key, "done", id, record)


def _anew(values: Mapping[str, Any], row: Row) -> dict[str, Any]:
    """The values of a new sale, for a draft that an earlier try has left."""
    kept = {name: value for name, value in values.items() if name not in ("lines", "company")}
    return {**kept, "lines": _replaced(row, values["lines"][0][1])}


def _replaced(row: Row, lines: Sequence[Mapping[str, Any]]) -> list[list[Any]]:
    return [["delete", [one["id"] for one in row["lines"]]], ["create", list(lines)]]
