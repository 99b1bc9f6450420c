"""Which of the two protocols a connection speaks."""

from __future__ import annotations

from connectors.odoo.rpc import JsonRpc, Rpc, Transport, json2
from hub.sdk import ConnectionBroken, ConnectionView, Http, NeedsReauth

JSON2_SINCE = 19
_PROTOCOLS = ("auto", "jsonrpc", "json2")


def connect(http: Http, connection: ConnectionView) -> Rpc:
    """Logged in. Raises NeedsReauth, ConnectionBroken."""
    settings = connection.settings
    companies = [int(one) for one in settings.get("companies") or ()]
    bound = http.at(str(settings["url"]))
    return Rpc(_transport(http, bound, connection), bound, companies=companies)


def series(version: str) -> int:
    """17 of "17.0", of "saas~17.2" and of "17.0+e"; 0 if it cannot be read."""
    digits = version.replace("saas~", "").replace("saas-", "").partition(".")[0]
    return int(digits) if digits.isdecimal() else 0


def jsonrpc(bound: Http, connection: ConnectionView) -> JsonRpc:
    settings = connection.settings
    login = settings.get("login")
    return JsonRpc(
        bound,
        database=str(settings["database"]),
        login=str(login or ""),
        key=connection.secret("key") or "",
    )


def _transport(http: Http, bound: Http, connection: ConnectionView) -> Transport:
    settings = connection.settings
    wanted = str(settings.get("protocol") or "auto")
    if wanted not in _PROTOCOLS:
        raise ConnectionBroken(f'there is no protocol "{wanted}"', fix=f"use {', '.join(_PROTOCOLS)}")
    key, database = connection.secret("key") or "", str(settings["database"])
    modern = json2(http, str(settings["url"]), database=database, key=key)
    classic = jsonrpc(bound, connection)
    if wanted == "jsonrpc" and not settings.get("login"):
        raise ConnectionBroken("JSON-RPC needs a login", fix="set login to the user's name there")
    if wanted == "json2" or (wanted == "auto" and not settings.get("login")):
        _who(modern)
        return modern
    if wanted == "auto" and series(classic.version()) >= JSON2_SINCE:
        try:
            _who(modern)
        except NeedsReauth:
            # A password opens JSON-RPC only.
            classic.login()
            return classic
        return modern
    classic.login()
    return classic


def _who(transport: Transport) -> None:
    """A first call that shows whether the key is good."""
    transport.call("res.users", "context_get", {}, ids=None, reads=True)
