"""Persons of Pipedrive over its API v2. What it says and takes stands in manifest.toml; here stand two oddities.

E-mails and phones are lists with one primary entry: the record shows that one as `email` and `phone` besides, and a
write puts it back into the list without touching the others. And webhooks are asked for at API v1.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hub.sdk import Change, Finding, HubError, RemoteRecord, RestConnector

_LISTS = {"email": "emails", "phone": "phones"}
_HOOKS = "/v1/webhooks"
_FIX = "does the key belong to an administrator? hub connection webhooks NAME --register mends the rest"


class PipedriveConnector(RestConnector):
    """One company account, seen with the rights of the user whose key it is."""

    def record(self, object: str, row: Mapping[str, Any]) -> RemoteRecord:
        found = super().record(object, row)
        shown = {name: _primary(row.get(list_name)) for name, list_name in _LISTS.items()}
        return found._replace(raw={**row, **shown})

    def fields_of(self, object: str, change: Change) -> dict[str, Any]:
        body = super().fields_of(object, change)
        before = change.before or {}
        for name, list_name in _LISTS.items():
            if name in body:
                body[list_name] = _with_primary(before.get(list_name), body.pop(name))
        return body

    def ensure_webhooks(self, url: str, secret: str, *, only_look: bool = False) -> Sequence[Finding]:
        """One webhook for all that happens to persons. Its password cannot be compared, so with a changed secret it is
        made anew; a webhook that Pipedrive has ended is replaced."""
        try:
            rows = self.read(_HOOKS).get("data") or []
            mine = [
                one
                for one in rows
                if one.get("subscription_url") == url and one.get("event_object") == "person"
            ]
            good = [
                one
                for one in mine
                if one.get("is_active") and one.get("http_auth_password") in (None, secret)
            ]
            if only_look or good:
                said = f"number {good[0]['id']}" if good else "it is not there, or not active"
                return [Finding("persons", bool(good), said, None if good else _FIX)]
            for one in mine:
                self.verdict(self.call("DELETE", f"{_HOOKS}/{one['id']}"))
            made = self.verdict(self.call("POST", _HOOKS, json=_hook(url, secret, self.connection.name)))
            return [Finding("persons", True, f"made, number {made['data']['id']}")]
        except HubError as error:
            said = error.message + (f" ({error.cause})" if error.cause else "")
            return [Finding("persons", False, said, error.fix or _FIX)]


def _hook(url: str, secret: str, name: str) -> dict[str, Any]:
    return {
        "subscription_url": url,
        "event_action": "*",
        "event_object": "person",
        "name": f"CRM Hub {name}",
        "http_auth_user": "hub",
        "http_auth_password": secret,
        "version": "2.0",
    }


def _primary(entries: Any) -> str | None:
    """The primary entry's value, or the first one's; blank entries are Pipedrive's way to say that there is none."""
    told = [one for one in entries or () if isinstance(one, Mapping) and one.get("value")]
    chosen = next((one for one in told if one.get("primary")), told[0] if told else None)
    return str(chosen["value"]) if chosen else None


def _with_primary(entries: Any, value: Any) -> list[dict[str, Any]]:
    """The list with another primary value; it is written whole, so the further entries go along."""
    told = [dict(one) for one in entries or () if isinstance(one, Mapping) and one.get("value")]
    chosen = next((one for one in told if one.get("primary")), told[0] if told else None)
    others = [one for one in told if one is not chosen and one.get("value") != value]
    if not value:
        return others
    return [{"label": "work", **(chosen or {}), "value": value, "primary": True}, *others]
