"""Zoho's data centres: an account lives in one of them, with hosts of its own, and knows nothing of the others.

Hosts: the vendor's Python client 7.0.0 (zohocrmsdk8_0/dc); uk is from general knowledge, unverified.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from hub.sdk import ConnectionBroken, Provider

SCOPES = (
    "ZohoCRM.modules.ALL",
    "ZohoCRM.settings.fields.READ",
    "ZohoCRM.settings.modules.READ",
    "ZohoCRM.users.READ",
    "ZohoCRM.coql.READ",
    "ZohoCRM.bulk.READ",
    "ZohoCRM.notifications.ALL",
)


class Place(NamedTuple):
    """One data centre: who gives tokens, and where the data is."""

    accounts: str
    api: str


PLACES: Mapping[str, Place] = {
    "com": Place("https://accounts.zoho.com", "zohoapis.com"),
    "eu": Place("https://accounts.zoho.eu", "zohoapis.eu"),
    "in": Place("https://accounts.zoho.in", "zohoapis.in"),
    "com.au": Place("https://accounts.zoho.com.au", "zohoapis.com.au"),
    "jp": Place("https://accounts.zoho.jp", "zohoapis.jp"),
    "com.cn": Place("https://accounts.zoho.com.cn", "zohoapis.com.cn"),
    "ca": Place("https://accounts.zohocloud.ca", "zohoapis.ca"),
    "sa": Place("https://accounts.zoho.sa", "zohoapis.sa"),
    "uk": Place("https://accounts.zoho.uk", "zohoapis.uk"),
}

ENVIRONMENTS: Mapping[str, str] = {"production": "www", "sandbox": "sandbox", "developer": "developer"}

PROVIDER = Provider(
    authorize_path="/oauth/v2/auth",
    token_path="/oauth/v2/token",  # noqa: S106  (a path)
    scopes=SCOPES,
    scheme="Zoho-oauthtoken",
    separator=",",
    authorize={"access_type": "offline", "prompt": "consent"},
    keep=("api_domain",),
    servers=tuple(place.accounts for place in PLACES.values()),
)

_HOSTS = frozenset(
    f"https://{prefix}.{place.api}" for place in PLACES.values() for prefix in ENVIRONMENTS.values()
)


def place(dc: str) -> Place:
    """Raises ConnectionBroken for a data centre that does not exist."""
    found = PLACES.get(dc.strip().lower().lstrip(".").removeprefix("zoho."))
    if found is None:
        raise ConnectionBroken(f'Zoho has no data centre "{dc}"', fix=f"dc is one of {', '.join(PLACES)}")
    return found


def api_host(dc: str, environment: str, told: str | None) -> str:
    """Where the data is: what came with the token wins over what is configured, if it is Zoho's at all."""
    prefix = ENVIRONMENTS.get(environment)
    if prefix is None:
        raise ConnectionBroken(
            f'there is no environment "{environment}"', fix=f"environment is one of {', '.join(ENVIRONMENTS)}"
        )
    if told:
        host = told.rstrip("/")
        if host not in _HOSTS:
            raise ConnectionBroken(
                "the token's api_domain is none of Zoho's", cause=told, fix="set url, if this host is right"
            )
        return host.replace("https://www.", f"https://{prefix}.")
    return f"https://{prefix}.{place(dc).api}"
