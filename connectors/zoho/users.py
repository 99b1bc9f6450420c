"""The account's users: who owns a record. Asked once per job, and only if a change names an owner."""

from __future__ import annotations

from typing import Any

from connectors.zoho.api import Api, Row
from hub.sdk import RecordRejected

_PAGE = 200


class Users:
    def __init__(self, api: Api) -> None:
        self._api = api
        self._known: dict[str, str] | None = None

    def owner(self, value: Any) -> Row:
        """The reference to a user, by e-mail or id. Raises RecordRejected for nobody of this account."""
        wanted = str(value or "").strip().lower()
        id = self._by_name().get(wanted)
        if id is None:
            raise RecordRejected(
                f'"{value}" is no active user of this account',
                fix="owners go by their e-mail there, or by their id",
            )
        return {"id": id}

    def _by_name(self) -> dict[str, str]:
        if self._known is None:
            self._known = {}
            page, more = 1, True
            while more:
                asked = {"type": "ActiveUsers", "page": str(page), "per_page": str(_PAGE)}
                answer = self._api.read("/users", asked, key="users")
                for one in answer.rows:
                    self._known[str(one["id"])] = str(one["id"])
                    if one.get("email"):
                        self._known[str(one["email"]).lower()] = str(one["id"])
                more = answer.info.get("more_records") is True
                page += 1
        return self._known
