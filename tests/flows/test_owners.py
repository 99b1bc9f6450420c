"""People of ours mapped between systems: a pushed record has a valid owner there, or none, and `hub why` says so."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flows.flow_hub import Hub
from flows.memory_system import FIELDS, MAP, MemorySystem

from hub.flows import connection_words
from hub.flows.why_not import why_not
from hub.sdk.connector import Owner

OWNED = MAP + 'owner_ref = "rep"\n'
ANN = {"first": "Ann", "last": "Lee", "mail": "ann@x.org"}
ADA, BOB = Owner("7", "Ada Park", "Ada@ours.org"), Owner("8", "Bob Ray")


class Desk:
    def __init__(self, hub: Hub, system: Callable[..., MemorySystem]) -> None:
        self.hub = hub
        self.erp, self.crm = (system(name, fields=(*FIELDS, "rep")) for name in ("erp", "crm"))
        self.erp.people = [ADA, BOB]

    def run(self, more: str = "", *, create: str = "all") -> None:
        self.hub.connect("erp", "update = true", map=OWNED)
        self.hub.connect("crm", f'update = true\ncreate = "{create}"', map=OWNED, more=more)
        self.hub.settle()

    def made(self) -> dict[str, str]:
        (row,) = self.crm.rows.values()
        return row

    def why(self, name: str = "crm") -> list[str]:
        who = f"{self.hub.customer('erp', 'e1')}"
        found = why_not(self.hub.db, self.hub.wiring(), "ann@x.org", connection=name)
        assert who
        return [one.reason for one in found if one.path == "owner_ref"]


@pytest.fixture
def desk(hub: Hub, system: Callable[..., MemorySystem]) -> Desk:
    return Desk(hub, system)


def test_by_the_e_mail_address_both_systems_tell(desk: Desk) -> None:
    desk.crm.people = [Owner("u-1", "A. Park", "ada@ours.org")]
    desk.erp.put(id="e1", **ANN, rep="7")
    desk.run()
    assert desk.hub.golden("erp", "e1")["owner_ref"] == "Ada@ours.org"
    assert desk.made()["rep"] == "u-1"
    desk.hub.settle()
    writes = len(desk.erp.writes), len(desk.crm.writes)
    desk.hub.settle()
    assert (len(desk.erp.writes), len(desk.crm.writes)) == writes, "what came back is what we sent"
    assert desk.why() == []


def test_by_the_admins_table(desk: Desk) -> None:
    desk.erp.put(id="e1", **ANN, rep="8")
    desk.run('owners."bob ray" = "u-2"')
    assert desk.hub.golden("erp", "e1")["owner_ref"] == "Bob Ray"
    assert desk.made()["rep"] == "u-2"


def test_back_again(desk: Desk) -> None:
    desk.erp.put(id="e1", **ANN, rep="8")
    desk.run('owners."Bob Ray" = "u-2"\nowners."ada@ours.org" = "u-1"')
    (id,) = desk.crm.rows
    desk.crm.edit(id, rep="u-1")
    desk.hub.settle()
    assert desk.hub.golden("erp", "e1")["owner_ref"] == "ada@ours.org"
    assert desk.erp.rows["e1"]["rep"] == "7"


def test_a_default(desk: Desk) -> None:
    desk.erp.put(id="e1", **ANN, rep="8")
    desk.run('default_owner = "u-9"')
    assert desk.made()["rep"] == "u-9"
    desk.hub.settle()
    assert desk.hub.golden("erp", "e1")["owner_ref"] == "Bob Ray" and desk.erp.rows["e1"]["rep"] == "8"


def test_left_out_and_said_then_mapped(desk: Desk) -> None:
    desk.erp.put(id="e1", **ANN, rep="8")
    desk.run('owners."ada@ours.org" = "u-1"')
    assert desk.made()["rep"] == "" and desk.made()["mail"] == "ann@x.org"
    assert desk.why() == ["Bob Ray is nobody that crm knows, and it has no default_owner"]
    home = desk.hub.home
    words = ["owners.Bob Ray=u-2"]
    connection_words.change(
        desk.hub.db, "crm", words=words, cwd=home, home=home, by="test", now=desk.hub.clock()
    )
    desk.hub.settle()
    assert desk.made()["rep"] == "u-2" and desk.why() == []


def test_people_who_are_told_later(desk: Desk) -> None:
    desk.erp.put(id="e1", **ANN, rep="7")
    desk.crm.people = [Owner("u-3", "Eve", "eve@ours.org")]
    desk.run()
    assert desk.made()["rep"] == ""
    desk.crm.people.append(Owner("u-1", "Ada", "ada@ours.org"))
    desk.hub.settle()
    assert desk.made()["rep"] == "u-1"


def test_nobody_mapped_passes_as_it_is(desk: Desk) -> None:
    desk.erp.people = []
    desk.erp.put(id="e1", **ANN, rep="ada@ours.org")
    desk.run()
    assert desk.made()["rep"] == "ada@ours.org"
