"""A small AT Protocol network in this process: one server (PDS) with its AppView, for tests without a real one.

It does what was seen of the real ones (2026-11-24): notifications are listed by the earlier of the writer's time and
its own, newest first, with that time as cursor; a second createRecord under a key is a 500, putRecord with swapRecord
null an InvalidSwap; an expired token is a 400; keys of posts are TIDs; a post has at most 300 characters. What it is
asked and what it answers is held against the lexicons by test_bluesky_lexicons.py.
"""

from __future__ import annotations

import base64
import json
import re
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qs, urlsplit

from hub.testkit.loopback import Loopback, Reply, Request

POST, LIKE, FOLLOW = "app.bsky.feed.post", "app.bsky.feed.like", "app.bsky.graph.follow"
PROFILE = "app.bsky.actor.profile"
_TID = re.compile(r"[234567abcdefghij][234567abcdefghijklmnopqrstuvwxyz]{12}")
_LETTERS = "234567abcdefghijklmnopqrstuvwxyz"
_FACET = "app.bsky.richtext.facet#mention"


class No(Exception):
    """An error answer: status, name, words."""

    def __init__(self, status: int, name: str, words: str) -> None:
        super().__init__(words)
        self.status, self.name = status, name


class Account:
    def __init__(self, did: str, handle: str, password: str) -> None:
        self.did, self.handle, self.password = did, handle, password
        self.records: dict[str, dict[str, Any]] = {}  # "collection/rkey" → {uri, cid, value, indexedAt}


