"""The connector against a real Tryton: what the server does, and that we tell the truth about it."""

from __future__ import annotations

import json
import re
import socket
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from typing import Any

import pytest

from connectors.tryton.connector import TrytonConnector
from connectors.tryton.party import MARKER
from hub.demo.erp import Erp
from hub.errors import ConnectionBroken, NeedsReauth
from hub.sdk import Change, Page, Receipt

Connect = Callable[..., TrytonConnector]


def new(erp: Erp, name: str, *mechanisms: dict[str, str]) -> str:
    """A party made by a person there."""
    row = {"name": name, "contact_mechanisms": [["create", list(mechanisms)]]}
    return str(erp.call("POST", "party.party", row)["id"])


def mechanism(type: str, value: str) -> dict[str, str]:
    return {"type": type, "value": value}


def create(tryton: TrytonConnector, marker: str | None, **payload: Any) -> Receipt:
    (receipt,) = tryton.push("customer", [Change("c", None, payload, marker=marker)])
    return receipt


def update(tryton: TrytonConnector, id: str, payload: dict[str, Any]) -> Receipt:
    (receipt,) = tryton.push("customer", [Change("u", id, payload)])
    return receipt


def raw(tryton: TrytonConnector, id: str) -> dict[str, Any]:
    (record,) = tryton.fetch("customer", [id])
    return dict(record.raw)


def pages(tryton: TrytonConnector, cursor: Any = None, *, full: bool = False) -> list[Page]:
    return list(tryton.pull("customer", cursor, full=full))


def ids(found: list[Page]) -> set[str]:
    return {record.external_id for page in found for record in page.records}


def test_create_with_everything_reads_back(tryton: TrytonConnector) -> None:
    payload: dict[str, Any] = {
        "name": "王小明",
        "email": "wang@example.org",
        "phone": "+4930901820",
        "mobile": "+4915112345678",
        "website": "https://example.org",
        "lang": "zh-CN",
        "identifier.vat": "DE136695976",
        "address": {
            "line1": "Weg 1",
            "line2": "Hof 2",
            "postal_code": "10115",
            "city": "Berlin",
            "country": "DE",
        },
    }
    receipt = create(tryton, "cus_all", **payload)
    assert receipt.outcome == "done" and receipt.record and receipt.external_id
    found = raw(tryton, receipt.external_id)
    # The server stamps an EU VAT number once more after the commit, when it has asked (or could not ask) VIES.
    assert {**found, "changed": None} == {**receipt.record.raw, "changed": None}
    assert (found["name"], found["email"], found["lang"]) == ("王小明", "wang@example.org", "zh_CN")
    assert (found["phone"], found["mobile"]) == (
        "+49 30 901820",
        "+49 1511 2345678",
    )  # as the ERP writes them
    assert found["identifier"]["vat"] == "DE136695976" and found["also"] == {}
    assert found["address"] == {
        **dict.fromkeys(("recipient", "company", "line3", "subdivision", "subdivision_code")),
        **payload["address"],
    }


def test_one_bad_record_does_not_take_the_batch_with_it(tryton: TrytonConnector) -> None:
    changes = [Change(f"k{n}", None, {"name": f"Batch {n}"}, marker=f"batch{n}") for n in range(9)]
    changes[5] = changes[5]._replace(payload={"name": "Batch 5", "phone": "12"})
    changes[7] = changes[7]._replace(payload={"name": "Batch 7", "nickname": "x"})
    receipts = tryton.push("customer", changes)
    assert [one.key for one in receipts] == [one.key for one in changes]
    assert {one.key for one in receipts if one.outcome == "refused"} == {"k5", "k7"}
    assert receipts[5].cause == 'The phone number "12" for party "Batch 5" is not valid.'
    assert len({one.external_id for one in receipts if one.outcome == "done"}) == 7


def test_update_writes_the_child_it_means(tryton: TrytonConnector, erp: Erp) -> None:
    id = new(erp, "Two Mails", mechanism("email", "one@x.org"), mechanism("email", "two@x.org"))
    receipt = update(tryton, id, {"email": "uno@x.org"})
    assert receipt.record and receipt.record.raw["email"] == "uno@x.org"
    assert receipt.record.raw["also"] == {"email": ["two@x.org"]}
    assert raw(tryton, id) == receipt.record.raw


