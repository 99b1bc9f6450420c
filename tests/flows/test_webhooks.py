"""Webhooks: what is taken, once; what becomes of it; and that nothing is lost when something goes wrong."""

from __future__ import annotations

import time
from typing import Any

import pytest
from flows.calling_system import SECRET, Company, message

from hub.errors import NotFound, NotSigned, RateLimited, RecordRejected
from hub.flows import connection_life, receiving, webhook
from hub.sdk.connector import Hint
from hub.sdk.signing import sign

# --- the way of one change ------------------------------------------------------------------------


def test_a_change_told_by_webhook_is_in_the_other_system_at_once(company: Company) -> None:
    hub, shop, crm, step = company
    shop.edit("s1", city="Köln")
    pulls = shop.calls["pull"]
    assert step.send("shop", "s1")
    assert step.bells.rung == [("webhook", step.id("shop"), "realtime")]
    assert crm.writes == []
    assert step.work("shop")["changed"] == 1
    assert step.bells.rung[1:] == [("drain", step.id("crm"), "realtime")]
    step.drain("realtime")
    assert crm.writes == [("c1", {"city": "Köln"})]
    assert (shop.calls["pull"], step.inbox()) == (pulls, [("done", 1)])
    hub.settle()
    assert (len(crm.writes), shop.writes) == (1, [])


def test_the_body_is_a_hint_only_so_late_and_reordered_messages_do_no_harm(company: Company) -> None:
    _, shop, crm, step = company
    shop.edit("s1", city="Köln")
    first = message("s1", id="1")
    shop.edit("s1", city="Mainz")
    step.send("shop", "s1", id="2")
    step.work("shop")
    step.drain()
    step.door.receive("shop", first[0], body=first[1])
    assert step.work("shop")["unchanged"] == 1
    step.drain()
    assert [values for _, values in crm.writes] == [{"city": "Mainz"}]


def test_a_burst_is_read_in_batches_of_the_system_and_each_record_once(company: Company) -> None:
    hub, shop, _, step = company
    ids = [shop.put(first=f"P{n}", last="Q", mail=f"p{n}@x.org") for n in range(150)]
    for id in (*ids, *ids):
        step.send("shop", id)
    before = shop.calls["fetch"]
    counts = step.work("shop")
    assert (counts["webhooks"], counts["created"]) == (150, 150)  # the same bytes while the first wait
    assert shop.calls["fetch"] - before == 2
    assert {state for state, _ in step.inbox()} == {"done"}
    assert hub.count("source_record", f"connection_id = {step.id('shop')}") == 151


# --- each once ------------------------------------------------------------------------------------


def test_a_message_with_an_id_is_taken_once_for_ever(company: Company) -> None:
    step = company.step
    assert step.send("shop", "s1", id="m-1")
    assert not step.send("shop", "s1", id="m-1")
    step.work("shop")
    assert not step.send("shop", "s1", id="m-1")
    assert step.inbox() == [("done", 1)]


def test_the_same_bytes_later_may_tell_of_another_change(company: Company) -> None:
    """A system whose messages have neither id nor time says two changes in the same words."""
    _, shop, crm, step = company
    for turn, city in enumerate(("Köln", "Mainz"), start=1):
        shop.edit("s1", city=city)
        assert step.send("shop", "s1")
        assert not step.send("shop", "s1")  # one waits: it will read what is there then
        step.work("shop")
        step.drain()
        assert crm.rows["c1"]["city"] == city
        assert step.inbox() == [("done", turn)]


def test_bytes_that_come_again_while_they_are_worked_on_are_work_anew(company: Company) -> None:
    _, shop, crm, step = company
    shop.edit("s1", city="Köln")
    step.send("shop", "s1")
    take = webhook._Batch.take

    def meanwhile(batch: Any, rows: Any) -> Any:
        found = take(batch, rows)
        if shop.rows["s1"]["city"] == "Köln":
            shop.edit("s1", city="Mainz")
            assert step.send("shop", "s1")
        return found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(webhook._Batch, "take", meanwhile)
        step.work("shop")
    step.drain()
    assert crm.rows["c1"]["city"] == "Mainz"
    assert step.inbox() == [("done", 2)]


