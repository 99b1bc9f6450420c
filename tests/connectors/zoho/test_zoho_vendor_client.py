"""The vendor's own Python client talks to our fake account: then the fake is not only our own belief."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("zohocrmsdk", reason="the vendor's client is not installed: pip install zohocrmsdk8-0")

Make = Callable[..., Any]
_API = "zohocrmsdk.src.com.zoho.crm.api"


def theirs(module: str) -> Any:
    return importlib.import_module(f"{_API}.{module}")


@pytest.fixture
def client(zoho: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Their client, pointed at the fake account."""
    monkeypatch.chdir(tmp_path)
    zoho.judge = None  # it writes ids as numbers, which its own specification does not allow
    server = sys.modules["zoho_test_server"]
    api = importlib.import_module(_API)
    auth = importlib.import_module("zohocrmsdk.src.com.zoho.api.authenticator")
    store = importlib.import_module("zohocrmsdk.src.com.zoho.api.authenticator.store")
    environment = theirs("dc").DataCenter.Environment(zoho.url, f"{zoho.url}/oauth/v2/token", zoho.url)
    api.Initializer.initialize(
        environment,
        auth.OAuthToken(
            client_id=server.CLIENT,
            client_secret=server.CLIENT_SECRET,
            refresh_token=server.REFRESH,
            find_user=False,
        ),
        store=store.FileStore(str(tmp_path / "tokens.txt")),
        sdk_config=theirs("sdk_config").SDKConfig(pick_list_validation=False, update_api_domain=False),
        resource_path=str(tmp_path),
    )
    return SimpleNamespace(api=api, record=theirs("record"), watch=theirs("notifications"))


def record_of(client: Any, **fields: Any) -> Any:
    made = client.record.Record()
    for name, value in fields.items():
        made.add_key_value(name, value)
    return made


def wrapped(client: Any, *records: Any) -> Any:
    body = client.record.BodyWrapper()
    body.set_data(list(records))
    return body


def done(answer: Any) -> list[Any]:
    return [one.get_details()["id"] for one in answer.get_object().get_data()]


def test_their_client_reads_what_ours_reads(zoho: Any, client: Any, connect: Make) -> None:
    ids = [zoho.org.put("Contacts", {"Last_Name": f"Both {number}"}) for number in range(3)]
    asked = client.api.ParameterMap()
    asked.add(client.record.GetRecordsParam.fields, "id,Last_Name,Modified_Time")
    asked.add(client.record.GetRecordsParam.per_page, 2)
    headers = client.api.HeaderMap()
    answer = client.record.RecordOperations("Contacts").get_records(asked, headers)
    assert answer.get_status_code() == 200
    rows, info = answer.get_object().get_data(), answer.get_object().get_info()
    assert [str(one.get_id()) for one in rows] == ids[:2] and info.get_more_records() is True
    following = client.api.ParameterMap()
    following.add(client.record.GetRecordsParam.fields, "id,Last_Name,Modified_Time")
    following.add(client.record.GetRecordsParam.per_page, 2)
    following.add(client.record.GetRecordsParam.page_token, info.get_next_page_token())
    (last,) = (
        client.record.RecordOperations("Contacts").get_records(following, headers).get_object().get_data()
    )
    assert last.get_key_value("Last_Name") == "Both 2"
    ours = connect().fetch("customer", [f"Contacts/{ids[0]}"])[0].raw
    assert rows[0].get_modified_time() == datetime.fromisoformat(ours["Modified_Time"])


def test_their_client_hears_that_nothing_is_new(zoho: Any, client: Any) -> None:
    zoho.org.put("Contacts", {"Last_Name": "Old"})
    asked, headers = client.api.ParameterMap(), client.api.HeaderMap()
    asked.add(client.record.GetRecordsParam.fields, "id")
    later = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=1)
    headers.add(client.record.GetRecordsHeader.if_modified_since, later)
    assert client.record.RecordOperations("Contacts").get_records(asked, headers).get_status_code() == 304