def test_two_changes_of_one_party_in_one_call_meet_the_same_child(tryton: TrytonConnector, erp: Erp) -> None:
    id = new(erp, "Twice")
    mails = ("first@x.org", "second@x.org")
    *_, last = tryton.push("customer", [Change(mail, id, {"email": mail}) for mail in mails])
    assert last.record and last.record.raw["email"] == "second@x.org" and last.record.raw["also"] == {}


def test_a_cleared_value_sleeps_and_wakes(tryton: TrytonConnector, erp: Erp) -> None:
    id = new(erp, "Sleeper", mechanism("phone", "+49 30 901820"))
    cleared = update(tryton, id, {"phone": ""})
    assert cleared.record and cleared.record.raw["phone"] is None
    update(tryton, id, {"phone": "+4930901820"})
    rows = erp.call("GET", f"party.party/{id}?f=contact_mechanisms.active")["contact_mechanisms"]
    assert [bool(one["active"]) for one in rows] == [True]


def test_structured_street_is_replaced_as_a_whole(tryton: TrytonConnector, erp: Erp) -> None:
    id = new(erp, "Structured")
    structured = {"street_name": "Main", "building_number": "5", "post_box": "99", "city": "Bonn"}
    erp.call("PUT", f"party.party/{id}", {"addresses": [["create", [structured]]]})
    before = raw(tryton, id)["address"]
    assert (before["line1"], before["line2"]) == ("Main 5", "99")
    receipt = update(tryton, id, {"address.line1": "Side 1", "address.line2": ""})
    assert receipt.record
    assert [receipt.record.raw["address"][name] for name in ("line1", "line2", "city")] == [
        "Side 1",
        None,
        "Bonn",
    ]


def test_the_servers_no_is_a_refusal_and_changes_nothing(tryton: TrytonConnector, erp: Erp) -> None:
    id = new(erp, "Refuser", mechanism("phone", "+49 30 901820"))
    for payload in (
        {"phone": "garbage"},
        {"identifier.vat": "DE1"},
        {"address.country": "QQ"},
        {"lang": "tlh"},
    ):
        receipt = update(tryton, id, {**payload, "name": "Changed"})
        assert (receipt.outcome, bool(receipt.cause)) == ("refused", True), payload
    assert raw(tryton, id)["name"] == "Refuser"
    gone = update(tryton, "999999", {"name": "x"})
    assert (gone.outcome, gone.cause) == ("refused", "party 999999 is not there")


def test_an_error_of_the_servers_own_is_looked_into(
    tryton: TrytonConnector, erp: Erp, monkeypatch: pytest.MonkeyPatch
) -> None:
    id = new(erp, "Failing")
    monkeypatch.setattr(tryton._lookups, "types", lambda: {"no_such": "char"})  # answered by 500
    receipt = update(tryton, id, {"name": "Other", "no_such": "x"})
    assert receipt.outcome == "refused" and "500" in (receipt.cause or "")
    assert raw(tryton, id)["name"] == "Failing"


def test_a_child_deleted_meanwhile_is_not_landed(
    tryton: TrytonConnector, erp: Erp, monkeypatch: pytest.MonkeyPatch
) -> None:
    id = new(erp, "Racer", mechanism("email", "race@x.org"))
    write = tryton._rest.write

    def late(*args: Any, **kwargs: Any) -> Any:
        monkeypatch.undo()
        (one,) = erp.call("GET", f"party.party/{id}?f=contact_mechanisms.id")["contact_mechanisms"]
        erp.call("DELETE", f"party.contact_mechanism/{one['id']}")
        return write(*args, **kwargs)

    monkeypatch.setattr(tryton._rest, "write", late)
    assert update(tryton, id, {"email": "won@x.org"}).outcome == "not_landed"
    assert update(tryton, id, {"email": "won@x.org"}).outcome == "done"