class FakeNetwork(Loopback):
    """`accounts` by DID. `access_seconds`: how long an access token lives. `limit`: calls allowed, then 429."""

    def __init__(self) -> None:
        super().__init__()
        self.accounts: dict[str, Account] = {}
        self.access_seconds = 7200.0
        self.limit: int | None = None
        self.logins = 0
        self.refreshes = 0
        self.exchanges: list[tuple[str, dict[str, list[str]], Any, Any]] = []
        self._access: dict[str, tuple[str, float]] = {}
        self._refresh: dict[str, str] = {}
        self._last_tid = 0
        self._serial = 0
        for name in ("alice", "bob", "widgetco"):
            self.add(f"{name}.test", f"{name}-pass")

    def add(self, handle: str, password: str) -> Account:
        did = f"did:plc:{sha256(handle.encode()).hexdigest()[:24].translate(_PLC)}"
        self.accounts[did] = Account(did, handle, password)
        return self.accounts[did]

    # --- answering ----------------------------------------------------------------------------------

    def answer(self, request: Request) -> Reply:
        method = request.path.removeprefix("/xrpc/")
        query = parse_qs(urlsplit(request.target).query, keep_blank_values=True)
        try:
            call: Callable[..., Any] | None = getattr(self, f"_{method.replace('.', '_')}", None)
            if not request.path.startswith("/xrpc/") or call is None:
                raise No(
                    404 if not request.path.startswith("/xrpc/") else 501, "MethodNotImplemented", method
                )
            if self.limit is not None:
                self.limit -= 1
                if self.limit < 0:
                    return _limited()
            body = json.loads(request.body) if request.body else None
            if method == "com.atproto.server.refreshSession" and request.body:
                raise No(400, "InvalidRequest", "A request body was provided when none was expected")
            said = call(query, body, request.headers)
        except No as no:
            words = {"error": no.name, "message": str(no)}
            return Reply(no.status, json.dumps(words).encode(), {"Content-Type": "application/json"})
        self.exchanges.append((method, query, body, said))
        return Reply(200, json.dumps(said).encode(), {"Content-Type": "application/json; charset=utf-8"})

    # --- sessions -----------------------------------------------------------------------------------

    def _com_atproto_server_describeServer(self, query: Any, body: Any, headers: Any) -> Any:
        return {"did": "did:web:localhost", "availableUserDomains": [".test"], "inviteCodeRequired": False}

    def _com_atproto_server_createSession(self, query: Any, body: Any, headers: Any) -> Any:
        found = self._named(str(body.get("identifier")))
        if found is None or found.password != body.get("password"):
            raise No(401, "AuthenticationRequired", "Invalid identifier or password")
        self.logins += 1
        return self._session(found)

    def _com_atproto_server_refreshSession(self, query: Any, body: Any, headers: Mapping[str, str]) -> Any:
        did = self._refresh.pop(_bearer(headers), None)
        if did is None:
            raise No(400, "ExpiredToken", "Token has been revoked")
        self.refreshes += 1
        return self._session(self.accounts[did])

    def _com_atproto_server_getSession(self, query: Any, body: Any, headers: Any) -> Any:
        account = self._asking(headers)
        return {"handle": account.handle, "did": account.did, "active": True}

    def _session(self, account: Account) -> Any:
        self._serial += 1
        access, refresh = f"access-jwt-{self._serial:08d}", f"refresh-jwt-{self._serial:08d}"
        self._access[access] = (account.did, time.time() + self.access_seconds)
        self._refresh[refresh] = account.did
        return {
            "accessJwt": access,
            "refreshJwt": refresh,
            "handle": account.handle,
            "did": account.did,
            "active": True,
        }

    def expire(self) -> None:
        """Every access token given out so far has run out."""
        self._access = {token: (did, 0.0) for token, (did, _) in self._access.items()}

    def _asking(self, headers: Mapping[str, str]) -> Account:
        token = _bearer(headers)
        if not token:
            raise No(401, "AuthMissing", "Authentication Required")
        if token not in self._access:
            raise No(400, "InvalidToken", "Token could not be verified")
        did, until = self._access[token]
        if until < time.time():
            raise No(400, "ExpiredToken", "Token has expired")
        return self.accounts[did]

    def _named(self, name: str) -> Account | None:
        return next((one for one in self.accounts.values() if name in (one.did, one.handle)), None)

    # --- repositories -------------------------------------------------------------------------------

    def _com_atproto_repo_createRecord(self, query: Any, body: Any, headers: Any) -> Any:
        account = self._own(body, headers)
        place = f"{body['collection']}/{body.get('rkey') or self._tid()}"
        if place in account.records:
            raise No(500, "InternalServerError", "Internal Server Error")
        return self._write(account, place, body["record"])

    def _com_atproto_repo_putRecord(self, query: Any, body: Any, headers: Any) -> Any:
        account = self._own(body, headers)
        place = f"{body['collection']}/{body['rkey']}"
        there = account.records.get(place)
        if "swapRecord" in body and body["swapRecord"] != (there and there["cid"]):
            raise No(400, "InvalidSwap", f"Record was at {there and there['cid']}")
        return self._write(account, place, body["record"])

    def _com_atproto_repo_deleteRecord(self, query: Any, body: Any, headers: Any) -> Any:
        self._own(body, headers).records.pop(f"{body['collection']}/{body['rkey']}", None)
        return {}

    def _com_atproto_repo_getRecord(self, query: Any, body: Any, headers: Any) -> Any:
        account = self._named(query["repo"][0])
        place = f"{query['collection'][0]}/{query['rkey'][0]}"
        if account is None or place not in account.records:
            raise No(400, "RecordNotFound", f"Could not locate record: {place}")
        return {name: account.records[place][name] for name in ("uri", "cid", "value")}

    def _com_atproto_repo_listRecords(self, query: Any, body: Any, headers: Any) -> Any:
        account = self._named(query["repo"][0])
        assert account is not None
        keys = sorted(
            (one for one in account.records if one.startswith(query["collection"][0])), reverse=True
        )
        if cursor := query.get("cursor"):
            keys = [one for one in keys if one.rpartition("/")[2] < cursor[0]]
        keys = keys[: _limit(query)]
        found = [{name: account.records[one][name] for name in ("uri", "cid", "value")} for one in keys]
        return {"records": found, **({"cursor": keys[-1].rpartition("/")[2]} if keys else {})}

    def _own(self, body: Any, headers: Any) -> Account:
        account = self._asking(headers)
        if body["repo"] not in (account.did, account.handle):
            raise No(403, "Forbidden", "not your repository")
        return account

    def _write(self, account: Account, place: str, value: dict[str, Any]) -> Any:
        collection, _, key = place.partition("/")
        if collection == POST:
            if not _TID.fullmatch(key):
                raise No(400, "InvalidRequest", f"Invalid record key for {POST}: Invalid TID string")
            if len(value["text"]) > 300 and value["text"].isascii():
                raise No(400, "InvalidRequest", f"Invalid {POST} record: grapheme too big (maximum 300)")
        there = account.records.get(place)
        account.records[place] = {
            "uri": f"at://{account.did}/{place}",
            "cid": _cid(value),
            "value": value,
            "indexedAt": min(str(value.get("createdAt", _now())), there["indexedAt"] if there else _now()),
        }
        return {"uri": f"at://{account.did}/{place}", "cid": _cid(value), "validationStatus": "valid"}

    def _tid(self) -> str:
        self._last_tid = max(self._last_tid + 1, int(time.time() * 1e6))
        number, letters = self._last_tid << 10, ""
        for _ in range(13):
            number, rest = divmod(number, 32)
            letters = _LETTERS[rest] + letters
        return letters

    # --- the AppView --------------------------------------------------------------------------------

    def _com_atproto_identity_resolveHandle(self, query: Any, body: Any, headers: Any) -> Any:
        found = self._named(query["handle"][0])
        if found is None:
            raise No(400, "InvalidRequest", "Unable to resolve handle")
        return {"did": found.did}

    def _app_bsky_notification_listNotifications(self, query: Any, body: Any, headers: Any) -> Any:
        me = self._asking(headers)
        found = []
        for account in self.accounts.values():
            for record in account.records.values() if account is not me else ():
                reason = _reason(record, me.did)
                if reason and reason in query.get("reasons", [reason]):
                    found.append((record["indexedAt"], record["cid"], account, record, reason))
        found.sort(key=lambda one: one[:2], reverse=True)
        if cursor := query.get("cursor"):
            found = [one for one in found if one[0] < cursor[0]]
        found = found[: _limit(query)]
        notifications = [
            {
                "uri": record["uri"],
                "cid": record["cid"],
                "author": self._view(account),
                "reason": reason,
                "record": record["value"],
                "isRead": False,
                "indexedAt": at,
                "labels": [],
            }
            for at, _, account, record, reason in found
        ]
        return {
            "notifications": notifications,
            **({"cursor": found[-1][0]} if found else {}),
            "priority": False,
        }

    def _app_bsky_notification_updateSeen(self, query: Any, body: Any, headers: Any) -> Any:
        self.seen_at = body["seenAt"]
        return {}

    def _app_bsky_feed_getPosts(self, query: Any, body: Any, headers: Any) -> Any:
        self._asking(headers)
        posts = []
        if len(query["uris"]) > 25:
            raise No(400, "InvalidRequest", "uris must not have more than 25 elements")
        for uri in query["uris"]:
            did, place = uri.removeprefix("at://").split("/", 1)
            account = self.accounts.get(did)
            if account is None or place not in account.records:
                continue
            record = account.records[place]
            posts.append(
                {
                    "uri": uri,
                    "cid": record["cid"],
                    "author": self._view(account),
                    "record": record["value"],
                    "likeCount": 0,
                    "indexedAt": record["indexedAt"],
                }
            )
        return {"posts": posts}

    def _app_bsky_actor_getProfiles(self, query: Any, body: Any, headers: Any) -> Any:
        self._asking(headers)
        found = [self._named(one) for one in query["actors"]]
        return {"profiles": [{**self._view(one), "followersCount": 3} for one in found if one is not None]}

    def _view(self, account: Account) -> dict[str, Any]:
        profile = account.records.get(f"{PROFILE}/self", {"value": {}})["value"]
        told = {name: profile[name] for name in ("displayName", "website") if profile.get(name)}
        return {"did": account.did, "handle": account.handle, **told, "labels": []}


