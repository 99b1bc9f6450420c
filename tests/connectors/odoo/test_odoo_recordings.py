"""Every recording of a real Odoo passes through the shipped maps, or is on a list here with its reason.

The recordings are research copies outside the project: HUB_TEST_VENDORS names their folder.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from connectors.odoo import order, partner
from connectors.odoo.faults import fault
from connectors.odoo.leads import Leads
from connectors.odoo.lookups import Lookups
from connectors.odoo.order import Parts
from connectors.odoo.rpc import Rpc
from hub.canonical.order import totals_difference
from hub.errors import ConnectionBroken, HubError, NeedsReauth, RecordRejected
from hub.mapping.engine import CompiledMap, compile_map
from hub.mapping.load import load_map
from hub.mapping.spec import Context
from hub.resources import map_text

ROOT = Path(os.environ.get("HUB_TEST_VENDORS", "")) / "odoo"
HERE = bool(os.environ.get("HUB_TEST_VENDORS")) and ROOT.is_dir()
FILES = sorted(str(one.relative_to(ROOT)) for one in ROOT.rglob("*.*ml")) if HERE else []
FILES += sorted(str(one.relative_to(ROOT)) for one in ROOT.rglob("*.json")) if HERE else []

REASONS: Mapping[str, str] = {
    "xmlrpc_": "XML-RPC, which the connector does not speak: JSON-RPC carries the same",
    "recorded-cc/": "a REST layer of a third party (/1.0/…), no API of Odoo",
    "loyalty_card": "an empty list and a description of fields",
    "loyalty_program": "programs are read by their cards only",
    "fields_get": "a description of fields, no record",
    "get-record-fields": "a description of fields, no record",
    "project-tasks": "tasks are not read",
    "payments": "payments are read from invoices",
    "invoices": "invoices are read with their order only; these stand alone",
    "product": "products are references only; these stand alone",
    "find-records-by-name": "ids and names, no record",
    "search-records": "ids, no record",
    "count": "a number",
    "call-method": "the answer of default_get, no record",
    "duplicate": "an id, no record",
    "delete-record": "an answer, no record",
    "create-record": "an id, no record",
    "update-record": "an answer, no record",
    "common_": "a log-in or a version, no record",
    "sale_order_line": "a line without its order",
}
ERRORS: Mapping[str, type[HubError]] = {
    "bad_credentials": NeedsReauth,
    "bad_domain": ConnectionBroken,
    "unknown_model": ConnectionBroken,
    "res_partner_create_missing_name": RecordRejected,
    "res_partner_create_unknown_field": RecordRejected,
    "res_partner_write_missing": RecordRejected,
    "sale_order_action_confirm": RecordRejected,
}

pytestmark = pytest.mark.skipif(not HERE, reason="HUB_TEST_VENDORS names no folder with recordings")


class Words(Lookups):
    """Lookups that know a little without a server."""

    def __init__(self) -> None:
        self._codes = {233: "US", 57: "DE"}
        self._countries = {"US": 233, "DE": 57}
        self._states = {}
        self._tags = {}


def shipped(object: str) -> CompiledMap:
    text = map_text("odoo", object)
    assert text
    return compile_map(load_map(text, file=f"{object}.toml"), context=Context())


def answer(name: str) -> Any:
    """The result (or the error) of a recording of either shape."""
    content = json.loads((ROOT / name).read_text(encoding="utf-8"))
    if "body" in content:
        return content["body"].get("result", content["body"].get("error"))
    ((_path, found),) = content["api"]["post"].items()
    return found["response"]


def rows(found: Any) -> list[dict[str, Any]]:
    listed = found if isinstance(found, list) else []
    return [one for one in listed if isinstance(one, dict) and "id" in one]


@pytest.mark.parametrize("name", FILES)
def test_every_recording_has_its_place(name: str) -> None:
    stem = Path(name).stem
    reason = next((why for word, why in REASONS.items() if word in name), None)
    if reason:
        pytest.skip(f"{name}: {reason}")
    found = answer(name)
    if stem in ERRORS:
        error = fault(found["data"], reads=stem in ("bad_domain", "unknown_model"), at="a call")
        assert isinstance(error, ERRORS[stem]) and "Traceback" not in str(error)
        return
    records = rows(found)
    if not records:
        assert found in (True, 1, 2, 7, [8, 9], []), (
            f"{name} holds something that nobody looked at: {found!r}"
        )
        return
    for row in records:
        if "lead" in stem:
            _lead(row)
        elif "sale" in stem:
            _order(row)
        else:
            _partner(row)


def _partner(row: dict[str, Any]) -> None:
    record = partner.record({"name": None, **row}, [], lookups=Words(), extra={})
    (mapped,) = shipped("customer").pull(record.raw)
    assert record.external_id == str(row["id"])
    if row.get("name"):
        shown = {mapped.values.get(one) for one in ("display_name", "name", "full_name")}
        assert row["name"] in shown, mapped.values
    if row.get("email"):
        assert mapped.values["email"] == row["email"].lower()
    if "active" in row:
        assert record.deleted is not row["active"]
    if row.get("country_id"):
        assert mapped.values["address.country"] == "US"
    assert "unknown" not in mapped.values.values()


class Wordless(Rpc):
    """Nothing is asked: the recordings have no tags and no languages."""

    def __init__(self) -> None:
        pass

    def by_ids(self, model: str, ids: Any, fields: Any) -> list[Any]:
        assert not ids
        return []


def _lead(row: dict[str, Any]) -> None:
    words = Words()
    words._rpc = Wordless()
    records = Leads(words._rpc, words, place="erp").records([row])
    if not any(row.get(name) for name in ("contact_name", "partner_name", "email_from", "phone")):
        assert not records, "a lead that names nobody is no customer"
        return
    (record,) = records
    (mapped,) = shipped("customer").pull(record.raw)
    assert record.external_id == f"lead/{row['id']}" and not record.deleted
    assert mapped.values["display_name"] == row["contact_name"]
    assert (mapped.values["lead_status"], mapped.values["lifecycle_stage"]) == (
        row["stage_id"][1],
        "prospect",
    )


def _order(row: dict[str, Any]) -> None:
    total = row["amount_total"]
    line = {
        "id": 1,
        "order_id": [row["id"], ""],
        "sequence": 10,
        "name": "Gift Card",
        "display_type": False,
        "product_id": [1, "Gift Card"],
        "product_uom_qty": 2.0,
        "price_unit": total / 2,
        "discount": 0.0,
        "price_subtotal": total,
        "price_tax": 0.0,
        "price_total": total,
        "qty_delivered": 0.0,
    }
    owner = {"id": row["partner_id"][0], "name": row["partner_id"][1], "type": "contact", "email": False}
    parts = Parts({row["id"]: [line]}, None, {}, None, {owner["id"]: owner}, {1: None}, {})
    record = order.record(row, parts, lookups=Words(), mark="origin")
    (mapped,) = shipped("order").pull(record.raw)
    assert mapped.values["number"] == row["name"] and mapped.values["status"] == "draft"
    assert mapped.values["customer_record"] == str(row["partner_id"][0])
    assert mapped.values["currency"] == row["currency_id"][1]
    assert totals_difference(mapped.values) == 0
    assert mapped.values["placed_at"].startswith(row["date_order"].replace(" ", "T"))