def test_a_create_whose_sender_died_is_found_and_not_repeated(tryton: TrytonConnector, erp: Erp) -> None:
    row = {"name": "Killed Between", "identifiers": [["create", [{"code": f"{MARKER}cus_killed"}]]]}
    body = json.dumps({"vlist": [row]}).encode()
    head = (
        f"POST /hub/rest/model/party.party/create HTTP/1.1\r\nHost: erp\r\nAuthorization: bearer {erp.key}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    change = Change("c", None, {"name": "Killed Between"}, marker="cus_killed")
    assert list(tryton.find("customer", change)) == []
    with socket.create_connection(("127.0.0.1", erp.port)) as line:
        line.sendall(head.encode() + body)  # and gone, without waiting for an answer
    end = time.monotonic() + 10
    while not (found := tryton.find("customer", change)) and time.monotonic() < end:
        time.sleep(0.05)
    (record,) = found
    (again,) = tryton.push("customer", [change])
    assert (again.outcome, again.external_id) == ("done", record.external_id)
    count = erp.call("POST", "party.party/search_count", {"domain": [["name", "=", "Killed Between"]]})
    assert count == 1


def test_without_a_mark_a_create_is_found_by_mail_and_name(tryton: TrytonConnector) -> None:
    made = create(tryton, None, name="Unmarked", email="unmarked@x.org")
    change = Change("c", None, {"name": "Unmarked", "email": "unmarked@x.org"})
    assert [one.external_id for one in tryton.find("customer", change)] == [made.external_id]


def test_pull_sees_a_child_change_the_party_does_not_show(tryton: TrytonConnector, erp: Erp) -> None:
    id = new(erp, "Child Change", mechanism("email", "old@x.org"))
    other = new(erp, "Untouched")
    stamp = erp.call("GET", f"party.party/{other}?f=write_date")["write_date"]
    time.sleep(0.01)
    (one,) = erp.call("GET", f"party.party/{id}?f=contact_mechanisms.id")["contact_mechanisms"]
    erp.call("PUT", f"party.contact_mechanism/{one['id']}", {"value": "new@x.org"})
    assert erp.call("GET", f"party.party/{id}?f=write_date")["write_date"] != stamp
    since = {"since": _text(stamp, add=1)}
    found = {record.external_id: record for page in pages(tryton, since) for record in page.records}
    assert found[id].raw["email"] == "new@x.org"
    assert found[id].raw["changed"] > since["since"]
    assert other not in found


def test_a_pass_resumes_where_it_was_and_ends_before_it_began(tryton: TrytonConnector, erp: Erp) -> None:
    for n in range(3):
        new(erp, f"Pass {n}")
    size = tryton.manifest.objects["customer"].page_size
    everything = ids(pages(tryton))
    assert len(everything) < size
    declared = tryton.manifest.objects["customer"]
    tryton.manifest = replace(tryton.manifest, objects={"customer": replace(declared, page_size=2)})
    walk = tryton.pull("customer", None)
    first = next(walk)
    late = new(erp, "Came Later")
    rest = pages(tryton, first.cursor)
    assert ids([first, *rest]) == everything | {late}
    assert len(first.records) == 2 and first.total == len(everything)
    end = rest[-1].cursor
    assert set(end) == {"since"} and end["since"] < _text(
        erp.call("GET", f"party.party/{late}?f=create_date")["create_date"]
    )
    assert ids(pages(tryton, end)) >= {late}


def test_deactivated_and_merged_parties_are_gone(tryton: TrytonConnector, erp: Erp) -> None:
    resting, loser, winner = new(erp, "Resting"), new(erp, "Loser"), new(erp, "Winner")
    erp.call("PUT", f"party.party/{resting}", {"active": False})
    # What the ERP's Replace wizard does; the API itself does not let anybody set it.
    with closing(sqlite3.connect(erp.folder / "db" / "hub.sqlite")) as database, database:
        merged = "UPDATE party_party SET replaced_by = ?, active = 0, write_date = ? WHERE id = ?"
        database.execute(merged, (winner, "2100-01-01 00:00:00", loser))
    found = {record.external_id: record for page in pages(tryton) for record in page.records}
    assert (found[resting].deleted, found[resting].raw["active"]) == (True, False)
    assert found[loser].deleted and not found[winner].deleted
    told = tryton.merges("customer", None)
    assert (loser, winner) in told.pairs and told.cursor
    assert tryton.merges("customer", "2100-02-01T00:00:00Z").pairs == []
    dead = new(erp, "Dead")
    erp.call("DELETE", f"party.party/{dead}")
    bound = [resting, loser, winner, dead, "no-number"]
    assert tryton.deletes("customer", None, bound).external_ids == [resting, loser, dead, "no-number"]
    assert [one.deleted for one in tryton.fetch("customer", bound)] == [True, True, False, True, True]
    receipt = update(tryton, resting, {"name": "Awake"})
    assert (receipt.outcome, "not allowed to modify" in (receipt.cause or "")) == ("refused", True)
    erp.call("PUT", f"party.party/{resting}", {"active": True})
    assert not tryton.fetch("customer", [resting])[0].deleted


def test_a_party_the_server_cannot_read_is_put_aside(tryton: TrytonConnector, erp: Erp) -> None:
    broken, sound = new(erp, "Broken"), new(erp, "Sound")
    erp.call("PUT", f"party.party/{broken}", {"lang": 99999})  # SQLite keeps no foreign keys here
    try:
        found = pages(tryton)
        rejected = [one for page in found for one in page.rejected]
        assert [one.external_id for one in rejected] == [broken]
        assert "failed to read" in rejected[0].cause
        assert sound in ids(found)
        assert update(tryton, broken, {"name": "x"}).outcome == "refused"
    finally:
        erp.call("PUT", f"party.party/{broken}", {"lang": None})


def test_further_fields_both_ways(connect: Connect, erp: Erp) -> None:
    id = new(erp, "Further")
    tryton = connect(fields=["code_alnum", "active"])
    assert raw(tryton, id)["code_alnum"] == raw(tryton, id)["code"]
    shape, sales = tryton.discover()
    assert (shape.object, sales.object) == ("customer", "order")
    assert {one.name for one in shape.fields if one.custom} >= {"code_alnum", "full_name"}
    for wrong in (["lang"], ["no_such"]):
        with pytest.raises(ConnectionBroken, match=wrong[0]):
            connect(fields=wrong).push("customer", [Change("u", id, {"name": "x"})])


def test_check_names_the_step_that_fails(connect: Connect, erp: Erp) -> None:
    assert [one.ok for one in connect().check()] == [True] * 6
    cases: list[tuple[dict[str, Any], str, str]] = [
        ({"key": "wrong-key-0123456789"}, "read parties", "401"),
        ({"url": f"{erp.url}x"}, "read parties", "database"),
        ({"url": "http://127.0.0.1:9/hub"}, "reach the server", "refused"),
        ({"url": f"http://127.0.0.1:{erp.port}"}, "reach the server", "names no database"),
        ({"fields": ["addresses"]}, "further fields", "addresses"),
    ]
    for settings, step, words in cases:
        *_, last = connect(**settings).check()
        assert (last.step, last.ok) == (step, False)
        assert re.search(words, last.detail)
        assert "wrong-key" not in last.detail


def test_a_wrong_key_needs_reauth(connect: Connect) -> None:
    tryton = connect(key="wrong-key-0123456789")
    with pytest.raises(NeedsReauth):
        pages(tryton)
    with pytest.raises(NeedsReauth):
        tryton.push("customer", [Change("c", None, {"name": "x"}, marker="m")])


def _text(stamp: dict[str, int], *, add: int = 0) -> str:
    """A typed stamp of theirs as the connector writes it, `add` microseconds later."""
    day = f"{stamp['year']:04}-{stamp['month']:02}-{stamp['day']:02}"
    clock = f"{stamp['hour']:02}:{stamp['minute']:02}:{stamp['second']:02}"
    return f"{day}T{clock}.{stamp['microsecond'] + add:06}Z"
