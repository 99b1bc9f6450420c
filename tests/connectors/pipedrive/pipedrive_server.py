"""A fake Pipedrive: persons of API v2, users and webhooks of v1. Its shapes are of the vendor's OpenAPI documents,
which also judge every request where they are at hand; how it behaves beyond them is said in the connector's README.
"""

from __future__ import annotations

import base64
import os
import time
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import orjson
import pytest

from hub.testkit.fake_rest import FakeRest, Unfit, epoch, iso, reply, same
from hub.testkit.loopback import Reply, Request
from hub.testkit.openapi import Judge

KEY = "f1c0de5d0c17aa91b2e4pd"
HOOK_SECRET = "pipe-hook-91b2e4"
_VENDORS = Path(os.environ.get("HUB_TEST_VENDORS") or Path(__file__).parents[4] / "shared" / "vendors")
FOLDER = _VENDORS / "pipedrive"


@cache
def judges() -> list[Judge]:
    """Of the vendor's two documents; none where those are not at hand."""
    yaml = pytest.importorskip("yaml")
    found = []
    for version, prefix in (("v2", "/api/v2"), ("v1", "/v1")):
        file = FOLDER / f"pipedrive-{version}-openapi.yml"
        if file.is_file():
            loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
            found.append(Judge(yaml.load(file.read_text(encoding="utf-8"), Loader=loader), prefix=prefix))
    return found


class PipedriveServer(FakeRest):
    routes = {
        "GET /v1/users/me": "me",
        "GET /v1/webhooks": "hooks",
        "POST /v1/webhooks": "add_hook",
        "DELETE /v1/webhooks/{id}": "drop_hook",
        "GET /api/v2/persons": "persons",
        "GET /api/v2/persons/search": "search",
        "GET /api/v2/persons/{id}": "person",
        "POST /api/v2/persons": "create",
        "PATCH /api/v2/persons/{id}": "update",
    }

    def __init__(self) -> None:
        super().__init__()
        self.webhooks: list[dict[str, Any]] = []

    def allowed(self, request: Request) -> bool:
        return same(request.headers.get("x-api-token"), KEY)

    def objection(self, request: Request) -> str | None:
        return next((judge.complaint(request) for judge in judges() if judge.knows(request.path)), None)

    def judge(self, fields: Mapping[str, Any], id: str | None) -> None:
        if not fields.get("name", "" if id is None else "kept"):
            raise Unfit("name is required")
        if "\x00" in str(fields.get("name")):
            raise Unfit("name holds a character that cannot be stored")

    def refusal(self, status: int, why: str) -> Reply:
        return reply({"success": False, "error": why, "errorCode": status}, status=status)

    def render(self, row: Mapping[str, Any]) -> dict[str, Any]:
        first, _, last = str(row["name"]).partition(" ")
        return {
            "id": int(row["id"]),
            "name": row["name"],
            "first_name": first,
            "last_name": last or None,
            "owner_id": 25,
            "org_id": None,
            "add_time": iso(row["created"]),
            "update_time": iso(row["changed"]),
            "emails": row.get("emails") or [],
            "phones": row.get("phones") or [],
            "is_deleted": False,
            "visible_to": 3,
            "label_ids": [],
            "picture_id": None,
            "custom_fields": {},
            "birthday": row.get("birthday"),
            "job_title": row.get("job_title"),
        }

    # --- API v2 -------------------------------------------------------------------------------------------

    def persons(self, request: Request) -> Reply:
        asked = request.query
        if "ids" in asked:
            chosen = [self.rows[one] for one in asked["ids"].split(",") if one in self.rows]
            return _found([self.render(row) for row in chosen], None)
        since = epoch(asked.get("updated_since"))
        chosen = [row for row in self.rows.values() if row["changed"] >= since]
        page, following = self.page(chosen, size=int(asked.get("limit", 100)), token=asked.get("cursor"))
        return _found([self.render(row) for row in page], following)

    def search(self, request: Request) -> Reply:
        term = request.query["term"].casefold()
        hits = [
            {"result_score": 0.5, "item": {"id": int(row["id"]), "type": "person", "name": row["name"]}}
            for row in self.rows.values()
            if any(str(one["value"]).casefold() == term for one in row.get("emails") or ())
        ]
        return reply({"success": True, "data": {"items": hits}, "additional_data": {"next_cursor": None}})

    def person(self, request: Request, id: str) -> Reply:
        if id not in self.rows:
            return self.refusal(404, "Person not found")
        return reply({"success": True, "data": self.render(self.rows[id])})

    def create(self, request: Request) -> Reply:
        return self._save(None, orjson.loads(request.body))

    def update(self, request: Request, id: str) -> Reply:
        return (
            self._save(id, orjson.loads(request.body))
            if id in self.rows
            else self.refusal(404, "Person not found")
        )

    def _save(self, id: str | None, fields: Mapping[str, Any]) -> Reply:
        try:
            saved = self.put(fields, id=id)
        except Unfit as error:
            return self.refusal(400, str(error))
        return reply(
            {"success": True, "data": self.render(self.rows[saved])}, status=201 if id is None else 200
        )

    # --- API v1 -------------------------------------------------------------------------------------------

    def me(self, request: Request) -> Reply:
        return reply({"success": True, "data": {"id": 25, "name": "Me", "company_name": "Somebody & Sons"}})

    def hooks(self, request: Request) -> Reply:
        return reply({"status": "ok", "success": True, "data": self.webhooks})

    def add_hook(self, request: Request) -> Reply:
        told = orjson.loads(request.body)
        made = {"id": len(self.webhooks) + 1, "is_active": 1, **told}
        self.webhooks.append(made)
        return reply({"status": "ok", "success": True, "data": made}, status=201)

    def drop_hook(self, request: Request, id: str) -> Reply:
        self.webhooks = [one for one in self.webhooks if str(one["id"]) != id]
        return reply({"status": "ok", "success": True})

    def webhook(self, id: str, *, action: str = "change") -> tuple[dict[str, str], bytes]:
        meta = {"entity": "person", "action": action, "entity_id": id, "id": f"m-{id}-{int(time.time())}"}
        return self.signed(orjson.dumps({"meta": meta, "data": self.shown(id), "previous": {}}))

    def signed(self, body: bytes) -> tuple[dict[str, str], bytes]:
        packed = base64.b64encode(f"hub:{HOOK_SECRET}".encode()).decode()
        return {"Authorization": f"Basic {packed}", "Content-Type": "application/json"}, body


def _found(rows: list[dict[str, Any]], following: str | None) -> Reply:
    return reply({"success": True, "data": rows, "additional_data": {"next_cursor": following}})
