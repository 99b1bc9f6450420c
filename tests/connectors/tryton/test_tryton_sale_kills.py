"""A worker that dies at any call of a write to a sale: the same change again ends as if nothing had happened, once."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.tryton.rest import Rest
from hub.sdk import Change, OutcomeUnknown

WRITES = ("create", "write", "press", "remove")


class Killed(BaseException):
    """What a worker's death looks like from inside: nothing catches it."""


class Striker:
    """Lets `last` writes land and dies right after the last one; None: counts only. `lost`: its answer is lost."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, last: int | None, *, lost: bool = False) -> None:
        self.landed = 0
        for name in WRITES:
            monkeypatch.setattr(Rest, name, self._struck(getattr(Rest, name), last, lost))

    def _struck(self, real: Any, last: int | None, lost: bool) -> Any:
        def call(rest: Rest, *args: Any, **kwargs: Any) -> Any:
            answer = real(rest, *args, **kwargs)
            self.landed += 1
            if self.landed == last:
                raise OutcomeUnknown("the answer did not come") if lost else Killed
            return answer

        return call


WHOLE: dict[str, Any] = {
    "fulfilments": [
        {
            "reference": "shop:1",
            "status": "shipped",
            "tracking": ["1Z"],
            "lines": [{"line": "7", "quantity": "2"}],
        }
    ],
    "refunds": [{"reference": "shop:5", "amount": "12.00", "reason": "scratched"}],
}


def writes_of(desk: Any, monkeypatch: pytest.MonkeyPatch, number: int, **more: Any) -> int:
    with monkeypatch.context() as patch:
        striker = Striker(patch, None)
        assert desk.create(number, **more).outcome == "done"
        return striker.landed


def alike(desk: Any, raw: dict[str, Any]) -> dict[str, Any]:
    """What of a sale must not depend on how often it was begun."""
    names = ("status", "state", "fulfilment", "payment", "totals", "discounts", "comment", "date")
    lines = [
        {name: one[name] for name in ("kind", "sku", "quantity", "amount", "fulfilled")}
        for one in raw["lines"]
    ]
    parcels = [
        {name: one[name] for name in ("reference", "tracking", "status", "lines")}
        for one in raw["fulfilments"]
    ]
    refunds = [
        {name: one[name] for name in ("reference", "amount", "reason", "status")} for one in raw["refunds"]
    ]
    counts = {
        model: len(desk.rows(model, domain, "state"))
        for model, domain in (
            ("stock.shipment.out", [["moves.origin.sale", "=", raw["id"], "sale.line"]]),
            ("account.invoice", [["sales", "=", raw["id"]]]),
            ("sale.sale", [["origin", "=", f"sale.sale,{raw['id']}"]]),
        )
    }
    return {
        **{name: raw[name] for name in names},
        "lines": lines,
        "parcels": parcels,
        "refunds": refunds,
        **counts,
    }


@pytest.mark.parametrize("lost", [False, True], ids=["killed", "answer lost"])
def test_a_create_that_dies_anywhere_is_finished_by_the_next_try(
    desk: Any, monkeypatch: pytest.MonkeyPatch, lost: bool
) -> None:
    assert desk.create(0, **WHOLE).outcome == "done"  # makes the address and the articles, too
    count = writes_of(desk, monkeypatch, 1, **WHOLE)
    wanted = alike(desk, desk.raw(str(desk.sales(1)[0]["id"])))
    assert count >= 10 and wanted["refunds"] and wanted["parcels"]
    for last in range(1, count + 1, 3 if lost else 1):
        number = last + 1
        with monkeypatch.context() as patch:
            Striker(patch, last, lost=lost)
            if lost:
                assert desk.create(number, **WHOLE).outcome == "unknown"
            else:
                with pytest.raises(Killed):
                    desk.create(number, **WHOLE)
        change = Change("c", None, desk.order(number, **WHOLE), marker=desk.marker(number))
        found = desk.tryton.find("order", change)
        left = desk.sales(number)
        assert len(left) <= 1
        assert [one.external_id for one in found] == [
            str(one["id"]) for one in left if one["state"] not in ("draft", "quotation", "confirmed")
        ]
        receipt = desk.create(number, **WHOLE)
        assert receipt.outcome == "done", (last, receipt.cause)
        assert len(desk.sales(number)) == 1
        assert alike(desk, desk.raw(receipt.external_id)) == wanted, last


def test_a_cancellation_that_dies_anywhere_is_finished_by_the_next_try(
    desk: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    id = desk.made(1)
    with monkeypatch.context() as patch:
        striker = Striker(patch, None)
        assert desk.update(id, status="cancelled", cancel_reason="no stock").outcome == "done"
    wanted = alike(desk, desk.raw(id))
    assert wanted["status"] == "cancelled" and striker.landed >= 4
    for last in range(1, striker.landed + 1):
        id = desk.made(last + 1)
        with monkeypatch.context() as patch:
            Striker(patch, last)
            with pytest.raises(Killed):
                desk.update(id, status="cancelled", cancel_reason="no stock")
        assert desk.update(id, status="cancelled", cancel_reason="no stock").outcome == "done"
        assert alike(desk, desk.raw(id)) == wanted, last


def test_an_order_changed_before_the_second_try_is_made_as_it_is_now(
    desk: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        Striker(patch, 3)  # an address, the draft, the quotation
        with pytest.raises(Killed):
            desk.create()
    (left,) = desk.sales()
    assert left["state"] == "quotation"
    (lamp, _) = desk.order()["lines"]
    raw = desk.create(lines=[lamp], comment="one less", **{"totals.grand_total": "54.00"}).record.raw
    assert (raw["id"], raw["totals"]["total"], raw["comment"]) == (left["id"], "54.00", "one less")
    assert [one["sku"] for one in raw["lines"]] == ["LAMP"]