def _reason(record: Mapping[str, Any], me: str) -> str | None:
    value, uri = record["value"], str(record["uri"])
    if f"/{FOLLOW}/" in uri:
        return "follow" if value["subject"] == me else None
    if f"/{LIKE}/" in uri:
        return "like" if f"at://{me}/" in value["subject"]["uri"] else None
    if f"/{POST}/" not in uri:
        return None
    for facet in value.get("facets") or ():
        if any(one["$type"] == _FACET and one["did"] == me for one in facet["features"]):
            return "mention"
    reply = value.get("reply") or {}
    if any(f"at://{me}/" in reply[one]["uri"] for one in ("parent", "root") if one in reply):
        return "reply"
    quoted = ((value.get("embed") or {}).get("record") or {}).get("uri", "")
    return "quote" if f"at://{me}/" in quoted else None


def _bearer(headers: Mapping[str, str]) -> str:
    return headers.get("authorization", "").removeprefix("Bearer ")


def _limit(query: Mapping[str, list[str]]) -> int:
    found = int(query.get("limit", ["50"])[0])
    if not 1 <= found <= 100:
        raise No(400, "InvalidRequest", "limit must be between 1 and 100")
    return found


def _limited() -> Reply:
    headers = {
        "Content-Type": "application/json",
        "RateLimit-Limit": "3000",
        "RateLimit-Remaining": "0",
        "RateLimit-Reset": str(int(time.time()) + 40),
        "RateLimit-Policy": "3000;w=300",
    }
    return Reply(429, b'{"error":"RateLimitExceeded","message":"Rate Limit Exceeded"}', headers)


def _cid(value: Any) -> str:
    digest = sha256(json.dumps(value, sort_keys=True).encode()).digest()
    return "bafyrei" + base64.b32encode(digest).decode().lower().rstrip("=")


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


_PLC = str.maketrans("0189", "wxyz")
