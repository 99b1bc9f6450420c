"""Alerts: each told once when it begins, again when a step worse, once when over; by mail and signed webhook."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import orjson
import pytest
from flows.alert_receivers import Mailbox, Receiver, free_port, mailbox, receiver
from flows.flow_hub import Hub
from flows.memory_system import MAP, MemorySystem
from sqlalchemy import text

from hub.errors import ConnectionBroken, NotFound, RecordRejected, RemoteUnavailable, WrongUse
from hub.flows import alert_sending, alert_words, alerts, connection_life, outbox
from hub.sdk.signing import verify
from hub.settings import Settings
from hub.store.session import Database

System = Callable[..., MemorySystem]


@pytest.fixture
def box() -> Iterator[Mailbox]:
    with mailbox() as found:
        yield found


@pytest.fixture
def hook() -> Iterator[Receiver]:
    with receiver() as found:
        yield found


@pytest.fixture
def pair(hub: Hub, system: System) -> tuple[MemorySystem, MemorySystem]:
    """Two dozen customers in alpha and beta, in agreement."""
    alpha, beta = system("alpha"), system("beta")
    for one in (alpha, beta):
        for number in range(24):
            name = "abcdefghijklmnopqrstuvwx"[number] * 4
            one.put(id=f"{one.name[0]}{number}", first=name, last=name + "son", mail=f"{name}@x.org")
        hub.connect(one.name, "update = true", map=MAP)
    hub.settle()
    hub.clock.wait(60)
    return alpha, beta


def mailed(hub: Hub, box: Mailbox, **more: Any) -> Settings:
    return replace(
        hub.settings,
        smtp_url=f"smtp://127.0.0.1:{box.port}",
        mail_from="Hub <hub@example.org>",
        mail_to="a@example.org, b@example.org",
        public_url="https://hub.example.org",
        **more,
    )


def hooked(hub: Hub, port: int, **more: Any) -> Settings:
    (hub.home / "alert-secret").write_text("a secret of both\n")
    given = {"alert_reach": "private"} | more
    return replace(
        hub.settings,
        alert_url=f"http://127.0.0.1:{port}/in?to=ops",
        alert_secret="file:alert-secret",
        **given,
    )


def minute(hub: Hub, settings: Settings) -> None:
    """What the watch does in a minute."""
    hub.clock.wait(60)
    assert alerts.look(hub.db, settings, now=hub.clock())
    alert_sending.send_due(hub.db, settings, now=hub.clock)


def kinds(hub: Hub) -> list[str]:
    return [one.alert.kind for one in alerts.listed(hub.db)]


def broken(hub: Hub, system: MemorySystem) -> None:
    system.broken = ConnectionBroken("alpha has moved")
    assert hub.sync("alpha").exit_code == 1


def mended(hub: Hub, system: MemorySystem) -> None:
    system.broken = None
    connection_life.resume(hub.db, system.name, by="test", now=hub.clock())


# --- begin, worse, over -----------------------------------------------------------------------------


def test_a_healthy_hub_says_nothing(hub: Hub, pair: tuple[MemorySystem, MemorySystem], box: Mailbox) -> None:
    minute(hub, mailed(hub, box))
    assert alerts.listed(hub.db) == [] and box.letters == []


def test_a_broken_connection_is_told_once_and_once_when_it_works_again(
    hub: Hub, pair: tuple[MemorySystem, MemorySystem], box: Mailbox
) -> None:
    settings = mailed(hub, box)
    broken(hub, pair[0])
    for _ in range(4):
        minute(hub, settings)
    assert [one["To"] for one in box.letters] == ["a@example.org, b@example.org"]
    text = box.letters[0].get_payload(decode=True).decode()
    assert "alpha is broken" in text and "alpha has moved" in text
    assert "hub connection check alpha" in text and "https://hub.example.org/connections/alpha" in text
    mended(hub, pair[0])
    for _ in range(4):
        minute(hub, settings)
    assert box.subjects == [
        "[CRM Hub] Alert: alpha is broken: it is not read, and changes for it wait.",
        "[CRM Hub] Over: alpha is broken: it is not read, and changes for it wait.",
    ]
    assert box.letters[0]["Message-ID"] != box.letters[1]["Message-ID"]


def test_what_comes_and_goes_within_a_minute_is_one_trouble(
    hub: Hub, pair: tuple[MemorySystem, MemorySystem], box: Mailbox
) -> None:
    settings = mailed(hub, box)
    broken(hub, pair[0])
    minute(hub, settings)
    mended(hub, pair[0])
    minute(hub, settings)
    broken(hub, pair[0])
    minute(hub, settings)
    assert len(box.letters) == 1 and kinds(hub) == ["broken"]


def test_ten_times_as_many_dead_letters_are_a_step_worse_and_a_new_one_alone_is_not(
    hub: Hub, pair: tuple[MemorySystem, MemorySystem], box: Mailbox
) -> None:
    settings, (alpha, beta) = mailed(hub, box), pair
    told = []
    for upto in (1, 2, 12, 13):
        for number in range(upto):
            alpha.edit(f"a{number}", city=f"Köln {upto}")
        beta.faults += ["refuse"] * upto
        hub.clock.wait(60)
        hub.sync("alpha", confirm=True)
        minute(hub, settings)
        told.append(len(box.letters))
    assert told == [1, 1, 2, 2], box.subjects
    assert box.subjects[1].startswith("[CRM Hub] Alert, worse: 12 changes")
    beta.faults.clear()


def test_the_chinese_reader_gets_chinese(
    hub: Hub, pair: tuple[MemorySystem, MemorySystem], box: Mailbox
) -> None:
    broken(hub, pair[0])
    minute(hub, mailed(hub, box, alert_language="zh"))
    assert box.subjects == ["[CRM Hub] 告警: alpha 无法工作：已停止读取，发往它的更改在排队。"]
    assert "处理: 找出失败的步骤" in box.letters[0].get_payload(decode=True).decode()


def test_every_kind_has_its_words_in_every_language() -> None:
    assert {*alert_words._EN} == {*alert_words._ZH} == {*alert_words.PAGES}
    names = "name object count of percent healed fields run minutes state days until"
    facts = dict.fromkeys(names.split(), 1) | {"part": "worker bulk"}
    for language in alert_words.LANGUAGES:
        for kind in alert_words.PAGES:
            said = alert_words.words(kind, facts, language=language)
            assert said.title and said.fix and said.page.startswith("/")


# --- on the way ---------------------------------------------------------------------------------------


def test_a_webhook_is_signed_and_says_everything(
    hub: Hub, pair: tuple[MemorySystem, MemorySystem], hook: Receiver
) -> None:
    broken(hub, pair[0])
    minute(hub, hooked(hub, hook.port))
    ((headers, body),) = hook.posts
    moment = headers["x-hub-timestamp"]
    signed = moment.encode() + b"." + body
    verify(signed, headers["x-hub-signature"], secrets=["a secret of both"], prefix="v1=")
    assert abs(int(moment) - hub.clock()) < 5
    said = orjson.loads(body)
    assert (said["event"], said["kind"], said["connection"], said["level"]) == ("begun", "broken", "alpha", 1)
    assert said["id"] == headers["x-hub-id"] and said["ended_at"] is None
    assert said["cause"].startswith("alpha has moved") and said["url"].endswith("/connections/alpha")


def test_a_receiver_that_is_away_gets_everything_later_in_order_and_once(
    hub: Hub, pair: tuple[MemorySystem, MemorySystem], box: Mailbox, hook: Receiver
) -> None:
    settings = replace(mailed(hub, box), alert_url=f"http://127.0.0.1:{hook.port}/", alert_reach="private")
    settings = replace(settings, alert_secret=hooked(hub, hook.port).alert_secret)
    hook.answer = 503
    broken(hub, pair[0])
    minute(hub, settings)
    mended(hub, pair[0])
    minute(hub, settings)
    minute(hub, settings)
    assert len(box.letters) == 2, "mail does not wait for the other channel"
    refused = len(hook.posts)
    assert refused >= 2 and {orjson.loads(body)["event"] for _, body in hook.posts} == {"begun"}
    (alert,) = alerts.listed(hub.db, all=True)
    stuck = next(one for one in alert.notices if one.channel == "webhook" and one.event == "begun")
    assert stuck.state == "waiting" and "503" in (stuck.cause or "")
    hook.answer = 200
    hub.clock.wait(3600)
    minute(hub, settings)
    assert [orjson.loads(body)["event"] for _, body in hook.posts[refused:]] == ["begun", "over"]
    assert len({headers["x-hub-id"] for headers, _ in hook.posts}) == 2, (
        "every attempt has the id of the first"
    )
    assert len(box.letters) == 2


def test_a_channel_that_is_set_later_hears_of_what_is_open(
    hub: Hub, pair: tuple[MemorySystem, MemorySystem], box: Mailbox
) -> None:
    broken(hub, pair[0])
    minute(hub, hub.settings)
    assert kinds(hub) == ["broken"]
    minute(hub, mailed(hub, box))
    assert len(box.letters) == 1


def test_many_watches_look_once_and_send_once(
    hub: Hub, pair: tuple[MemorySystem, MemorySystem], box: Mailbox
) -> None:
    settings = mailed(hub, box)
    for one in pair:
        broken(hub, one)
        one.broken = ConnectionBroken("gone")
    hub.sync()
    hub.clock.wait(60)
    now, looked = hub.clock(), []
    start = threading.Barrier(5)

    def watch() -> None:
        db = Database(hub.db.url)
        start.wait()
        looked.append(alerts.look(db, settings, now=now))
        alert_sending.send_due(db, settings, now=lambda: now)
        db.close()

    for _ in range(2):
        watches = [threading.Thread(target=watch) for _ in range(5)]
        for one in watches:
            one.start()
        for one in watches:
            one.join()
    alert_sending.send_due(hub.db, settings, now=hub.clock)
    assert looked.count(True) == 1 and len(looked) == 10
    assert len(box.letters) == 2 == len({*box.subjects})


def test_a_notice_whose_sender_died_is_sent_by_the_next_one(
    hub: Hub, pair: tuple[MemorySystem, MemorySystem], box: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = mailed(hub, box)
    broken(hub, pair[0])
    hub.clock.wait(60)
    alerts.look(hub.db, settings, now=hub.clock())

    def dies(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setitem(alert_sending.CHANNELS, "mail", dies)
    with pytest.raises(KeyboardInterrupt):
        alert_sending.send_due(hub.db, settings, now=hub.clock)
    monkeypatch.setitem(alert_sending.CHANNELS, "mail", outbox.mail)
    assert alert_sending.send_due(hub.db, settings, now=hub.clock) == 0, "it is the dead one's for a while"
    hub.clock.wait(200)
    assert alert_sending.send_due(hub.db, settings, now=hub.clock) == 1 == len(box.letters)


def test_silence_keeps_still_until_it_is_over(
    hub: Hub, pair: tuple[MemorySystem, MemorySystem], box: Mailbox
) -> None:
    settings = mailed(hub, box)
    broken(hub, pair[0])
    minute(hub, hub.settings)
    (one,) = alerts.listed(hub.db)
    alerts.silence(hub.db, one.alert.id, until=hub.clock() + 3600, by="test", now=hub.clock())
    minute(hub, settings)
    assert box.letters == [] and alerts.listed(hub.db)[0].state == "silenced"
    hub.clock.wait(3600)
    minute(hub, settings)
    assert len(box.letters) == 1
    with pytest.raises(NotFound):
        alerts.silence(hub.db, 4711, until=None, by="test", now=hub.clock())


def test_a_test_goes_by_every_channel_and_tells_what_fails(hub: Hub, box: Mailbox) -> None:
    settings = replace(mailed(hub, box), alert_url=hooked(hub, free_port()).alert_url, alert_reach="private")
    tried = alert_sending.test(replace(settings, alert_secret="file:alert-secret"))
    assert [(one.channel, one.ok) for one in tried] == [("mail", True), ("webhook", False)]
    assert "did not take" in tried[1].detail
    assert box.subjects == ["[CRM Hub] Test: This is a test of the alerts of CRM Hub."]
    with pytest.raises(WrongUse, match="go nowhere"):
        alert_sending.test(hub.settings)


def test_a_private_address_is_called_only_if_allowed(hub: Hub, hook: Receiver) -> None:
    made = outbox.Message("x", "title", "text", b"{}")
    with pytest.raises(RemoteUnavailable, match="private address"):
        outbox.webhook(hooked(hub, hook.port, alert_reach="public"), made)
    assert hook.posts == []
    outbox.webhook(hooked(hub, hook.port), made)
    assert len(hook.posts) == 1


def test_mail_goes_unencrypted_to_this_machine_only(
    hub: Hub, box: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "_LOCAL", ())
    with pytest.raises(RemoteUnavailable, match="no encryption"):
        outbox.mail(mailed(hub, box), outbox.Message("x", "title", "text", b"{}"))
    assert box.letters == []


def test_a_title_with_a_line_break_makes_no_header(hub: Hub, box: Mailbox) -> None:
    outbox.mail(mailed(hub, box), outbox.Message("x", "one\r\nBcc: c@example.org", "text", b"{}"))
    assert box.letters[0]["Bcc"] is None


def test_a_record_that_is_refused_names_no_person_in_the_alert(
    hub: Hub, pair: tuple[MemorySystem, MemorySystem], box: Mailbox
) -> None:
    pair[0].edit("a1", city="Bonn")
    hub.clock.wait(60)
    hub.sync("alpha")
    with hub.db.claim() as conn:
        conn.execute(
            text("UPDATE delivery SET state = 'dead', code = 'record_rejected', cause = :cause"),
            {"cause": str(RecordRejected("the value 'ann@x.org' is refused"))},
        )
    minute(hub, mailed(hub, box))
    assert "ann@x.org" not in box.letters[0].get_payload(decode=True).decode()
