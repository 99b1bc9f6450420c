"""Data centres, tokens and what Zoho's answers mean, apart from records."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from connectors.zoho.places import PLACES, PROVIDER, api_host, place
from hub.errors import RateLimited, RemoteUnavailable
from hub.sdk import Change, ConnectionBroken, MemoryTokens, NeedsReauth, Tokens
from hub.testkit.loopback import Fault, Request

Make = Callable[..., Any]


@pytest.mark.parametrize("dc", PLACES)
def test_each_data_centre_has_its_own_hosts(dc: str) -> None:
    assert api_host(dc, "production", None) == f"https://www.{PLACES[dc].api}"
    assert api_host(dc, "sandbox", None) == f"https://sandbox.{PLACES[dc].api}"
    assert place(f".{dc.upper()}") == PLACES[dc] and PLACES[dc].accounts in PROVIDER.servers


def test_what_comes_with_the_token_wins() -> None:
    assert api_host("com", "production", "https://www.zohoapis.eu") == "https://www.zohoapis.eu"
    assert api_host("com", "sandbox", "https://www.zohoapis.in/") == "https://sandbox.zohoapis.in"


@pytest.mark.parametrize(
    "told", ["https://zohoapis.evil.example", "http://www.zohoapis.com", "https://www.zohoapis.com.evil"]
)
def test_a_host_that_is_none_of_zohos_is_never_called(told: str) -> None:
    with pytest.raises(ConnectionBroken, match="none of Zoho's"):
        api_host("com", "production", told)


def test_wrong_words_are_refused_with_the_right_ones() -> None:
    with pytest.raises(ConnectionBroken, match=r"com\.au"):
        place("mars")
    with pytest.raises(ConnectionBroken, match="sandbox"):
        api_host("com", "test", None)


def test_an_access_token_that_ends_between_two_pages_is_renewed(zoho: Any, connect: Make) -> None:
    ids = [zoho.org.put("Contacts", {"Last_Name": f"Row {number}"}) for number in range(250)]
    seen: set[str] = set()
    for page in connect(modules=["Contacts"]).pull("customer", None):
        seen |= {one.external_id for one in page.records}
        zoho.access.clear()
    assert seen == {f"Contacts/{id}" for id in ids} and zoho.token_calls > 1


def test_a_write_with_a_dead_token_goes_again_once(zoho: Any, connect: Make) -> None:
    id = zoho.org.put("Contacts", {"Last_Name": "Before"})
    tokens = MemoryTokens(Tokens("1000.dead", "1000.refresh-token-77aa01.bb", 9e9))
    (receipt,) = connect(tokens=tokens).push(
        "customer", [Change("k", f"Contacts/{id}", {"Last_Name": "After"})]
    )
    assert receipt.outcome == "done" and zoho.org.rows["Contacts"][id]["Last_Name"] == "After"


def test_a_revoked_refresh_token_needs_a_person(zoho: Any, connect: Make) -> None:
    zoho.refresh_tokens.clear()
    with pytest.raises(NeedsReauth, match="hub connection authorize"):
        list(connect().pull("customer", None))


def answer(status: int, code: str, *, path: str = "/crm/v8/Contacts") -> Fault:
    body = f'{{"code": "{code}", "details": {{}}, "message": "so it is", "status": "error"}}'.encode()

    def here(request: Request) -> bool:
        return request.path == path

    return Fault("json", status=status, body=body, times=99, when=here)


def test_an_error_with_status_200_is_an_error(zoho: Any, connect: Make) -> None:
    for code, kind in (("LIMIT_EXCEEDED", RateLimited), ("INTERNAL_ERROR", RemoteUnavailable)):
        zoho.arm(answer(200, code))
        with pytest.raises(kind):
            list(connect(modules=["Contacts"]).pull("customer", None))
    zoho.arm(answer(200, "INVALID_MODULE"))
    with pytest.raises(ConnectionBroken, match="INVALID_MODULE"):
        list(connect(modules=["Contacts"]).pull("customer", None))


def test_a_write_that_is_answered_with_an_error_of_the_whole_call(zoho: Any, connect: Make) -> None:
    id = zoho.org.put("Contacts", {"Last_Name": "Kept"})
    change = Change("k", f"Contacts/{id}", {"Last_Name": "Lost"})
    for code, outcome in (("INTERNAL_ERROR", "unknown"), ("INVALID_REQUEST", "refused")):
        zoho.arm(answer(200, code))
        (receipt,) = connect(modules=["Contacts"]).push("customer", [change])
        assert receipt.outcome == outcome and code in receipt.cause
    zoho.calm()
    assert zoho.org.rows["Contacts"][id]["Last_Name"] == "Kept"


def test_a_record_deleted_while_the_list_is_read_pushes_none_over_an_edge(zoho: Any, connect: Make) -> None:
    ids = [zoho.org.put("Contacts", {"Last_Name": f"Row {number}"}) for number in range(450)]
    seen: set[str] = set()
    for number, page in enumerate(connect(modules=["Contacts"]).pull("customer", None)):
        seen |= {one.external_id for one in page.records}
        if number == 0:
            zoho.org.erase("Contacts", ids[0])
    assert seen == {f"Contacts/{id}" for id in ids}
