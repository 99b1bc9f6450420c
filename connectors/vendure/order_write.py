"""Brings an order of the store to what a change asks: cancellations, captures, parcels, refunds, in this order.

Each is a call of its own. A refusal after something has landed leaves the change in doubt (`unknown`): the hub sends
it again unchanged, and what is there already is not made again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

from connectors.vendure.amounts import Money
from connectors.vendure.graphql import Api
from connectors.vendure.order_wish import Parcel, Refund, Wish, bears, marked, wish
from connectors.vendure.probe import Shop
from hub.sdk import Change, HubError, OutcomeUnknown, Receipt, RecordRejected, RemoteRecord, Unsupported
from hub.sdk.writing import push_each

HANDLER = "manual-fulfillment"

_ERROR = "__typename ...on ErrorResult{errorCode message}"
_CANCEL = f"""mutation($input:CancelOrderInput!){{cancelOrder(input:$input){{{_ERROR}
 ...on OrderStateTransitionError{{transitionError}}}}}}"""
_SETTLE_PAYMENT = f"mutation($id:ID!){{settlePayment(id:$id){{{_ERROR}}}}}"
_FULFIL = f"""mutation($input:FulfillOrderInput!){{addFulfillmentToOrder(input:$input){{{_ERROR}
 ...on Fulfillment{{id state}} ...on FulfillmentStateTransitionError{{transitionError}}}}}}"""
_MOVE = f"""mutation($id:ID!,$state:String!){{transitionFulfillmentToState(id:$id,state:$state){{{_ERROR}
 ...on FulfillmentStateTransitionError{{transitionError}}}}}}"""
_REFUND = (
    f"mutation($input:RefundOrderInput!){{refundOrder(input:$input){{{_ERROR} ...on Refund{{id state}}}}}}"
)
_SETTLE_REFUND = f"mutation($input:SettleRefundInput!){{settleRefund(input:$input){{{_ERROR}}}}}"

_RANK = {"Created": 0, "Pending": 1, "Shipped": 2, "Delivered": 3}

Step = Callable[[], object]


class OrderWriter:
    """Writes a batch of changes. `read`: the orders with these ids as they are now; `name`: of the connection."""

    def __init__(
        self, api: Api, shop: Shop, *, read: Callable[[Sequence[str]], list[RemoteRecord]], name: str = ""
    ) -> None:
        self._api = api
        self._shop = shop
        self._read = read
        self._name = name

    def push(self, changes: Sequence[Change]) -> list[Receipt]:
        return push_each(changes, self._write)

    def _write(self, change: Change) -> Receipt:
        id = change.external_id
        if id is None:
            raise Unsupported("orders are made in the store by its customers, not by the hub")
        found = self._read([id])
        if not found:
            return Receipt(change.key, "refused", id, cause=f"order {id} is not there")
        order = found[0].raw
        wanted = wish(change.payload, order, name=self._name)
        _refuse_impossible(wanted, order, self._shop.money())
        landed = 0
        for step in self._steps(wanted, order):
            if landed:
                with _begun(f"a part of the change of order {id} was written, the rest was not"):
                    step()
            else:
                step()
            landed += 1
        return Receipt(change.key, "done", id, self._again(id) if landed else found[0])

    def _again(self, id: str) -> RemoteRecord | None:
        try:
            return next(iter(self._read([id])), None)
        except HubError:
            return None

    def _steps(self, wanted: Wish, order: Mapping[str, Any]) -> Iterator[Step]:
        """The calls that are still to be made; none if all is as asked."""
        if wanted.cancelled and order["state"] != "Cancelled":
            yield lambda: self._cancel(order, wanted, None)
        elif lines := _surplus(wanted, order):
            yield lambda: self._cancel(order, wanted, lines)
        states = {one["id"]: one["status"] for one in order["payments"]}
        for payment in wanted.capture:
            if states[payment] != "Settled":
                yield partial(self._api.write, "settlePayment", _SETTLE_PAYMENT, id=payment)
        free = _free(order, wanted)
        for parcel in wanted.parcels:
            yield from self._parcel(parcel, order, free)
        for refund in wanted.refunds:
            yield from self._refund(refund, order)

    def _cancel(self, order: Mapping[str, Any], wanted: Wish, lines: list[dict[str, Any]] | None) -> None:
        self._api.write(
            "cancelOrder",
            _CANCEL,
            input={
                "orderId": order["id"],
                "lines": lines,
                "reason": wanted.cancel_reason,
                "cancelShipping": lines is None,
            },
        )

    def _parcel(self, parcel: Parcel, order: Mapping[str, Any], free: dict[str, int]) -> Iterator[Step]:
        standing = _standing(parcel, order)
        if standing:
            if parcel.state == "Cancelled" or _RANK.get(standing["status"], 0) < _RANK[parcel.state]:
                yield lambda: self._move(standing["id"], parcel.state)
            return
        if parcel.state == "Cancelled":
            return
        lines = {id: count for id, count in (parcel.lines or free).items() if count}
        for id, count in lines.items():
            free[id] = free.get(id, 0) - count
        yield lambda: self._fulfil(parcel, lines)

    def _fulfil(self, parcel: Parcel, lines: Mapping[str, int]) -> None:
        arguments = {
            "method": marked(parcel.method, parcel.reference) or "",
            "trackingCode": parcel.tracking or "",
        }
        made = self._api.write(
            "addFulfillmentToOrder",
            _FULFIL,
            input={
                "lines": [{"orderLineId": id, "quantity": count} for id, count in lines.items()],
                "handler": {
                    "code": HANDLER,
                    "arguments": [{"name": name, "value": value} for name, value in arguments.items()],
                },
            },
        )
        if _RANK.get(str(made.get("state")), 0) < _RANK[parcel.state]:
            with _begun("the parcel was made, but not sent on its way"):
                self._move(str(made.get("id")), parcel.state)

    def _move(self, id: str, state: str) -> None:
        self._api.write("transitionFulfillmentToState", _MOVE, id=id, state=state)

    def _refund(self, refund: Refund, order: Mapping[str, Any]) -> Iterator[Step]:
        standing = next(
            (
                one
                for one in (*order["refunds"], *order["refunds_open"])
                if bears(one["reason"], refund.reference) and one["status"] != "Failed"
            ),
            None,
        )
        if standing is None:
            yield lambda: self._give_back(refund, order)
        elif refund.settled and standing["status"] == "Pending":
            yield lambda: self._paid_out(standing["id"], refund.reference)

    def _give_back(self, refund: Refund, order: Mapping[str, Any]) -> None:
        lines = [{"orderLineId": id, "quantity": count} for id, count in refund.lines.items() if count]
        made = self._api.write(
            "refundOrder",
            _REFUND,
            input={
                "paymentId": _payment(refund, order),
                "amount": self._shop.money().whole(refund.amount),
                "reason": marked(refund.reason, refund.reference),
                # Told to be obsolete, but 3.6.3 fails without them (tried: a not-null constraint of its database).
                "lines": lines,
                "shipping": 0,
                "adjustment": 0,
            },
        )
        if made.get("state") == "Failed":
            raise RecordRejected("the payment provider refused the refund")
        if refund.settled and made.get("state") == "Pending":
            with _begun("the refund was made, but not settled"):
                self._paid_out(str(made.get("id")), refund.reference)

    def _paid_out(self, id: str, reference: str) -> None:
        self._api.write("settleRefund", _SETTLE_REFUND, input={"id": id, "transactionId": reference})


@contextmanager
def _begun(what: str) -> Iterator[None]:
    """Something has landed already: whatever goes wrong from here leaves the change in doubt."""
    try:
        yield
    except OutcomeUnknown:
        raise
    except HubError as error:
        raise OutcomeUnknown(what, cause=str(error)) from None


def _refuse_impossible(wanted: Wish, order: Mapping[str, Any], money: Money) -> None:
    """What cannot go well is refused before anything is written: a half-written order helps nobody."""
    payments = {one["id"]: one["status"] for one in order["payments"]}
    for id in wanted.capture:
        if payments.get(id) not in ("Authorized", "Settled"):
            raise RecordRejected(
                f"payment {id} cannot be settled: it is {payments.get(id, 'not of this order')}"
            )
    standing = {line["id"]: line["quantity"] for line in order["lines"]}
    for id, left in wanted.quantities.items():
        if left > standing[id]:
            raise Unsupported(
                f"line {id} has {standing[id]} pieces; the hub can only take some away, not add"
            )
    for parcel in wanted.parcels:
        found = _standing(parcel, order)
        if found and parcel.tracking and found["tracking"] != parcel.tracking:
            raise Unsupported(
                f"parcel {found['id']} has another tracking code, and the store cannot change it",
                fix="send a parcel only when its tracking code is known, or change it there",
            )
    for refund in wanted.refunds:
        if money.whole(refund.amount) is None:
            raise RecordRejected(
                f"the store has no amount of {refund.amount}: it counts {money.precision} decimals"
            )
        _payment(refund, order)


def _surplus(wanted: Wish, order: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What is to be cancelled of single lines."""
    return [
        {"orderLineId": line["id"], "quantity": line["quantity"] - wanted.quantities[line["id"]]}
        for line in order["lines"]
        if line["id"] in wanted.quantities and line["quantity"] > wanted.quantities[line["id"]]
    ]


