"""Whether a connection works, and which fields its records have: for `check` and `discover`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from connectors.bluesky.answers import rows, strange
from connectors.bluesky.shape import POST
from connectors.bluesky.xrpc import Api
from hub.sdk import FieldShape, Finding, Http, HubError, ObjectShape

_FIX = "is the url that of the account's server (PDS), such as https://bsky.social?"


def findings(api: Api, http: Http, *, reasons: Sequence[str], known: Sequence[str]) -> Iterator[Finding]:
    """Step by step; ends after the first that fails."""
    if unknown := [one for one in reasons if one not in known]:
        yield Finding("settings", False, f"reasons: no {unknown[0]!r}", f"use some of: {', '.join(known)}")
        return
    steps: tuple[tuple[str, Callable[[], str]], ...] = (
        ("reach the server", lambda: _server(http)),
        ("log in", lambda: _account(api)),
        ("read notifications", lambda: _heard(api)),
        ("read own posts", lambda: _own(api)),
    )
    for name, step in steps:
        try:
            detail = step()
        except HubError as error:
            cause = f" ({error.cause})" if error.cause else ""
            yield Finding(name, False, error.message + cause, error.fix or _FIX)
            return
        yield Finding(name, True, detail)


def _server(http: Http) -> str:
    said = http.get("com.atproto.server.describeServer").json()
    if not isinstance(said, dict) or not isinstance(said.get("did"), str):
        raise strange("the server's description")
    return f"server {said['did']}"


def _account(api: Api) -> str:
    said = api.read("com.atproto.server.getSession")
    if not isinstance(said.get("did"), str) or not isinstance(said.get("handle"), str):
        raise strange("the session")
    return f"{said['handle']}, {said['did']}"


def _heard(api: Api) -> str:
    found = rows(api.read("app.bsky.notification.listNotifications", limit=1), "notifications")
    return f"newest: {found[0].get('indexedAt')}" if found else "none yet"


def _own(api: Api) -> str:
    did = api.account().did
    found = rows(api.read("com.atproto.repo.listRecords", repo=did, collection=POST, limit=1), "records")
    return "there are some" if found else "none yet"


def shapes() -> Sequence[ObjectShape]:
    """The fields of the one raw shape; the network has no custom ones."""
    texts = (
        *("uri", "cid", "reason", "direction", "root", "parent", "subject", "quoted", "to", "permalink"),
        *(f"author.{name}" for name in ("did", "handle", "display_name", "website", "domain", "profile_url")),
        *("written.email", "written.phone"),
    )
    fields = [
        FieldShape("text", "text", required=True),
        *(FieldShape(name, "text", readonly=name != "parent") for name in texts),
        FieldShape("at", "instant", readonly=True),
        FieldShape("lang", "text"),
        FieldShape("links", "list", readonly=True),
        *(FieldShape(f"author.{name}", "bool", readonly=True) for name in ("website_proved", "verified")),
    ]
    return [ObjectShape("post, like or follow", "interaction", fields)]
