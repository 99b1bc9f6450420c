"""A hub with a Zoho connection, from the login page to the edit of a colleague: only the account is a fake."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import text

from hub import settings
from hub.cli.root import run
from hub.flows import webhook
from hub.flows.oauth_tokens import StoredTokens
from hub.flows.wiring import load_wiring
from hub.store.session import Database
from hub.web import create_app

SECRET = "zoho-client-secret-5f0c"


@pytest.fixture
def home(zoho: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with the connection `crm`, not authorised yet, and one of files that wants everybody."""
    monkeypatch.setenv("ZOHO_SECRET", SECRET)
    folder = tmp_path / "home"
    assert run(["init", str(folder)]) == 0
    (folder / "c.toml").write_text(
        f"""[connection.crm]
connector = "zoho"
url = "{zoho.url}"
accounts_url = "{zoho.url}"
client_id = "1000.CLIENTID0123456789"
client_secret = "env:ZOHO_SECRET"
marker_field = "Hub_ID"
[connection.crm.customer]
create = "all"
update = true
[connection.crm.order]
""",
        encoding="utf-8",
    )
    assert run(["--home", str(folder), "apply", str(folder / "c.toml")]) == 0
    return folder


@pytest.fixture
def hub(home: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., Any]:
    """`hub("sync", "crm")` runs a command; gives (exit code, what it printed)."""

    def command(*words: str) -> tuple[int, str]:
        capsys.readouterr()
        code = run(["--home", str(home), *words])
        out = capsys.readouterr()
        return code, out.out + out.err

    return command


def state_in(text: str) -> str:
    (address,) = re.findall(r"https?://\S+/oauth/v2/auth\?\S+", text)
    query = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
    assert query["access_type"] == "offline" and query["scope"].startswith("ZohoCRM.modules.ALL,")
    assert query["redirect_uri"].endswith("/oauth/callback")
    return query["state"]


def authorise(hub: Callable[..., Any], home: Path) -> None:
    code, said = hub("connection", "authorize", "crm")
    assert code == 0
    web = create_app(settings.load(home)).test_client()
    answer = web.get(f"/oauth/callback?code=good-code&location=eu&state={state_in(said)}")
    assert answer.status_code == 200 and "crm" in answer.get_data(as_text=True)


def customers_of(home: Path) -> int:
    with Database(settings.load(home).database_url).read() as conn:
        return int(conn.scalar(text("SELECT count(*) FROM customer WHERE merged_into IS NULL")) or 0)


def test_without_authorisation_the_check_says_what_to_do(hub: Callable[..., Any]) -> None:
    code, said = hub("connection", "check", "crm")
    assert code == 1 and "hub connection authorize" in said


def test_a_person_says_yes_at_the_login_page(hub: Callable[..., Any], home: Path, zoho: Any) -> None:
    authorise(hub, home)
    standing = StoredTokens(settings.load(home), "crm").load()
    assert standing is not None and standing.refresh == "1000.refresh-token-77aa01.bb"
    assert standing.extra["api_domain"] == "https://www.zohoapis.eu"
    code, said = hub("connection", "check", "crm")
    assert code == 0, said
    calls = zoho.token_calls
    assert hub("connection", "check", "crm")[0] == 0 and zoho.token_calls == calls, (
        "the stored token is used again"
    )


def test_a_state_works_once_and_only_for_who_left(hub: Callable[..., Any], home: Path, zoho: Any) -> None:
    _, said = hub("connection", "authorize", "crm")
    state = state_in(said)
    web = create_app(settings.load(home)).test_client()
    assert web.get("/oauth/callback?code=good-code&state=made-up").status_code == 400
    assert web.get(f"/oauth/callback?error=access_denied&state={state}").status_code == 400
    assert web.get(f"/oauth/callback?code=good-code&state={state}").status_code == 400, "it was used"
    assert StoredTokens(settings.load(home), "crm").load() is None and zoho.token_calls == 0


def test_the_address_may_be_pasted(hub: Callable[..., Any]) -> None:
    _, said = hub("--json", "connection", "authorize", "crm")
    state = state_in(json.loads(said)["address"])
    address = f"http://127.0.0.1:8080/oauth/callback?code=good-code&state={state}"
    code, said = hub("connection", "authorize", "crm", "--answer", address)
    assert code == 0 and "is authorised" in said


