"""Accounts of a real shop: what its API really takes, and that we tell the truth about it."""

from __future__ import annotations

import urllib.error
from collections.abc import Callable
from typing import Any

import pytest

from connectors.oscar.connector import OscarConnector
from hub.errors import ConnectionBroken, NeedsReauth
from hub.mapping.engine import CompiledMap
from hub.sdk import Change, Receipt, RemoteRecord

Map = Callable[..., CompiledMap]

OPEN = ["url", "username", "email", "date_joined", "first_name", "last_name"]
OVERLAY = """
[pull]
given_name = "first_name"
family_name = "last_name"
"""


def accounts(oscar: OscarConnector, cursor: Any = None) -> dict[str, RemoteRecord]:
    return {one.external_id: one for page in oscar.pull("customer", cursor) for one in page.records}


def create(oscar: OscarConnector, marker: str | None, **payload: Any) -> Receipt:
    (receipt,) = oscar.push("customer", [Change("c", None, payload, marker=marker)])
    return receipt


def update(oscar: OscarConnector, id: str, **payload: Any) -> Receipt:
    (receipt,) = oscar.push("customer", [Change("u", id, payload)])
    return receipt


def test_an_account_through_the_shipped_map(oscar: OscarConnector, shipped: Map) -> None:
    map = shipped("customer")
    assert (map.push_paths, map.create_paths) == ({"email"}, {"email"})
    payload = map.push({"email": "map@example.org"}, create=True)
    made = create(oscar, "cus_map", **payload)
    assert made.record is not None, made.cause
    assert accounts(oscar)[made.record.external_id] == made.record
    assert map.unmapped(made.record.raw) == set()
    values = map.pull(made.record.raw)[0].values
    assert values.pop("custom.oscar.joined").startswith("20")
    assert values == {"kind": "person", "email": "map@example.org", "custom.oscar.username": "cus_map"}


def test_names_are_ignored_by_the_shop_and_so_refused_by_us(oscar: OscarConnector, shop: Any) -> None:
    made = create(oscar, "cus_plain", email="plain@example.org")
    assert made.external_id is not None
    answer = shop.admin.call("PATCH", f"admin/users/{made.external_id}/", {"first_name": "Ann"})
    assert "first_name" not in answer
    for payload in ({"first_name": "Ann"}, {"email": "new@example.org", "first_name": "Ann"}):
        receipt = update(oscar, made.external_id, **payload)
        assert receipt.outcome == "refused" and "OSCARAPI_ADMIN_USER_FIELDS" in (receipt.cause or "")
    assert create(oscar, "cus_named", email="named@example.org", last_name="Lee").outcome == "refused"
    assert update(oscar, made.external_id, phone="1").outcome == "refused"
    rows = shop.sql("SELECT first_name, email FROM auth_user WHERE username IN ('cus_plain', 'cus_named')")
    assert rows == [("", "plain@example.org")]


def test_names_go_both_ways_where_the_shop_opens_them(start: Any, connect: Any, shipped: Map) -> None:
    shop = start(OSCARAPI_ADMIN_USER_FIELDS=OPEN)
    oscar, map = connect(shop), shipped("customer", OVERLAY)
    wanted = {"email": "li@example.org", "given_name": "小明", "family_name": "王"}
    made = create(oscar, "cus_open", **map.push(wanted, create=True))
    assert made.record is not None, made.cause
    pulled = map.pull(made.record.raw)[0].values
    assert {path: pulled[path] for path in wanted} == wanted
    changed = update(oscar, made.record.external_id, **map.push({"given_name": "大明"}, create=False))
    assert changed.record is not None and changed.record.raw["first_name"] == "大明"
    cleared = update(oscar, made.record.external_id, **map.push({"family_name": None}, create=False))
    assert cleared.record is not None and cleared.record.raw["last_name"] == ""
    assert shop.sql("SELECT first_name, last_name, email FROM auth_user WHERE username = 'cus_open'") == [
        ("大明", "", "li@example.org")
    ]
    assert "first_name" not in {one.name for one in oscar.discover()[0].fields if one.readonly}


def test_the_same_create_again_meets_the_account_it_made(oscar: OscarConnector, shop: Any) -> None:
    first = create(oscar, "cus_twice", email="twice@example.org")
    again = create(oscar, "cus_twice", email="twice@example.org")
    assert first.outcome == again.outcome == "done" and first.external_id == again.external_id
    change = Change("c", None, {"email": "twice@example.org"}, marker="cus_twice")
    assert [one.external_id for one in oscar.find("customer", change)] == [first.external_id]
    # Without a mark by the e-mail, in any case; with another mark it is somebody else's account.
    unmarked = change._replace(marker=None, payload={"email": "TWICE@Example.org"})
    assert [one.external_id for one in oscar.find("customer", unmarked)] == [first.external_id]
    assert list(oscar.find("customer", change._replace(marker="cus_other"))) == []


def test_no_second_account_with_an_email(oscar: OscarConnector, buyer: Any, shop: Any) -> None:
    """The API would take it; the shop's own registration does not, and its login is by e-mail."""
    buyer("taken@example.org")
    (taken,) = [id for (id,) in shop.sql("SELECT id FROM auth_user WHERE email = 'taken@example.org'")]
    refused = create(oscar, "cus_taken", email="Taken@Example.org")
    assert refused.outcome == "refused" and f"account {taken}" in (refused.cause or "")
    other = create(oscar, "cus_free", email="free@example.org")
    assert other.external_id is not None
    assert update(oscar, other.external_id, email="taken@example.org").outcome == "refused"
    assert update(oscar, other.external_id, email="FREE@example.org").outcome == "done"
    # Two creates of one batch, too.
    batch = [Change(key, None, {"email": "both@example.org"}, marker=f"cus_{key}") for key in ("a", "b")]
    assert [one.outcome for one in oscar.push("customer", batch)] == ["done", "refused"]
    assert shop.sql("SELECT count(*) FROM auth_user WHERE email LIKE 'taken@%'") == [(1,)]


