"""How a store is reached: keys, permalinks, addresses, and answers that are not as they should be."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from woo_key import KEY
from woo_store import Store

from connectors.woocommerce.connector import WooCommerceConnector
from connectors.woocommerce.rest import Access, among_notices, code_of, site_of, way_of
from hub.sdk import Change, ConnectionBroken, NeedsReauth, RemoteUnavailable
from hub.testkit.loopback import Fault

Connect = Callable[..., WooCommerceConnector]
NOTICE = (
    b'<br />\n<b>Warning</b>:  Undefined array key "x" in <b>/srv/[plugin]/a.php</b> on line <b>7</b><br />\n'
)


def customers(woo: WooCommerceConnector) -> list[str]:
    return [record.external_id for page in woo.pull("customer", None) for record in page.records]


def failed(woo: WooCommerceConnector) -> Any:
    last = list(woo.check())[-1]
    assert not last.ok
    return last


def test_oauth_over_plain_http_and_basic_over_https() -> None:
    assert way_of(Access("http://shop.test", "k", "s")) == "oauth"
    assert way_of(Access("HTTPS://shop.test", "k", "s")) == "basic"
    assert way_of(Access("https://shop.test", "k", "s", way="query")) == "query"
    with pytest.raises(ConnectionBroken):
        way_of(Access("https://shop.test", "k", "s", way="digest"))


@pytest.mark.parametrize(
    ("access", "https", "plain"),
    [
        ("auto", False, False),
        ("oauth", False, True),
        ("basic", True, False),
        ("query", True, False),
        ("query", True, True),
    ],
)
def test_every_way_in(store: Store, connect: Connect, access: str, https: bool, plain: bool) -> None:
    store.door.https, store.plain = https, plain
    store.put({"email": "a@example.org"})
    woo = connect(access=access, plain_permalinks=plain)
    assert customers(woo) == ["1"]
    assert all(one.ok for one in woo.check())


def test_the_address_that_is_signed_may_be_another(store: Store, connect: Connect) -> None:
    store.door.site = "http://shop.example.org"
    store.put({"email": "a@example.org"})
    assert "site_url" in failed(connect()).fix
    assert customers(connect(site_url="http://shop.example.org/")) == ["1"]


def test_a_store_whose_clock_is_an_hour_off_is_signed_by_its_clock(store: Store, connect: Connect) -> None:
    store.clock_ahead = 3600.0
    store.put({"email": "a@example.org"})
    assert customers(connect()) == ["1"]
    assert sum(one.query["oauth_nonce"] != "" for one in store.requests) == len(
        {one.query["oauth_nonce"] for one in store.requests}
    )


def test_a_key_that_may_only_read_is_no_loss_of_a_change(store: Store, connect: Connect) -> None:
    store.writable = False
    made = store.put({"email": "a@example.org"})
    with pytest.raises(NeedsReauth, match="write permissions"):
        connect().push("customer", [Change("k", str(made), {"first_name": "New"})])


@pytest.mark.parametrize(
    "given",
    [
        "https://shop.test/de",
        "https://shop.test/de/",
        " https://shop.test/de/wp-json/wc/v3/ ",
        "https://shop.test/de/wp-json",
        "https://shop.test/de/index.php?rest_route=/wc/v3",
        "https://shop.test/de/index.php",
    ],
)
def test_whatever_is_pasted_the_site_is_found(given: str) -> None:
    assert site_of(given) == "https://shop.test/de"


def test_notices_before_and_behind_the_json_are_passed_over(store: Store, connect: Connect) -> None:
    store.notices = NOTICE
    store.put({"email": "a@example.org", "first_name": "Ann"})
    woo = connect()
    assert customers(woo) == ["1"]
    steps = {one.step: one for one in woo.check()}
    assert steps["answers"].ok and "display_errors" in str(steps["answers"].fix)
    assert among_notices(NOTICE + '[{"id": 1, "name": "Ü"}]'.encode() + b"\n" + NOTICE) == [
        {"id": 1, "name": "Ü"}
    ]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b'<html><script>\n{"a": 1}\n;</script></html>',
        NOTICE,
        NOTICE + b'[{"id": 1',
        b"12",
        NOTICE + b"null",
    ],
)
def test_what_holds_no_answer_is_none(body: bytes) -> None:
    assert among_notices(body) is None


def test_a_notice_in_the_answer_to_a_write_is_no_doubt(store: Store, connect: Connect) -> None:
    store.notices = NOTICE
    (receipt,) = connect().push("customer", [Change("k", None, {"email": "a@example.org"})])
    assert (receipt.outcome, receipt.external_id) == ("done", "1")


def test_a_host_that_is_busy_is_asked_again_later(store: Store, connect: Connect) -> None:
    store.arm(Fault("status", status=503, retry_after="90", times=9))
    with pytest.raises(RemoteUnavailable) as caught:
        customers(connect())
    assert caught.value.after == 90.0


def test_a_site_without_the_api_is_told_apart(store: Store, connect: Connect) -> None:
    store.plain = True
    said = failed(connect())
    assert said.step == "reach the store" and "permalinks" in said.fix


def test_a_wrong_key_tells_what_to_look_at(store: Store, connect: Connect) -> None:
    store.door.https = True
    said = failed(connect(access="basic", key="ck_another_key_000"))
    assert "query" in said.fix and KEY not in str(said)


def test_an_error_is_told_from_a_record() -> None:
    assert code_of({"code": "rest_no_route", "message": "No", "data": {"status": 404}}) == "rest_no_route"
    assert code_of({"id": 1, "code": "SAVE10", "amount": "1.00"}) == ""
    assert code_of([]) == "" and code_of({"error": "busy"}) == ""


def test_discover_shows_what_the_store_describes_and_what_plugins_keep(
    store: Store, connect: Connect
) -> None:
    store.put({"email": "a@example.org", "meta_data": [{"key": "vat_number", "value": "DE1"}]})
    shapes = {shape.name: shape for shape in connect().discover()}
    names = {one.name: one for one in shapes["customers"].fields}
    assert names["meta.vat_number"].custom and "billing.city" in names and names["id"].readonly
    assert shapes["products"].object is None and shapes["orders"].object == "order"


def test_behind_a_notice_an_error_comes_with_status_200_and_is_one_all_the_same(
    store: Store, connect: Connect
) -> None:
    """PHP can set no status once it has printed something."""
    store.notices = NOTICE
    store.put({"email": "taken@example.org"})
    answer = store.answer
    store.answer = lambda request: answer(request)._replace(status=200)  # type: ignore[method-assign]
    woo = connect()
    (receipt,) = woo.push("customer", [Change("k", None, {"email": "taken@example.org"})])
    assert receipt.outcome == "refused" and "already registered" in str(receipt.cause)
    assert [one.deleted for one in woo.fetch("customer", ["1", "99"])] == [False, True]
    assert list(woo.deletes("order", None, ["7"]).external_ids) == ["7"]
    assert woo.find("customer", Change("k", None, {"email": "root@localhost"})) == []
    with pytest.raises(NeedsReauth):
        customers(connect(key="ck_another_key_000"))
    store.writable = False
    with pytest.raises(NeedsReauth):
        woo.push("customer", [Change("k", "1", {"first_name": "New"})])
    store.answer = answer  # type: ignore[method-assign]
