"""Interactions of a system that has customers too: whose they are, who has to come first, and what is said back."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, ClassVar

import pytest
from flows.flow_hub import Hub

from hub.errors import NotFound, Unsupported, WrongUse
from hub.flows import connection_life, feed, messages, remap
from hub.flows.messages import Message
from hub.sdk import registry
from hub.sdk.connector import Change, Connector, Deletes, Finding, Page, Receipt, RemoteRecord, Setting
from hub.sdk.manifest import Manifest, ObjectCapabilities
from hub.store.documents import load
from hub.store.queries import interactions

CUSTOMERS = """\
object = "customer"
ignore = ["id"]
[pull]
display_name = "name"
email = "mail"
"""
TICKETS = """\
object = "interaction"
ignore = ["id"]
[pull]
kind = { const = "ticket" }
direction = { from = "way", push = false }
author_record = { from = "author", push = false }
customer_record = { from = "customer", push = false }
author = { from = "nick", push = false }
body = "text"
in_reply_to = "answers"
occurred_at = { from = "at", push = false }
"""
APPLIED = """\
[connection.desk]
connector = "desk"
[connection.desk.customer]
map = "customers.toml"
[connection.desk.interaction]
map = "tickets.toml"
"""


class Tickets:
    """A help desk: people and tickets by id. `faults`: of the next writes: lose_answer, lose_request, refuse, fine."""

    def __init__(self) -> None:
        self.rows: dict[str, dict[str, dict[str, Any]]] = {"customer": {}, "interaction": {}}
        self.markers: dict[str, str] = {}
        self.faults: list[str] = []
        self.writes = 0

    def person(self, id: str, name: str, mail: str = "") -> None:
        self.rows["customer"][id] = {"id": id, "name": name, "mail": mail}

    def ticket(self, id: str, text: str, **told: Any) -> None:
        row = {"id": id, "text": text, "way": "inbound", "at": f"2026-03-0{id[-1]}T10:00:00Z", **told}
        self.rows["interaction"][id] = row


class DeskConnector(Connector):
    system: ClassVar[Tickets]

    @classmethod
    def spec(cls) -> Sequence[Setting]:
        return ()

    def check(self) -> Iterator[Finding]:
        yield Finding("desk", True, "there")

    def pull(self, object: str, cursor: Any, *, full: bool = False) -> Iterator[Page]:
        rows = self.system.rows[object]
        yield Page([RemoteRecord(id, dict(row)) for id, row in rows.items()], 1)

    def fetch(self, object: str, external_ids: Sequence[str]) -> Sequence[RemoteRecord]:
        rows = self.system.rows[object]
        return [RemoteRecord(id, dict(rows.get(id, {})), deleted=id not in rows) for id in external_ids]

    def deletes(self, object: str, since: Any, bound: Iterable[str]) -> Deletes:
        return Deletes([id for id in bound if id not in self.system.rows[object]])

    def find(self, object: str, change: Change) -> Sequence[RemoteRecord]:
        made = self.system.markers.get(change.marker or "")
        return [RemoteRecord(made, dict(self.system.rows[object][made]))] if made else []

    def push(self, object: str, changes: Sequence[Change]) -> Sequence[Receipt]:
        return [self._write(change) for change in changes]

    def _write(self, change: Change) -> Receipt:
        fault = self.system.faults.pop(0) if self.system.faults else "fine"
        if fault == "refuse":
            return Receipt(change.key, "refused", cause="422: no such tone")
        if fault == "lose_request":
            return Receipt(change.key, "unknown", cause="the connection broke")
        self.system.writes += 1
        id = f"w{self.system.writes}"
        self.system.markers[change.marker or ""] = id
        self.system.ticket(
            id, str(change.payload["text"]), way="outbound", answers=change.payload.get("answers")
        )
        if fault == "lose_answer":
            return Receipt(change.key, "unknown", cause="the connection broke")
        return Receipt(change.key, "done", id, RemoteRecord(id, dict(self.system.rows["interaction"][id])))


@pytest.fixture
def creates() -> bool:
    return True


@pytest.fixture
def desk(hub: Hub, monkeypatch: pytest.MonkeyPatch, creates: bool) -> Tickets:
    monkeypatch.setattr(DeskConnector, "system", Tickets(), raising=False)
    can = ObjectCapabilities(pull=True, deletes=True, fetch_batch=50, page_size=50)
    talks = ObjectCapabilities(
        pull=True, deletes=True, fetch_batch=50, page_size=50, create=creates, find=creates, marker=creates
    )
    manifest = Manifest("desk", "Desk", "test", "in memory", objects={"customer": can, "interaction": talks})
    whole: Callable[[str], Any] = registry.load
    monkeypatch.setattr(
        registry, "load", lambda name: (DeskConnector, manifest) if name == "desk" else whole(name)
    )
    (hub.home / "customers.toml").write_text(CUSTOMERS, encoding="utf-8")
    (hub.home / "tickets.toml").write_text(TICKETS, encoding="utf-8")
    hub.apply(APPLIED)
    return DeskConnector.system


def texts(hub: Hub, customer: int) -> list[str]:
    with hub.db.read() as conn:
        return [load(one.doc)["body"] for one in interactions.of_customer(conn, customer, limit=50)]


def id_of(hub: Hub, external_id: str) -> int:
    return int(hub.one("SELECT id FROM interaction_document WHERE external_id = :id", id=external_id))


def reply(hub: Hub, id: int, text: str) -> int:
    return messages.reply(hub.db, hub.wiring(), id, message=Message(text, "test"), now=time.time())


def test_a_ticket_is_its_customers_and_an_authors_own(hub: Hub, desk: Tickets) -> None:
    desk.person("c1", "Ann Lee", "ann@x.org")
    desk.ticket("t1", "it is broken", customer="c1")
    desk.ticket("t2", "mine too", author="c1")
    desk.ticket("t3", "who is here?", author="stranger", nick="sue")
    hub.settle()
    assert texts(hub, hub.customer("desk", "c1")) == ["mine too", "it is broken"]
    stranger = hub.customer("desk", "author:stranger")
    assert texts(hub, stranger) == ["who is here?"]
    assert stranger != hub.customer("desk", "c1")


def test_a_ticket_waits_for_its_customer_and_tells_them_when_they_come(hub: Hub, desk: Tickets) -> None:
    desk.ticket("t1", "it is broken", customer="c1")
    desk.ticket("t2", "we wrote", way="outbound", customer="c1")
    report = hub.settle()
    assert next(one for one in report.outcomes if one.object == "interaction").counts["waiting"] == 2
    assert hub.one("SELECT count(*) FROM interaction_document WHERE customer_record_id IS NOT NULL") == 0
    desk.person("c1", "Ann Lee")
    report = hub.settle()
    assert (
        next(one for one in report.outcomes if one.object == "customer").counts["adopted_interactions"] == 2
    )
    who = hub.customer("desk", "c1")
    assert texts(hub, who) == ["we wrote", "it is broken"]
    told = [one.kind for one in feed.read(hub.db, 0, limit=50).changes if one.customer_id == who]
    assert told == ["ADDED", "CHANGED"]


def test_what_we_said_to_a_stranger_is_theirs_once_they_answer(hub: Hub, desk: Tickets) -> None:
    desk.ticket("t1", "anybody there?", way="outbound", customer="stranger")
    hub.settle()
    desk.ticket("t2", "yes", author="stranger")
    hub.settle()
    assert texts(hub, hub.customer("desk", "author:stranger")) == ["yes", "anybody there?"]


def test_a_deleted_one_is_marked_and_lives_again_when_seen_again(hub: Hub, desk: Tickets) -> None:
    desk.ticket("t1", "never mind", author="stranger")
    hub.settle()
    row = desk.rows["interaction"].pop("t1")
    hub.settle()
    who = hub.customer("desk", "author:stranger")
    assert texts(hub, who) == ["never mind"], "it stays where it was"
    with hub.db.read() as conn:
        assert interactions.of_customer(conn, who, limit=1)[0].gone_at is not None
        assert interactions.count_of(conn, who) == 0
    desk.rows["interaction"]["t1"] = row
    hub.settle()
    with hub.db.read() as conn:
        assert interactions.of_customer(conn, who, limit=1)[0].gone_at is None


def test_an_edit_there_is_the_interaction_now(hub: Hub, desk: Tickets) -> None:
    desk.ticket("t1", "helo", author="stranger")
    hub.settle()
    id = id_of(hub, "t1")
    desk.rows["interaction"]["t1"]["text"] = "hello"
    hub.settle()
    assert texts(hub, hub.customer("desk", "author:stranger")) == ["hello"]
    assert hub.rows("SELECT id, version FROM interaction_document") == [(id, 2)]


def test_an_answer_keeps_its_id_and_is_pulled_as_itself(hub: Hub, desk: Tickets) -> None:
    desk.person("c1", "Ann Lee")
    desk.ticket("t1", "it is broken", customer="c1")
    hub.settle()
    id = reply(hub, id_of(hub, "t1"), "we mend it")
    hub.settle()
    row = messages.shown(hub.db, id)
    assert (row.external_id, row.step, desk.writes) == ("w1", "bound", 1)
    assert desk.rows["interaction"]["w1"]["answers"] == "t1"
    hub.settle()
    assert hub.count("interaction_document") == 2
    assert hub.one("SELECT customer_id FROM receipt WHERE object = 'interaction'") == id


@pytest.mark.parametrize("fault", ["lose_answer", "lose_request"])
def test_an_answer_in_doubt_is_looked_for_before_it_is_repeated(hub: Hub, desk: Tickets, fault: str) -> None:
    desk.ticket("t1", "it is broken", author="stranger")
    hub.settle()
    id = reply(hub, id_of(hub, "t1"), "we mend it")
    desk.faults.append(fault)
    for _ in range(4):
        hub.sync(confirm=True)
        hub.clock.wait(3600)
    row = messages.shown(hub.db, id)
    assert (row.step, desk.writes) == ("bound", 1)
    assert texts(hub, hub.customer("desk", "author:stranger")).count("we mend it") == 1


def test_what_was_pulled_before_its_receipt_came_is_not_a_second_one(hub: Hub, desk: Tickets) -> None:
    """The answer is lost, and a pull shows the message before the create is settled (sync.md R5)."""
    desk.ticket("t1", "it is broken", author="stranger")
    hub.settle()
    id = reply(hub, id_of(hub, "t1"), "we mend it")
    desk.faults.append("lose_answer")
    hub.sync(confirm=True)
    desk.ticket("t2", "and quickly please", author="stranger")
    hub.sync(confirm=True)
    hub.clock.wait(3600)
    hub.settle()
    hub.settle()
    assert messages.shown(hub.db, id).external_id == "w1"
    assert hub.count("interaction_document") == 3
    assert texts(hub, hub.customer("desk", "author:stranger"))[0] in ("and quickly please", "we mend it")


def test_a_refused_answer_says_why_and_is_not_repeated(hub: Hub, desk: Tickets) -> None:
    desk.ticket("t1", "it is broken", author="stranger")
    hub.settle()
    id = reply(hub, id_of(hub, "t1"), "tough luck")
    desk.faults.append("refuse")
    hub.sync(confirm=True)
    hub.clock.wait(86_400)
    hub.sync(confirm=True)
    row = messages.shown(hub.db, id)
    assert (row.step, row.state, row.cause, desk.writes) == ("refused", "dead", "422: no such tone", 0)


def test_nothing_goes_out_before_the_first_run_is_confirmed(hub: Hub, desk: Tickets) -> None:
    id = messages.post(hub.db, hub.wiring(), "desk", message=Message("hello", "test"), now=time.time())
    row = messages.send(hub.db, hub.settings, hub.wiring(), id=id)
    assert (row.state, desk.writes) == ("held", 0)
    hub.settle()
    assert (messages.shown(hub.db, id).step, desk.writes) == ("bound", 1)


@pytest.mark.parametrize("creates", [False])
def test_a_system_that_only_shows_them_is_not_written_to(hub: Hub, desk: Tickets) -> None:
    desk.ticket("t1", "it is broken", author="stranger")
    hub.settle()
    with pytest.raises(Unsupported):
        reply(hub, id_of(hub, "t1"), "hello")
    assert hub.count("creation") == 0


@pytest.mark.parametrize("text", ["", "  \n", "a\x00b", "x" * 100_001])
def test_what_is_no_message_is_refused_at_once(hub: Hub, desk: Tickets, text: str) -> None:
    with pytest.raises(WrongUse):
        messages.post(hub.db, hub.wiring(), "desk", message=Message(text, "test"), now=time.time())
    assert hub.count("interaction_document") == 0


def test_what_is_not_there_cannot_be_answered(hub: Hub, desk: Tickets) -> None:
    with pytest.raises(NotFound):
        reply(hub, 7, "hello")
    with pytest.raises(NotFound):
        messages.post(hub.db, hub.wiring(), "nowhere", message=Message("x", "test"), now=time.time())
    id = messages.post(hub.db, hub.wiring(), "desk", message=Message("x", "test"), now=time.time())
    with pytest.raises(WrongUse, match="not sent yet"):
        reply(hub, id, "hello")


def test_authors_of_a_removed_connection_count_no_longer_and_come_back_with_it(
    hub: Hub, desk: Tickets
) -> None:
    only = APPLIED.replace('[connection.desk.customer]\nmap = "customers.toml"\n', "")
    hub.apply(only)
    desk.ticket("t1", "hello", author="stranger", nick="sue")
    hub.settle()
    who = hub.customer("desk", "author:stranger")
    connection_life.remove(hub.db, "desk", keep=False, by="test", now=time.time())
    assert hub.one("SELECT count(*) FROM source_record WHERE gone_at IS NULL") == 0
    with hub.db.read() as conn:
        (told,) = interactions.of_customer(conn, who, limit=5)
    assert told.gone_at is not None
    hub.apply(only)
    hub.settle()
    assert hub.customer("desk", "author:stranger") == who
    assert hub.one("SELECT count(*) FROM source_record WHERE gone_at IS NOT NULL") == 0
    assert hub.golden("desk", "author:stranger")["social[other]"] == "sue"


def test_a_changed_map_is_applied_to_what_is_stored(hub: Hub, desk: Tickets) -> None:
    desk.ticket("t1", "hello", author="stranger", mood="angry")
    hub.settle()
    who, version = hub.customer("desk", "author:stranger"), feed.latest(hub.db)
    map = TICKETS.replace("[pull]", '[pull]\nsubject = "mood"')
    (hub.home / "tickets.toml").write_text(map, encoding="utf-8")
    hub.apply(APPLIED)
    remap.remap(hub.db, hub.wiring(), hub.stream("desk", "interaction"), apply=True)
    with hub.db.read() as conn:
        (told,) = interactions.of_customer(conn, who, limit=5)
    assert (load(told.doc)["subject"], told.version) == ("angry", 2)
    assert [one.customer_id for one in feed.read(hub.db, version, limit=5).changes] == [who]
    remap.remap(hub.db, hub.wiring(), hub.stream("desk", "interaction"), apply=True)
    hub.settle()
    assert feed.latest(hub.db) == version + 1, "nothing more to say"