def test_a_code_for_another_server_is_not_exchanged_there(
    hub: Callable[..., Any], home: Path, zoho: Any
) -> None:
    _, said = hub("connection", "authorize", "crm")
    web = create_app(settings.load(home)).test_client()
    evil = "https%3A%2F%2Faccounts.zoho.evil.example"
    answer = web.get(f"/oauth/callback?code=good-code&accounts-server={evil}&state={state_in(said)}")
    assert answer.status_code == 500 and zoho.token_calls == 0


def test_an_edit_there_and_an_edit_here_meet(hub: Callable[..., Any], home: Path, zoho: Any) -> None:
    authorise(hub, home)
    account = zoho.org.put("Accounts", {"Account_Name": "King Ltd"})
    contact = zoho.org.put(
        "Contacts", {"First_Name": "Kris", "Last_Name": "Marrier", "Email": "kris@king.example"}
        | {"Account_Name": {"id": account}},
    )  # fmt: skip
    assert hub("sync", "crm", "--confirm")[0] == 0
    _, said = hub("--json", "customer", "find", "kris@king.example")
    (kris,) = (
        json.loads(said) if said.startswith("[") else [json.loads(line) for line in said.splitlines() if line]
    )
    _, shown = hub("--json", "customer", "show", kris["id"])
    assert {one["external_id"] for one in json.loads(shown)["records"]} == {f"Contacts/{contact}"}
    zoho.org.put("Contacts", {"Title": "Director"}, id=contact)
    assert hub("sync", "crm", "--confirm")[0] == 0
    _, shown = hub("--json", "customer", "show", kris["id"])
    assert json.loads(shown)["fields"]["job_title"] == "Director"
    zoho.org.put("Contacts", {"Last_Name": "Colleague", "Account_Name": {"id": account}})
    assert hub("sync", "crm", "--confirm")[0] == 0
    assert customers_of(home) == 3, (
        "two people and one firm, which has its own record and is in both of theirs"
    )
    firms = [row for row in zoho.org.rows["Accounts"].values() if row["Account_Name"] == "King Ltd"]
    assert len(firms) == 1, "the account and the firm in the contact are one"


CUSTOMERS = "id,first,last,mail,city\n1,Ann,Smith,ann@x.example,London\n2,,Bob,bob@x.example,Paris\n"
ORDERS = (
    "no,customer,currency,total,shipping,sku,name,qty,price,state\n"
    "5001,1,EUR,24.80,4.90,W-1,Widget,2,9.95,open\n"
)
MAPS = {
    "customer.toml": """object = "customer"
[pull]
kind = { const = "person" }
given_name = "first"
family_name = "last"
email = "mail"
address.locality = "city"
""",
    "order.toml": """object = "order"
[pull]
number = "no"
customer_record = "customer"
currency = "currency"
status = "state"
"totals.grand_total" = "total"
"totals.shipping" = "shipping"
"totals.items_subtotal" = { from = "net" }
[pull."lines[]"]
external_id = "sku"
sku = "sku"
name = "name"
quantity = "qty"
unit_price = "price"
""",
}


@pytest.fixture
def shop(home: Path) -> Path:
    """A store's exports beside the Zoho account."""
    folder = home / "shop"
    folder.mkdir()
    (folder / "customers.csv").write_text(CUSTOMERS, encoding="utf-8")
    for name, map in MAPS.items():
        (home / name).write_text(map, encoding="utf-8")
    (home / "shop.toml").write_text(
        """[connection.shop]
connector = "files"
path = "shop/"
[[connection.shop.file]]
match = "customers*.csv"
id = "id"
map = "customer.toml"
[[connection.shop.file]]
object = "order"
match = "orders*.csv"
id = "no"
map = "order.toml"
""",
        encoding="utf-8",
    )
    assert run(["--home", str(home), "apply", str(home / "shop.toml")]) == 0
    return folder


