"""A remote system with every bad habit that real ones have, in one process. Its rows are kept in a dictionary.

Always: its clock has whole seconds, so that many rows share a modification time; it filters "changed at or after" only;
a blank phone is spelt `false`, a blank city `""`, and other blanks are left out; a status may be a word nobody
knows; errors
come as HTTP 200 with `ok: false`; a batch is answered row by row, in another order; unknown ids are left out silently.

On demand (attributes): `drift` rows of a page just served move to the end of the list; `token_loop`, `repeat_last` and
`empty_pages` spoil the order list's page tokens; `clock_ahead` puts its clock out; `arm` does the rest
(loopback.Fault).
"""

from __future__ import annotations

import hmac
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import orjson

from hub.sdk.signing import sign
from hub.testkit.loopback import Loopback, Reply, Request

KEY = "hostile-key-5c1f0b"
WEBHOOK_SECRET = "hostile-hook-77aa01"  # noqa: S105  (the fake remote's own)
FIELDS = ("name", "email", "phone", "city", "status", "marker")


class Unfit(Exception):
    """A row it refuses; the code and the message it gives."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class HostileRemote(Loopback):
    """GET /v1/me, /v1/customers, /v1/customers/gone, /v1/orders; POST /v1/customers/read, find and write."""

    def __init__(self) -> None:
        super().__init__()
        self.drift = 0
        self.token_loop = False
        self.repeat_last = False
        self.empty_pages = False
        self.suspended = False
        self.rows: dict[str, dict[str, Any]] = {}
        self.orders: list[dict[str, Any]] = []
        self.gone: list[str] = []
        self._last = 0

    # --- what people and tests do there, without HTTP -------------------------------------------------

    def put(self, fields: Mapping[str, Any], *, row_id: str | None = None, at: int | None = None) -> str:
        """Create a row, or change the given fields of one. `at`: its modification time. Raises Unfit."""
        with self._lock:
            self._judge(fields, row_id)
            if row_id is None:
                self._last += 1
                row_id = f"c{self._last}"
                self.rows[row_id] = {"id": row_id, "rev": 0}
            row = self.rows[row_id]
            row.update({name: value for name, value in fields.items() if name in FIELDS})
            row["rev"] += 1
            row["updated"] = at if at is not None else self.seconds()
            return row_id

    def erase(self, row_id: str) -> None:
        with self._lock:
            del self.rows[row_id]
            self.gone.append(row_id)

    def shown(self, row_id: str) -> dict[str, Any] | None:
        """The row as the API renders it; None if there is none."""
        with self._lock:
            row = self.rows.get(row_id)
            return None if row is None else _rendered(row)

    def seconds(self) -> int:
        """Its clock."""
        return int(time.time() + self.clock_ahead)

    def webhook(self, row_id: str, *, age: float = 0.0) -> tuple[dict[str, str], bytes]:
        """The headers and body it would call us with, signed `age` seconds ago."""
        return self.signed(orjson.dumps({"events": [{"type": "customer.changed", "id": row_id}]}), age=age)

    def signed(self, body: bytes, *, age: float = 0.0) -> tuple[dict[str, str], bytes]:
        """Any body, with the headers it would have."""
        moment = str(int(time.time() - age))
        signature = sign(moment.encode() + b"." + body, WEBHOOK_SECRET, prefix="v1=")
        return {"X-Hostile-Time": moment, "X-Hostile-Signature": signature}, body

    # --- the API ------------------------------------------------------------------------------------

    def answer(self, request: Request) -> Reply:
        given = request.headers.get("authorization", "")
        if not hmac.compare_digest(given.encode(), f"Bearer {KEY}".encode()):
            return _reply(
                {"ok": False, "error": {"code": "auth", "message": f"bad key: {given}"}}, status=401
            )
        if self.suspended:
            return _error("suspended", "this account is suspended")
        route = {
            "GET /v1/me": self._me,
            "GET /v1/customers": self._list,
            "GET /v1/customers/gone": self._gone,
            "GET /v1/orders": self._orders,
            "POST /v1/customers/read": self._read,
            "POST /v1/customers/find": self._find,
            "POST /v1/customers/write": self._write,
        }.get(f"{request.method} {request.path}")
        if route is None:
            return Reply(404, b"<html>not here</html>", {"Content-Type": "text/html"})
        return route(request)

    def _me(self, request: Request) -> Reply:
        return _reply({"ok": True, "account": "Hostile & Sons"})

    def _list(self, request: Request) -> Reply:
        since = _seconds(request.query.get("since", ""))
        skip, limit = int(request.query.get("skip", 0)), int(request.query.get("limit", 100))
        chosen = [row for row in self.rows.values() if row["updated"] >= since]
        chosen.sort(key=lambda row: (row["updated"], row["id"]))
        page = chosen[skip : skip + limit]
        answer = _reply({"ok": True, "rows": [_rendered(row) for row in page]})
        if self.drift > 0 and page:
            self.drift -= 1
            page[0]["updated"] = max(self.seconds(), chosen[-1]["updated"])
            page[0]["rev"] += 1
        return answer

    def _orders(self, request: Request) -> Reply:
        limit = int(request.query.get("limit", 100))
        token = request.query.get("page", "0")
        start, _, pause = token.partition("-")
        if self.empty_pages and not pause:
            return _reply({"ok": True, "rows": [], "next": f"{start}-1"})
        page = self.orders[int(start) : int(start) + limit]
        end = int(start) + limit
        if end < len(self.orders):
            following = token if self.token_loop and int(start) > 0 else str(end)
            return _reply({"ok": True, "rows": page, "next": following})
        # Some systems have no last page: they give it again and again.
        return _reply({"ok": True, "rows": page, "next": token if self.repeat_last else None})

    def _gone(self, request: Request) -> Reply:
        start = int(request.query.get("after") or 0)
        page = self.gone[start : start + 2]
        end = start + len(page)
        return _reply({"ok": True, "ids": page, "next": str(end), "more": end < len(self.gone)})

    def _read(self, request: Request) -> Reply:
        ids = orjson.loads(request.body)["ids"]
        return _reply(
            {"ok": True, "rows": [_rendered(self.rows[one]) for one in reversed(ids) if one in self.rows]}
        )

    def _find(self, request: Request) -> Reply:
        wanted = orjson.loads(request.body)
        found = [
            row for row in self.rows.values() if all(row.get(name) == value for name, value in wanted.items())
        ]
        return _reply({"ok": True, "rows": [_rendered(row) for row in found]})

    def _write(self, request: Request) -> Reply:
        results = [self._write_one(one) for one in orjson.loads(request.body)["changes"]]
        return _reply({"ok": True, "results": results[::-1]})

    def _write_one(self, change: Mapping[str, Any]) -> dict[str, Any]:
        row_id = change.get("id")
        answer: dict[str, Any] = {"ref": change["ref"], "ok": False}
        if row_id is not None:
            row = self.rows.get(row_id)
            if row is None:
                return answer | {"error": {"code": "missing", "message": f"there is no row {row_id}"}}
            if change.get("if_rev") not in (None, str(row["rev"])):
                return answer | {"error": {"code": "stale", "message": f"the row is at {row['rev']}"}}
        try:
            row_id = self.put(change["fields"], row_id=row_id)
        except Unfit as error:
            return answer | {"error": {"code": error.code, "message": str(error)}}
        return answer | {"ok": True, "row": _rendered(self.rows[row_id])}

    def _judge(self, fields: Mapping[str, Any], row_id: str | None) -> None:
        name = fields.get("name", "" if row_id is None else "kept")
        if not name:
            raise Unfit("invalid", "a row needs a name")
        if "\x00" in name:
            raise Unfit("invalid", "the name holds a character that cannot be stored")
        email = fields.get("email")
        taken = [row["id"] for row in self.rows.values() if email and row.get("email") == email]
        if any(one != row_id for one in taken):
            raise Unfit("duplicate", f"the e-mail is taken by {taken[0]}")


def _rendered(row: Mapping[str, Any]) -> dict[str, Any]:
    shown = {name: row[name] for name in FIELDS if row.get(name)}
    shown["phone"] = row.get("phone") or False
    shown["city"] = row.get("city") or ""
    moment = datetime.fromtimestamp(row["updated"], UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {"id": row["id"], "rev": row["rev"], "updated": moment, **shown}


def _seconds(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp()) if text else 0


def _reply(content: Mapping[str, Any] | Sequence[Any], *, status: int = 200) -> Reply:
    return Reply(status, orjson.dumps(content), {"Content-Type": "application/json"})


def _error(code: str, message: str) -> Reply:
    return _reply({"ok": False, "error": {"code": code, "message": message}})
