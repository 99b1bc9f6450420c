"""People of a network, real or fake, who act by their own sessions: what the connector is compared with."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.parse
import urllib.request
from datetime import UTC, datetime
from typing import Any

POST, LIKE, FOLLOW = "app.bsky.feed.post", "app.bsky.feed.like", "app.bsky.graph.follow"


class SaysNo(Exception):
    """The network answered with an error."""


class Someone:
    """One account, logged in."""

    def __init__(self, url: str, handle: str, password: str) -> None:
        self._base = f"{url}/xrpc/"
        self._token: str | None = None
        said = self.do("com.atproto.server.createSession", {"identifier": handle, "password": password})
        self._token, self.did, self.handle = said["accessJwt"], said["did"], handle

    def ask(self, method: str, **params: Any) -> Any:
        return self._call(f"{method}?{urllib.parse.urlencode(params, doseq=True)}", None)

    def do(self, method: str, body: Any) -> Any:
        return self._call(method, json.dumps(body).encode())

    def _call(self, path: str, body: bytes | None) -> Any:
        headers = {"Content-Type": "application/json"} if body is not None else {}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        request = urllib.request.Request(self._base + path, data=body, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                said = answer.read()
        except urllib.error.HTTPError as error:
            raise SaysNo(error.read().decode(errors="replace")) from None
        return json.loads(said) if said else {}

    # --- acting -------------------------------------------------------------------------------------

    def post(self, text: str, *, to: str | None = None, at: str | None = None, **more: Any) -> dict[str, Any]:
        """A post; `to`: the DID it mentions. {uri, cid}."""
        record = {"$type": POST, "text": text, "createdAt": at or now(), **more}
        if to:
            feature = {"$type": "app.bsky.richtext.facet#mention", "did": to}
            record["facets"] = [{"index": {"byteStart": 0, "byteEnd": 1}, "features": [feature]}]
        return self.create(POST, record)

    def answer(self, text: str, parent: dict[str, Any], root: dict[str, Any] | None = None) -> dict[str, Any]:
        refs = {
            name: {"uri": one["uri"], "cid": one["cid"]}
            for name, one in (("parent", parent), ("root", root or parent))
        }
        return self.post(text, reply=refs)

    def like(self, post: dict[str, Any]) -> dict[str, Any]:
        subject = {"uri": post["uri"], "cid": post["cid"]}
        return self.create(LIKE, {"$type": LIKE, "subject": subject, "createdAt": now()})

    def follow(self, did: str) -> dict[str, Any]:
        return self.create(FOLLOW, {"$type": FOLLOW, "subject": did, "createdAt": now()})

    def create(self, collection: str, record: Any) -> dict[str, Any]:
        body = {"repo": self.did, "collection": collection, "record": record}
        time.sleep(0.002)  # people are slower than the milliseconds their acts are ordered by
        return dict(self.do("com.atproto.repo.createRecord", body))

    def edit(self, uri: str, **changes: Any) -> None:
        there = self.read(uri)
        assert there is not None
        self.put(uri.split("/")[3], uri.rpartition("/")[2], {**there, **changes})

    def put(self, collection: str, key: str, record: Any) -> None:
        body = {"repo": self.did, "collection": collection, "rkey": key, "record": record}
        self.do("com.atproto.repo.putRecord", body)

    def profile(self, **said: Any) -> None:
        self.put("app.bsky.actor.profile", "self", {"$type": "app.bsky.actor.profile", **said})

    def delete(self, uri: str) -> None:
        body = {"repo": self.did, "collection": uri.split("/")[3], "rkey": uri.rpartition("/")[2]}
        self.do("com.atproto.repo.deleteRecord", body)

    def read(self, uri: str) -> dict[str, Any] | None:
        _, _, did, collection, key = uri.split("/")
        try:
            found = self.ask("com.atproto.repo.getRecord", repo=did, collection=collection, rkey=key)
        except SaysNo as error:
            if "RecordNotFound" in str(error):
                return None
            raise
        return dict(found["value"])

    # --- waiting: the AppView lags behind the repositories ---------------------------------------------

    def wait_heard(
        self, uri: str, *, text: str | None = None, gone: bool = False, seconds: float = 30.0
    ) -> None:
        """Until our notifications tell of this record (with this text), or no longer."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            found = self.ask("app.bsky.notification.listNotifications", limit=100)["notifications"]
            mine = [one for one in found if one["uri"] == uri]
            if gone and not mine:
                return
            if mine and not gone and (text is None or mine[0]["record"].get("text") == text):
                return
            time.sleep(0.1)
        raise AssertionError(f"{uri} was not heard within {seconds} s")


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
