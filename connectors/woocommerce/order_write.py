"""Brings an order to what a change asks: its state and parcels in one call, then refunds, then notes.

A refusal after something has landed leaves the change in doubt (`unknown`): the hub sends it again unchanged, and what
is there already is not made again.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from functools import partial
from typing import Any, NamedTuple

from connectors.woocommerce.order import PARCELS, PATH, TRASH, marked
from connectors.woocommerce.order_wish import Refund, Wish, covered, wish
from connectors.woocommerce.rest import Rest, Row
from hub.sdk import (
    Change,
    HubError,
    OutcomeUnknown,
    Receipt,
    RecordRejected,
    RemoteRecord,
    Unsupported,
    segment,
)
from hub.sdk.writing import push_each

NOTES = ("private", "customer", "none")
Step = Callable[[], object]


class Manner(NamedTuple):
    """How this connection writes. `name`: of the connection, for refunds of the store's own are known by it."""

    name: str
    notes: str = "private"
    completes: bool = True


class OrderWriter:
    """Writes a batch of changes. `read`: the order as it is now, whole; None if it is gone."""

    def __init__(self, rest: Rest, *, manner: Manner, read: Callable[[str], RemoteRecord | None]) -> None:
        self._rest = rest
        self._manner = manner
        self._read = read

    def push(self, changes: Sequence[Change]) -> list[Receipt]:
        return push_each(changes, self._write)

    def _write(self, change: Change) -> Receipt:
        id = change.external_id
        if id is None:
            raise Unsupported("orders are made in the store by its customers, not by the hub")
        found = self._read(id)
        if found is None or found.raw["status"] == TRASH:
            return Receipt(change.key, "refused", id, cause=f"order {id} is not there, or in the trash")
        wanted = wish(change.payload, found.raw)
        missing = self._missing(wanted, found.raw)
        landed = False
        for step in self._steps(wanted, found.raw, missing):
            try:
                step()
            except OutcomeUnknown:
                raise
            except HubError as error:
                if not landed:
                    raise
                said = f"a part of the change of order {id} was written, the rest was not"
                raise OutcomeUnknown(said, cause=str(error)) from None
            landed = True
        return Receipt(change.key, "done", id, self._again(id) if landed else found)

    def _again(self, id: str) -> RemoteRecord | None:
        try:
            return self._read(id)
        except HubError:
            return None

    def _missing(self, wanted: Wish, order: Mapping[str, Any]) -> list[Refund]:
        """The refunds to be made. Raises RecordRejected if they are more than what is left."""
        own = {f"{self._manner.name}:{one['id']}" for one in order["refunds"]}
        there = own | {one["reference"] for one in order["refunds"]}
        missing = [one for one in wanted.refunds if one.reference not in there]
        left = Decimal(order["totals"]["grand"]) - Decimal(order["totals"]["refunded"])
        asked = sum((one.amount for one in missing), Decimal(0))
        if asked > left:
            raise RecordRejected(f"refunds of {asked} cannot be made: {left} of the order are left")
        return missing

    def _steps(self, wanted: Wish, order: Mapping[str, Any], missing: Sequence[Refund]) -> Iterator[Step]:
        """The calls that are still to be made; none if all is as asked."""
        path = f"{PATH}/{segment(order['id'])}"
        if body := self._body(wanted, order):
            yield partial(self._rest.save, "PUT", path, body)
        for refund in missing:
            # A refusal of a refund comes with status 500.
            yield partial(self._rest.save, "POST", f"{path}/refunds", _refund_body(refund), accept=(500,))
        notes = list(self._notes(wanted, order))
        if notes:
            yield partial(self._write_notes, f"{path}/notes", notes)

    def _body(self, wanted: Wish, order: Mapping[str, Any]) -> Row:
        """What differs of the order itself."""
        parcels = _merged(order["fulfilments"], wanted.parcels)
        body: Row = {}
        status = wanted.status
        done = wanted.shipped or (wanted.parcels and covered(order, parcels))
        if (
            status is None
            and self._manner.completes
            and done
            and order["status"] in ("processing", "on-hold")
        ):
            status = "completed"
        if status is not None and status != order["status"]:
            body["status"] = status
        if wanted.note is not None and wanted.note != (order.get("customer_note") or ""):
            body["customer_note"] = wanted.note
        meta = {
            key: value for key, value in wanted.meta.items() if (order.get("meta") or {}).get(key) != value
        }
        if parcels != _merged(order["fulfilments"], ()):
            meta[PARCELS] = json.dumps(parcels, ensure_ascii=False, sort_keys=True)
        if meta:
            body["meta_data"] = [{"key": key, "value": value} for key, value in meta.items()]
        return body

    def _notes(self, wanted: Wish, order: Mapping[str, Any]) -> Iterator[Row]:
        """Notes that shall be there: tracking numbers, the reason of a cancellation."""
        if self._manner.notes == "none":
            return
        for parcel in wanted.parcels:
            reference, numbers = parcel["reference"], parcel["tracking"]
            if numbers and parcel["status"] in ("shipped", "delivered"):
                said = " ".join([*([parcel["method"]] if parcel.get("method") else []), ", ".join(numbers)])
                yield {"note": marked(said, reference), "customer_note": self._manner.notes == "customer"}
        if wanted.status == "cancelled" and wanted.cancel_reason and order["status"] != "cancelled":
            yield {"note": wanted.cancel_reason, "customer_note": False}

    def _write_notes(self, path: str, notes: Sequence[Row]) -> None:
        """Those that are not there yet: a change may be sent again."""
        there = {str(one.get("note")) for one in self._rest.listing(path, {}).rows}
        for note in notes:
            if note["note"] not in there:
                self._rest.save("POST", path, note)


def _merged(standing: Sequence[Row], wanted: Sequence[Row]) -> list[Row]:
    """By reference; a parcel that is not named stays as it is."""
    found = {str(one.get("reference")): one for one in (*standing, *wanted)}
    return [found[reference] for reference in sorted(found)]


def _refund_body(refund: Refund) -> Row:
    """No money is moved and no stock is counted by the store: that was done where the refund was made.

    Quantities are told, amounts per line are not: how the refund is spread is not known.
    """
    lines = [
        {"id": int(id), "quantity": count, "refund_total": 0} for id, count in refund.lines.items() if count
    ]
    return {
        "amount": f"{refund.amount:f}",
        "reason": marked(refund.reason, refund.reference),
        "api_refund": False,
        "api_restock": False,
        **({"line_items": lines} if lines else {}),
    }