def test_their_client_writes_and_ours_reads(zoho: Any, client: Any, connect: Make) -> None:
    module = client.record.RecordOperations("Contacts")
    headers = client.api.HeaderMap()
    contact = record_of(client, Last_Name="Theirs", Email="theirs@example.org")
    (id,) = done(module.create_records(wrapped(client, contact), headers))
    changed = record_of(client, Last_Name="Changed by theirs")
    changed.set_id(int(id))
    assert done(module.update_records(wrapped(client, changed), headers)) == [id]
    marked = record_of(client, Last_Name="Changed by theirs", Hub_ID="cus_1")
    body = wrapped(client, marked)
    body.set_duplicate_check_fields(["Hub_ID"])
    (new,) = done(module.upsert_records(body, headers))
    assert done(module.upsert_records(body, headers)) == [new]
    found = connect().fetch("customer", [f"Contacts/{id}"])[0].raw
    assert found["Last_Name"] == "Changed by theirs" and found["Email"] == "theirs@example.org"


def test_their_client_understands_a_refusal_row_by_row(zoho: Any, client: Any) -> None:
    rows = (record_of(client, Last_Name="Good"), record_of(client, Last_Name="Bad", Email="no mail"))
    module = client.record.RecordOperations("Contacts")
    answer = module.create_records(wrapped(client, *rows), client.api.HeaderMap())
    good, bad = answer.get_object().get_data()
    assert good.get_status().get_value() == "success" and bad.get_code().get_value() == "INVALID_DATA"
    assert bad.get_details()["api_name"] == "Email"


def test_their_client_lists_what_is_deleted(zoho: Any, client: Any, connect: Make) -> None:
    id = zoho.org.put("Contacts", {"Last_Name": "Gone"})
    zoho.org.erase("Contacts", id)
    asked, headers = client.api.ParameterMap(), client.api.HeaderMap()
    asked.add(client.record.GetDeletedRecordsParam.type, "all")
    answer = client.record.RecordOperations("Contacts").get_deleted_records(asked, headers)
    assert [str(one.get_id()) for one in answer.get_object().get_data()] == [id]
    assert connect().deletes("customer", None, ()).external_ids == [f"Contacts/{id}"]


def test_their_client_reads_an_order_with_its_lines(zoho: Any, client: Any, connect: Make) -> None:
    product = zoho.org.put("Products", {"Product_Name": "Widget", "Product_Code": "W-1"})
    line = {"Product_Name": {"id": product}, "Quantity": 2, "List_Price": 9.95}
    given = {"Subject": "Read by both", "Currency": "EUR", "Ordered_Items": [line]}
    id = zoho.org.put("Sales_Orders", given)
    operations = client.record.RecordOperations("Sales_Orders")
    answer = operations.get_record(int(id), client.api.ParameterMap(), client.api.HeaderMap())
    (row,) = answer.get_object().get_data()
    (theirs_line,) = row.get_key_value("Ordered_Items")
    (ours_line,) = connect().fetch("order", [id])[0].raw["lines"]
    assert theirs_line.get_key_value("Quantity") == float(ours_line["quantity"]) == 2
    assert str(theirs_line.get_key_value("Product_Name")["id"]) == ours_line["product"]


def test_their_client_makes_a_channel_that_ours_sees(zoho: Any, client: Any) -> None:
    channel = client.watch.Notification()
    channel.set_channel_id("1000000068001")
    channel.set_events(["Contacts.all"])
    channel.set_notify_url("https://hub.example.org/hooks/crm")
    channel.set_token("a-token")
    channel.set_channel_expiry(datetime.now(UTC).replace(microsecond=0) + timedelta(days=1))
    body = client.watch.BodyWrapper()
    body.set_watch([channel])
    answer = client.watch.NotificationsOperations().enable_notifications(body)
    (made,) = answer.get_object().get_watch()
    assert made.get_status().get_value() == "success" and "1000000068001" in zoho.channels