def test_what_the_shop_refuses_comes_with_its_words(oscar: OscarConnector) -> None:
    refused = create(oscar, "cus_wrong", email="no address")
    assert refused.outcome == "refused" and "email: Enter a valid email address." in (refused.cause or "")
    gone = update(oscar, "987654", email="nobody@example.org")
    assert gone.outcome == "refused" and "not there" in (gone.cause or "")
    odd = create(oscar, "not a username!", email="odd@example.org")
    assert odd.outcome == "refused" and "username" in (odd.cause or "")


def test_addresses_of_others_are_not_shown(buyer: Any, shop: Any) -> None:
    """Why customers come without addresses: each user sees their own, staff nobody's."""
    ann = buyer("home@example.org")
    mine = ann.api.call("POST", "useraddresses/", {**ann.address(), "phone_number": "+49 30 901820"})
    assert ann.api.call("GET", "useraddresses/")["count"] == 1
    assert shop.admin.call("GET", "useraddresses/")["count"] == 0
    with pytest.raises(urllib.error.HTTPError, match="404"):
        shop.admin.call("GET", f"useraddresses/{mine['id']}/")


def test_accounts_removed_while_reading(connect: Any, shop: Any) -> None:
    ids = [create(connect(shop), f"cus_go{n}", email=f"go{n}@example.org").external_id for n in range(9)]
    oscar, seen = connect(shop, page=4), set()
    for page in oscar.pull("customer", None):
        seen |= {one.external_id for one in page.records}
        for gone in [one for one in ids if one in seen][:2]:
            shop.admin.call("DELETE", f"admin/users/{gone}/")
            ids.remove(gone)
    assert seen >= set(ids)
    removed = {f"{int(ids[0]) - 1}"} if ids else set()
    assert not removed & set(accounts(connect(shop)))


def test_deletes_are_what_the_shop_does_not_know_any_more(
    oscar: OscarConnector, connect: Any, shop: Any
) -> None:
    kept = create(oscar, "cus_kept", email="kept@example.org").external_id
    lost = create(oscar, "cus_lost", email="lost@example.org").external_id
    accounts(oscar)
    shop.admin.call("DELETE", f"admin/users/{lost}/")
    late = create(connect(shop), "cus_late", email="late@example.org").external_id
    # `oscar` read its list before both: one it lacks is asked for, one it had is found missing next time.
    assert list(oscar.deletes("customer", None, [kept, lost, late]).external_ids) == []
    assert list(oscar.deletes("customer", None, [kept, lost, late]).external_ids) == [lost]


def test_a_shop_with_page_numbers_and_without_sessions(start: Any, connect: Any) -> None:
    shop = start(
        REST_FRAMEWORK={
            "DEFAULT_PAGINATION_CLASS": "rest_framework.pagination.PageNumberPagination",
            "PAGE_SIZE": 4,
            "DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework.authentication.BasicAuthentication"],
        }
    )
    for number in range(9):
        shop.admin.call("POST", "admin/users/", {"username": f"n{number}", "email": f"n{number}@example.org"})
    oscar = connect(shop, page=3)
    pages = list(oscar.pull("customer", None))
    assert all(len(page.records) <= 3 and page.cursor == {} for page in pages)
    assert [one.external_id for page in pages for one in page.records] == [str(n) for n in range(1, 12)]
    assert update(oscar, "5", email="five@example.org").outcome == "done"
    assert list(oscar.deletes("customer", None, ["5", "99"]).external_ids) == ["99"]


def test_a_shop_that_keeps_its_admin_api_shut(start: Any, connect: Any) -> None:
    shop = start(OSCARAPI_BLOCK_ADMIN_API_ACCESS=True)
    oscar = connect(shop)
    *good, last = oscar.check()
    assert [one.step for one in good] == ["reach the shop", "log in"]
    assert not last.ok and "OSCARAPI_BLOCK_ADMIN_API_ACCESS" in (last.fix or "")
    # A page that is not there must never be taken for a customer who is gone.
    with pytest.raises(ConnectionBroken, match="not there"):
        oscar.fetch("customer", ["1"])
    with pytest.raises(ConnectionBroken, match="not there"):
        oscar.deletes("customer", None, ["1"])


def test_check_and_rights(oscar: OscarConnector, connect: Any, shop: Any) -> None:
    found = list(oscar.check())
    assert [one.step for one in found] == ["reach the shop", "log in", "read accounts", "read orders"]
    assert all(one.ok for one in found) and "first_name" in (found[2].fix or "")
    with pytest.raises(NeedsReauth, match="does not know"):
        accounts(connect(shop, password="wrong"))
    with pytest.raises(NeedsReauth, match="says no"):
        accounts(connect(shop, user="clerk"))


def test_an_ended_session_is_begun_anew(connect: Any, shop: Any) -> None:
    oscar = connect(shop, page=3)
    pull = oscar.pull("customer", None)
    seen = {one.external_id for one in next(pull).records}
    shop.sql("DELETE FROM django_session")
    seen |= {one.external_id for page in pull for one in page.records}
    assert seen == set(accounts(oscar))
    assert shop.sql("SELECT count(*) FROM django_session") == [(1,)]