def test_two_ids_in_one_body_are_two_messages(company: Company) -> None:
    hints = [Hint("customer", "s1", delivery_id="e1"), Hint("customer", "s1", delivery_id="e2")]
    assert {receiving._delivery_id(one, b"") for one in hints} == {("e1", False), ("e2", False)}
    long = Hint("customer", "s1", delivery_id="x" * 5000)
    assert receiving._delivery_id(long, b"")[0].startswith("sha256:")


# --- what is not taken ----------------------------------------------------------------------------


def test_what_is_not_signed_by_the_system_now_is_not_taken(company: Company) -> None:
    hub, _, _, step = company
    headers, body = message("s1")
    for bad in (
        {},
        headers | {"X-Signature": "00"},
        headers | {"X-Moment": "1"},
        message("s1", secret="another")[0],
        message("s1", age=3600)[0],
        message("s1", age=-3600)[0],
    ):
        with pytest.raises(NotSigned):
            step.door.receive("shop", bad, body=body)
    with pytest.raises(NotSigned):
        step.door.receive("shop", headers, body=body + b" ")
    assert step.inbox() == [("refused", 1)]
    assert step.bells.rung == []
    hub.clock.wait(60)
    (row,) = hub.rows("SELECT code, cause FROM inbox")
    assert row.code == "not_signed"
    assert "signature" in row.cause


def test_both_secrets_are_live_during_a_rotation_and_a_changed_file_counts_at_once(company: Company) -> None:
    hub, _, _, step = company
    assert step.send("shop", "s1", id="1")
    assert step.send("shop", "s1", id="2", secret="an older one")
    (hub.home / "hook").write_text("a new one")
    (hub.home / "hook-old").write_text(SECRET)
    assert step.send("shop", "s1", id="3", secret="a new one")
    assert step.send("shop", "s1", id="4")
    with pytest.raises(NotSigned):
        step.send("shop", "s1", id="5", secret="an older one")


def test_a_signed_body_that_is_not_as_agreed_is_told_apart(company: Company) -> None:
    step = company.step
    moment = str(time.time())
    with pytest.raises(RecordRejected) as met:
        step.door.receive(
            "shop", {"X-Moment": moment, "X-Signature": sign(f"{moment}[]".encode(), SECRET)}, body=b"[]"
        )
    assert not isinstance(met.value, NotSigned)


def test_only_a_connection_that_sends_webhooks_has_a_door(company: Company) -> None:
    hub, _, _, step = company
    for name in ("nobody", "crm", "api"):
        with pytest.raises(NotFound):
            step.send(name, "s1")
    connection_life.remove(hub.db, "shop", keep=True, by="test", now=time.time())
    with pytest.raises(NotFound):
        step.send("shop", "s1")


def test_a_flood_of_bad_ones_is_counted_not_kept_and_does_not_keep_good_ones_out(company: Company) -> None:
    step = company.step
    met = set()
    for _ in range(200):
        try:
            step.send("shop", "s1", secret="bad")
        except (NotSigned, RateLimited) as error:
            met.add(type(error))
    assert met == {NotSigned, RateLimited}
    assert step.send("shop", "s1")
    assert len(step.inbox()) == 2


def test_more_good_ones_than_the_bound_are_put_off(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receiving, "BURST", 3.0)
    monkeypatch.setattr(receiving, "RATE", 0.001)
    for n in range(3):
        company.step.send("shop", "s1", id=str(n))
    with pytest.raises(RateLimited) as met:
        company.step.send("shop", "s1", id="4")
    assert met.value.after


def test_the_question_of_a_system_is_answered_by_its_connector(company: Company) -> None:
    door = company.step.door
    assert door.challenge("shop", {"token": "agreed", "challenge": "19"}) == b"19"
    assert door.challenge("shop", {"token": "guessed", "challenge": "19"}) is None
