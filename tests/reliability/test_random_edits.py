"""A real ERP and a real store, edited at random on both sides while the workers between them are killed.

`RANDOM_EDITS` says how many edits (60 if not set; 500 was tried), `RANDOM_SEED` which. Read back by the two
systems' own APIs, both must say the same of everybody in the end, and every edit that does not stand must be accounted
for: brought to the other system for a while, overtaken there by a later edit of the same people, or told in an entry.
"""

from __future__ import annotations

import json
import os
import random
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from reliability.processes import kill
from reliability.reliability_world import World
from reliability.striking_proxy import StrikingProxy

from hub.demo.erp import Erp
from hub.demo.store import Store
from hub.errors import ConnectionBroken

pytestmark = pytest.mark.slow

EDITS = int(os.environ.get("RANDOM_EDITS", "60"))
SEED = int(os.environ.get("RANDOM_SEED", "1"))
PEOPLE = 12
KILL_EVERY = 3.0  # seconds
LEASE = 8
PAUSE = 0.15  # seconds between two edits
QUIET = 240.0
CONNECTIONS = """
[connection.shop]
connector = "vendure"
url = "{store}"
user = "{user}"
password = "env:STORE_PASSWORD"
country = "DE"
[connection.shop.customer]
update = true
schedule = "every 5s"
[connection.erp]
connector = "tryton"
url = "{erp}"
key = "env:ERP_KEY"
country = "DE"
[connection.erp.customer]
update = true
create = "all"
schedule = "every 5s"
"""


class Edit(NamedTuple):
    """Somebody typed a phone number or a family name."""

    side: str
    email: str
    field: str
    value: str


class Company:
    """The two systems as their people see them, and the hub between them."""

    def __init__(self, store: Store, erp: Erp, world: World) -> None:
        self.store, self.erp, self.world = store, erp, world

    def people(self) -> None:
        for number in range(PEOPLE):
            given = {
                "firstName": _word(number), "lastName": _word(number + 77), "phoneNumber": _phone(number),
                "emailAddress": f"person{number}@example.org",
            }  # fmt: skip
            self.store.admin(
                "mutation($i:CreateCustomerInput!){createCustomer(input:$i){...on Customer{id}}}", i=given
            )

    def in_store(self) -> dict[str, dict[str, str]]:
        """By e-mail: id, name, phone."""
        rows = self.store.admin("{customers{items{id firstName lastName emailAddress phoneNumber}}}")
        return {
            one["emailAddress"]: {
                "id": one["id"],
                "name": f"{one['firstName']} {one['lastName']}",
                "phone": _plain(one["phoneNumber"]),
            }
            for one in rows["customers"]["items"]
        }

    def in_erp(self) -> dict[str, dict[str, str]]:
        """By e-mail: id, name, phone, and the id of the phone's own row."""
        own = {one["party"] for one in self.erp.call("GET", "company.company?f=party")}
        fields = "&".join(
            f"f={one}" for one in ("name", "contact_mechanisms.type", "contact_mechanisms.value")
        )
        found = {}
        for one in self.erp.call("GET", f"party.party?{fields}&s=500"):
            contacts = {row["type"]: row for row in one["contact_mechanisms"]}
            if one["id"] in own or not contacts.keys() >= {"email", "phone"}:
                continue
            email = contacts["email"]["value"]
            assert email not in found, f"{email} stands twice in the ERP"
            found[email] = {
                "name": one["name"],
                "phone": _plain(contacts["phone"]["value"]),
                "phone_id": str(contacts["phone"]["id"]),
            }
        return found

    def edit(self, rng: random.Random, number: int) -> Edit:
        email = f"person{rng.randrange(PEOPLE)}@example.org"
        if rng.random() < 0.5:
            made = Edit("erp", email, "phone", _phone(1000 + number))
            mine = self.in_erp()[email]
            self.erp.call("PUT", f"party.contact_mechanism/{mine['phone_id']}", {"value": made.value})
            return made
        field = rng.choice(("phone", "family_name"))
        value = _phone(1000 + number) if field == "phone" else _word(1000 + number)
        key = {"phone": "phoneNumber", "family_name": "lastName"}[field]
        given = {"id": self.in_store()[email]["id"], key: value}
        self.store.admin(
            "mutation($i:UpdateCustomerInput!){updateCustomer(input:$i){...on Customer{id}}}", i=given
        )
        return Edit("shop", email, field, value)

    def equal(self) -> bool:
        """Whether both say the same of everybody, in the ERP's one name."""
        store, erp = self.in_store(), self.in_erp()
        return store.keys() == erp.keys() and all(
            (store[one]["name"], store[one]["phone"]) == (erp[one]["name"], erp[one]["phone"])
            for one in store
        )

    def kill_workers(self) -> int:
        pids = [pid for queue in ("pull", "bulk") for pid in self.world.processes("worker", queue)]
        kill(pids)
        return len(pids)


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    folder = tmp_path_factory.mktemp("random-edits")
    (folder / "store").mkdir()
    try:
        store = Store(folder / "store", progress=print)
    except ConnectionBroken as error:
        pytest.skip(f"no store: {error}")
    try:
        with Erp.start(folder / "erp", progress=print) as erp, StrikingProxy(erp.url) as proxy:
            world = World(folder, erp, proxy, lease_seconds=LEASE)
            world.env["STORE_PASSWORD"] = store.password
            made = Company(store, erp, world)
            made.people()
            _configure(made)
            world.start()
            yield made
            world.end()
    finally:
        store.stop()