def test_customers_of_a_store_come_into_zoho_and_follow(
    hub: Callable[..., Any], home: Path, zoho: Any, shop: Path
) -> None:
    authorise(hub, home)
    (shop / "orders.csv").write_text("no,net\n", encoding="utf-8")
    assert hub("sync", "--confirm")[0] == 0
    rows = {row["Email"]: row for row in zoho.org.rows["Contacts"].values()}
    ann = rows["ann@x.example"]
    assert (ann["First_Name"], ann["Last_Name"], ann["Mailing_City"]) == ("Ann", "Smith", "London")
    assert ann["Hub_ID"].startswith("cus_") and rows["bob@x.example"]["Last_Name"] == "Bob"
    (shop / "customers.csv").write_text(CUSTOMERS.replace("London", "Leeds"), encoding="utf-8")
    zoho.requests.clear()
    assert hub("sync", "--confirm")[0] == 0
    assert zoho.org.rows["Contacts"][ann["id"]]["Mailing_City"] == "Leeds"
    assert sum(one.method == "PUT" for one in zoho.requests) == 1
    zoho.requests.clear()
    assert hub("sync", "--confirm")[0] == 0
    assert not [one for one in zoho.requests if one.method in ("PUT", "POST") and "/coql" not in one.path]


def test_an_order_of_a_store_comes_into_zoho_under_its_customer(
    hub: Callable[..., Any], home: Path, zoho: Any, shop: Path
) -> None:
    authorise(hub, home)
    zoho.org.put("Products", {"Product_Name": "Widget", "Product_Code": "W-1", "Unit_Price": 9.95})
    rows = ORDERS.replace(",sku,", ",net,sku,").replace("4.90,W-1", "4.90,19.90,W-1")
    (shop / "orders.csv").write_text(rows, encoding="utf-8")
    assert hub("connection", "set", "crm", "order.create=all", "order.update=true")[0] == 0
    for _ in range(2):
        code, said = hub("sync", "--confirm")
        assert code == 0, said
    (order,) = zoho.org.rows["Sales_Orders"].values()
    (line,) = order["Ordered_Items"]
    ann = next(row for row in zoho.org.rows["Contacts"].values() if row["Email"] == "ann@x.example")
    assert order["Contact_Name"]["id"] == ann["id"] and order["Subject"] == "5001"
    assert (
        order["Grand_Total"] == 24.8
        and line["Quantity"] == 2
        and line["Product_Name"]["Product_Code"] == "W-1"
    )
    assert order["Hub_ID"].startswith("ord_")
    (shop / "orders.csv").write_text(rows.replace("open", "cancelled"), encoding="utf-8")
    for _ in range(2):
        assert hub("sync", "--confirm")[0] == 0
    assert [row["Status"] for row in zoho.org.rows["Sales_Orders"].values()] == ["Cancelled"]


def test_a_notification_brings_its_record(
    hub: Callable[..., Any], home: Path, zoho: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    authorise(hub, home)
    token = "our-own-token-0123456789"
    monkeypatch.setenv("ZOHO_HOOK", token)
    words = ("webhook_secret=env:ZOHO_HOOK", "notify_url=https://hub.example.org/hooks/crm")
    assert hub("connection", "set", "crm", *words)[0] == 0
    contact = zoho.org.put("Contacts", {"Last_Name": "Told", "Email": "told@x.example"})
    assert hub("sync", "crm", "--confirm")[0] == 0
    (channel,) = zoho.channels.values()
    assert channel["token"] == token and channel["notify_url"].endswith("/hooks/crm")
    zoho.org.put("Contacts", {"Title": "Chief"}, id=contact)
    body = {
        "server_time": int(time.time() * 1000),
        "module": "Contacts",
        "operation": "update",
        "ids": [contact],
    }
    web = create_app(settings.load(home)).test_client()
    assert web.post("/hooks/crm", json={**body, "token": "another"}).status_code == 401
    assert web.post("/hooks/crm", json={**body, "token": token}).status_code == 200
    here = settings.load(home)
    db = Database(here.database_url)
    with db.read() as conn:
        id = int(conn.scalar(text("SELECT id FROM connection WHERE name = 'crm'")) or 0)
    done = webhook.work(db, here, id, wiring=load_wiring(db), bucket=None)
    assert done.counts["changed"] == 1
    with db.read() as conn:
        golden = str(conn.scalar(text("SELECT doc FROM customer WHERE doc LIKE '%told@x.example%'")))
    assert "Chief" in golden