def _free(order: Mapping[str, Any], wanted: Wish) -> dict[str, int]:
    """What is in no parcel yet, after the cancellations of this change."""
    free = {
        line["id"]: wanted.quantities.get(line["id"], line["quantity"])
        for line in order["lines"]
        if line["kind"] == "product"
    }
    for parcel in order["fulfilments"]:
        if parcel["status"] != "Cancelled":
            for line in parcel["lines"]:
                free[line["line"]] = free.get(line["line"], 0) - line["quantity"]
    return free


def _standing(parcel: Parcel, order: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The parcel of the order that is this one: by our reference, else by its tracking code."""
    live: list[Mapping[str, Any]] = [one for one in order["fulfilments"] if one["status"] != "Cancelled"]
    reference, tracking = parcel.reference, parcel.tracking
    ours = [one for one in live if reference is not None and bears(one["method"], reference)]
    alike = [one for one in live if tracking is not None and one["tracking"] == tracking]
    return next(iter((*ours, *alike)), None)


def _payment(refund: Refund, order: Mapping[str, Any]) -> str:
    settled = [one["id"] for one in order["payments"] if one["status"] == "Settled"]
    if refund.payment is not None:
        if refund.payment not in settled:
            raise RecordRejected(f"payment {refund.payment} of this order is not settled")
        return refund.payment
    if len(settled) != 1:
        raise RecordRejected(
            f"the order has {len(settled)} settled payments", fix="name the one to give back from (payment)"
        )
    return str(settled[0])