def _configure(company: Company) -> None:
    world, store = company.world, company.store
    world.hub("init", str(world.home))
    file = Path(world.home) / "connections.toml"
    file.write_text(CONNECTIONS.format(store=store.url, user=store.user, erp=company.erp.url))
    world.hub("apply", str(file))
    world.hub("sync", "--confirm")
    assert company.equal(), (company.in_store(), company.in_erp())


def test_both_agree_in_the_end_and_no_edit_is_gone_without_a_word(company: Company) -> None:
    print(f"{EDITS} edits, seed {SEED}")
    rng, edits, killed, last = random.Random(SEED), [], 0, time.monotonic()
    for number in range(EDITS):
        edits.append(company.edit(rng, number))
        time.sleep(PAUSE)
        if time.monotonic() - last > KILL_EVERY:
            killed, last = killed + company.kill_workers(), time.monotonic()
    took = company.world.until(
        lambda: company.equal() and not _busy(company.world), what="both say the same", within=QUIET
    )
    print(f"{killed} processes killed; at rest {took:.0f} s after the last edit")
    assert killed >= 2
    assert [one for one in edits if not _accounted(one, edits, company)] == []


def _busy(world: World) -> dict[str, int]:
    return {kind: count for kind, count in world.open_work().items() if not kind.startswith("run ")}


def _accounted(edit: Edit, edits: list[Edit], company: Company) -> bool:
    """It stands, or was brought to the other system for a while, or was overtaken, or an entry tells of it."""
    shop = company.in_store()[edit.email]
    if edit.value in (shop["phone"], shop["name"].split()[-1]):
        return True
    later = edits[edits.index(edit) + 1 :]
    if any((one.side, one.email, one.field) == (edit.side, edit.email, edit.field) for one in later):
        return True
    world = company.world
    wrote: list[Any] = [json.loads(row[0]) for row in world.rows("SELECT wrote FROM receipt")]
    entries = [json.loads(row[0]) for row in world.rows("SELECT detail FROM entry")]
    told = {str(one[side]) for one in entries for side in ("theirs", "ours")}  # an entry names both values
    return edit.value in told or any(edit.value in one.values() for one in wrote)


def _phone(number: int) -> str:
    return f"+493020{number:06}"


def _plain(phone: str | None) -> str:
    return (phone or "").replace(" ", "")


def _word(number: int) -> str:
    letters = []
    for _ in range(4):
        number, digit = divmod(number, 20)
        letters.append("bcdfghjklmnprstvwxyz"[digit] + "aeiou"[(number + digit) % 5])
    return "".join(letters).capitalize()
