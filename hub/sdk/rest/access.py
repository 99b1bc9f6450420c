"""The settings a declared connector takes, and how its calls prove who they are."""

from __future__ import annotations

from hub.sdk.auth import Auth, Basic, Bearer, Header
from hub.sdk.connector import ConnectionView, Setting
from hub.sdk.http import Http
from hub.sdk.oauth import OAuth, Provider
from hub.sdk.rest.tables import AuthTable, RestTable


def settings(rest: RestTable) -> list[Setting]:
    """What an admin must give."""
    default = rest.url or None
    found = [Setting("url", "url", "the address of the system", required=not default, default=default)]
    kind = rest.auth.kind
    if kind in {"bearer", "header", "query"}:
        found.append(Setting("key", "secret", "the API key or token", required=True))
    elif kind == "basic":
        found.append(Setting("user", "text", "the user, or the key's public half", required=True))
        found.append(Setting("password", "secret", "the password, or the key's secret half", required=True))
    elif kind == "oauth2":
        found.append(Setting("client_id", "text", "of the application registered there", required=True))
        found.append(Setting("client_secret", "secret", "of that application", required=True))
        found.append(Setting("refresh_token", "secret", "if there is one; hub connection authorize makes it"))
        where = "the authorisation server, if not the vendor's usual one"
        found.append(Setting("auth_url", "url", where, default=rest.auth.server))
    if rest.webhook is not None:
        found.append(Setting("webhook_secret", "secret", "what proves webhooks; without it none is taken"))
        found.append(Setting("webhook_secret_old", "secret", "the one before, during a rotation"))
    return found


def oauth(table: AuthTable, connection: ConnectionView, http: Http) -> OAuth:
    """The authorisation of a connection whose kind is oauth2."""
    provider = Provider(
        authorize_path=table.authorize,
        token_path=table.token,
        scopes=table.scopes,
        grant=table.grant,
        scheme=table.scheme,
        separator=table.separator,
        in_header=table.in_header,
        pkce=table.pkce,
        keep=(table.host,) if table.host else (),
    )
    return OAuth(
        provider,
        http,
        server=str(connection.settings["auth_url"]),
        client_id=str(connection.settings["client_id"]),
        client_secret=connection.secret("client_secret"),
        tokens=connection.tokens,
        seed=connection.secret("refresh_token"),
    )


def auth(table: AuthTable, connection: ConnectionView) -> Auth | None:
    """The other kinds; None where the proof is no header."""
    key = connection.secret("key") or ""
    if table.kind == "bearer":
        return Bearer(key, scheme=table.scheme)
    if table.kind == "header":
        return Header(table.name, key)
    if table.kind == "basic":
        return Basic(str(connection.settings["user"]), connection.secret("password") or "")
    return None


def query(table: AuthTable, connection: ConnectionView, http: Http) -> dict[str, str]:
    """The parameter that proves a call, where it is one; the redactor learns it."""
    if table.kind != "query":
        return {}
    key = connection.secret("key") or ""
    http.redactor.learn(key)
    return {table.name: key}
