"""Writes to accounts. The API takes little, ignores the rest in silence, and lets two accounts share an e-mail, so
that we look before we write.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from connectors.oscar import account
from connectors.oscar.rest import Rest, Row, identity
from connectors.oscar.walk import Walk
from hub.sdk import Change, Receipt, RecordRejected, Unsupported, segment
from hub.sdk.writing import push_each

_USERNAME_LENGTH = 150


class Pusher:
    """One push call. Raises only before the first write."""

    def __init__(self, rest: Rest, *, size: int) -> None:
        self._rest = rest
        self._size = size
        self._shown: frozenset[str] = frozenset()
        self._names: dict[str, str] = {}
        self._emails: dict[str, set[str]] = {}

    def push(self, changes: Sequence[Change]) -> list[Receipt]:
        if not changes:
            return []
        if any(change.external_id is None or change.payload.get("email") for change in changes):
            for row in Walk(self._rest, account.PATH, size=self._size).rows():
                self._learn(row)
        else:
            for row in self._rest.listing(account.PATH, {"limit": 1}).rows[:1]:
                self._shown = frozenset(row)
        return push_each(changes, self._write)

    def _write(self, change: Change) -> Receipt:
        values = self._values(change.payload)
        id = change.external_id or self._names.get(username(change) or "")
        self._alone(values.get("email"), id)
        if id is not None:
            row = self._rest.write("PATCH", f"{account.PATH}{segment(id)}/", values)
        else:
            row = self._rest.write("POST", account.PATH, self._named(change, values))
        if id is not None and identity(row) != id:
            raise RecordRejected(f"the shop answered with account {identity(row)} instead of {id}")
        self._learn(row)
        shown = account.record(row)
        return Receipt(change.key, "done", shown.external_id, shown)

    def _learn(self, row: Row) -> None:
        id = identity(row)
        self._shown |= frozenset(row)
        if row.get("username"):
            self._names[str(row["username"])] = id
        for holders in self._emails.values():
            holders.discard(id)
        if row.get("email"):
            self._emails.setdefault(account.key(row["email"]), set()).add(id)

    def _values(self, payload: Mapping[str, Any]) -> dict[str, Any]:
        """The payload, if the API takes all of it. Raises Unsupported otherwise."""
        for name in payload:
            if name not in account.WRITABLE:
                raise Unsupported(
                    f"{name} of an account cannot be written", fix="take its line out of the map's push"
                )
            if name not in self._shown:
                raise Unsupported(
                    f"the shop's API does not show {name}, and would ignore it without a word",
                    fix=f'add "{name}" to the shop\'s setting OSCARAPI_ADMIN_USER_FIELDS',
                )
        return {name: "" if value is None else value for name, value in payload.items()}

    def _alone(self, email: Any, id: str | None) -> None:
        """Refuse an e-mail that another account has: a customer logs in by it, and its own registration refuses it."""
        others = self._emails.get(account.key(email), set()) - {id} if email else set()
        if others:
            raise RecordRejected(
                f"account {', '.join(sorted(others))} has this e-mail already",
                fix="pull the shop's customers: the account is matched then",
            )

    def _named(self, change: Change, values: Mapping[str, Any]) -> dict[str, Any]:
        if "username" not in self._shown:
            return dict(values)
        name = username(change)
        if not name:
            raise RecordRejected("an account needs an e-mail or our mark for its username")
        return {"username": name, **values}


def username(change: Change) -> str | None:
    """The username of an account we make: our mark, so that the same create again meets it; else its e-mail."""
    name = change.marker or change.payload.get("email")
    return str(name)[:_USERNAME_LENGTH] if name and change.external_id is None else None
