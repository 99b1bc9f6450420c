from __future__ import annotations

import pytest

from hub.errors import (
    ConnectionBroken,
    NeedsReauth,
    NotFound,
    OutcomeUnknown,
    RateLimited,
    RecordRejected,
    RemoteUnavailable,
    Unsupported,
)
from hub.sdk.connector import Change, Receipt
from hub.sdk.writing import push_each, receipt_for

CHANGES = [Change(f"k{number}", str(number), {"n": number}) for number in range(4)]


def push(**errors: Exception) -> tuple[list[Receipt], list[str]]:
    tried: list[str] = []

    def write(change: Change) -> Receipt:
        tried.append(change.key)
        if change.key in errors:
            raise errors[change.key]
        return Receipt(change.key, "done", change.external_id)

    return push_each(CHANGES, write), tried


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (OutcomeUnknown("?"), "unknown"),
        (RateLimited("slow", after=9), "retry"),
        (RemoteUnavailable("down"), "retry"),
        (NeedsReauth("no"), "retry"),
        (RecordRejected("bad"), "refused"),
        (Unsupported("cannot"), "refused"),
    ],
)
def test_each_error_has_its_receipt(error, outcome) -> None:
    receipt = receipt_for(CHANGES[1], error)
    assert (receipt.key, receipt.outcome, receipt.external_id) == ("k1", outcome, "1")
    assert error.message in (receipt.cause or "")
    assert receipt.after == getattr(error, "after", None)


def test_a_programming_error_is_no_receipt() -> None:
    with pytest.raises(NotFound):
        receipt_for(CHANGES[0], NotFound("x"))


def test_refused_and_unknown_leave_the_others_alone() -> None:
    receipts, tried = push(k0=RecordRejected("bad"), k2=OutcomeUnknown("?"))
    assert [one.outcome for one in receipts] == ["refused", "done", "unknown", "done"]
    assert [one.key for one in receipts] == tried == ["k0", "k1", "k2", "k3"]


@pytest.mark.parametrize(
    "error", [RateLimited("slow", after=60), NeedsReauth("no"), RemoteUnavailable("down")]
)
def test_a_halt_keeps_the_receipts_there_are(error) -> None:
    receipts, tried = push(k1=error)
    assert [one.outcome for one in receipts] == ["done", "retry", "retry", "retry"]
    assert tried == ["k0", "k1"], "it went on after the halt"
    assert receipts[3].after == getattr(error, "after", None)


def test_a_halt_before_anything_was_sent_is_raised() -> None:
    with pytest.raises(ConnectionBroken):
        push(k0=ConnectionBroken("gone"))


def test_nothing_is_nothing() -> None:
    assert push_each([], lambda change: pytest.fail("called")) == []
