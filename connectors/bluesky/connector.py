"""What is said to and by a company's account on Bluesky. What was found out about the network: README.md."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from connectors.bluesky import compose, shape, tid
from connectors.bluesky.network import Network
from connectors.bluesky.probe import findings, shapes
from connectors.bluesky.session import Session
from connectors.bluesky.walk import HEARD, Walk
from connectors.bluesky.xrpc import Api, Refused
from hub.sdk import (
    Change,
    ConnectionView,
    Connector,
    Deletes,
    Finding,
    Http,
    Manifest,
    ObjectShape,
    OutcomeUnknown,
    Page,
    Receipt,
    RecordRejected,
    RemoteRecord,
    Setting,
    Unsupported,
)
from hub.sdk.writing import push_each

_REASONS = ("mention", "reply", "quote", "like", "follow")
_KNOWN_REASONS = (*_REASONS, "repost")
_CLOCK = 2.0  # seconds
_HOSTED = ("bsky.social", "brid.gy")


class BlueskyConnector(Connector):
    """One account, over its PDS and the AppView that this passes calls on to."""

    def __init__(self, connection: ConnectionView, *, http: Http, manifest: Manifest) -> None:
        super().__init__(connection, http=http, manifest=manifest)
        settings = connection.settings
        self._http = http.at(f"{str(settings['url']).rstrip('/')}/xrpc")
        session = Session(
            self._http,
            identifier=str(settings["identifier"]).removeprefix("@"),
            password=connection.secret("password") or "",
            tokens=connection.tokens,
        )
        self._api = Api(self._http, session, appview=settings.get("appview"))
        self._network = Network(
            self._api,
            self._http,
            hosted=[str(one) for one in settings.get("hosted") or _HOSTED],
            web=str(settings.get("web") or "").rstrip("/"),
        )

    @classmethod
    def spec(cls) -> Sequence[Setting]:
        return (
            Setting("url", "url", "the account's own server (PDS)", default="https://bsky.social"),
            Setting(
                "identifier",
                "text",
                "the account: its handle, such as acme.example.com, or DID",
                required=True,
            ),
            Setting(
                "password",
                "secret",
                "an app password of the account (Settings, App passwords)",
                required=True,
            ),
            Setting("appview", "text", "another AppView than the server's own, as did:web:HOST#SERVICE"),
            Setting(
                "reasons",
                "list",
                f"what becomes an interaction, of: {', '.join(_KNOWN_REASONS)}",
                default=list(_REASONS),
            ),
            Setting("own", "bool", "whether the account's own posts come in too", default=True),
            Setting(
                "sweep",
                "int",
                "how many known posts per pull are looked at again for deleted ones; 0: none",
                default=500,
            ),
            Setting(
                "hosted",
                "list",
                "domains under which handles are given away, so that one says nothing of who owns the domain",
                default=list(_HOSTED),
            ),
            Setting("web", "url", "where people look at posts", default="https://bsky.app"),
            Setting("mark_seen", "bool", "whether what was pulled counts as seen in the app", default=False),
        )

    def check(self) -> Iterator[Finding]:
        yield from findings(self._api, self._http, reasons=self._reasons(), known=_KNOWN_REASONS)

    def discover(self) -> Sequence[ObjectShape]:
        return shapes()

    def pull(self, object: str, cursor: Any, *, full: bool = False) -> Iterator[Page]:
        """One pass over what was heard since the last one, and over our own posts (walk.py)."""
        self._know(object)
        return self._pages(object, cursor, full=full)

    def fetch(self, object: str, external_ids: Sequence[str]) -> Sequence[RemoteRecord]:
        """As they are now. One the network does not show is asked for once more at its source before it is gone."""
        self._know(object)
        found = self._network.fetch(external_ids)
        return [found.get(one) or RemoteRecord(one, {}, deleted=True) for one in external_ids]

    def push(self, object: str, changes: Sequence[Change]) -> Sequence[Receipt]:
        self._know(object)
        return push_each(changes, self._publish)

    def find(self, object: str, change: Change) -> Sequence[RemoteRecord]:
        """By the record key that belongs to the marker, at our own server, which knows it at once."""
        self._know(object)
        if not change.marker:
            return []
        found = self._network.own(tid.for_marker(change.marker))
        return [found] if found is not None and _says(found, change) else []

    def deletes(self, object: str, since: Any, bound: Iterable[str]) -> Deletes:
        """Which of a stretch of the bound posts are gone; the next time the stretch after it, round and round."""
        self._know(object)
        stretch = int(self.connection.settings.get("sweep") or 0)
        if stretch <= 0:
            return Deletes([])
        at = int(since.get("at", 0)) if isinstance(since, Mapping) else 0
        asked = list(islice(bound, at, at + stretch))
        following = at + len(asked) if len(asked) == stretch else 0
        posts = [one for one in asked if shape.collection(one) == shape.POST]
        alive = self._network.alive(posts)
        return Deletes([one for one in posts if one not in alive], {"at": following})

    def _know(self, object: str) -> None:
        if object not in self.manifest.objects:
            raise Unsupported(f"the Bluesky connector knows no {object}")

    def _reasons(self) -> list[str]:
        return [str(one) for one in self.connection.settings.get("reasons") or _REASONS]

    def _pages(self, object: str, cursor: Any, *, full: bool) -> Iterator[Page]:
        declared = self.manifest.objects[object]
        settings = self.connection.settings
        walk = Walk(
            self._api,
            size=declared.page_size,
            reasons=self._reasons(),
            own=bool(settings.get("own", True)),
        )
        for step in walk.steps(cursor, full=full, overlap=declared.overlap_seconds):
            if not step.rows:
                if settings.get("mark_seen"):
                    self._api.write("app.bsky.notification.updateSeen", {"seenAt": step.cursor["since"]})
                yield Page([], step.cursor)
                continue
            made = self._network.heard(step.rows) if step.track == HEARD else self._network.said(step.rows)
            yield Page(made, step.cursor)

    def _now(self) -> str:
        """Our clock, unless it is wrong: the service's is known by its Date header, to the second only."""
        mine, theirs = time.time(), self._api.server_now()
        now = datetime.fromtimestamp(mine if abs(mine - theirs) < _CLOCK else theirs, UTC)
        return now.isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def _publish(self, change: Change) -> Receipt:
        """Put the record under the key of its marker, on condition that there is none yet."""
        if change.external_id is not None:
            raise RecordRejected(
                "a post is not edited: others have read and answered it", fix="publish another post"
            )
        if not change.marker:
            raise RecordRejected("a post without a marker could be published twice, so it is not")
        network, did = self._network, self._api.account().did
        author = network.ourselves()  # all questions come first: nothing may fail once the post is there
        record = compose.post(
            change.payload,
            created_at=self._now(),
            find_post=network.parent,
            find_account=network.did_of,
        )
        key = tid.for_marker(change.marker)
        body = {
            "repo": did, "collection": shape.POST, "rkey": key, "record": record, "swapRecord": None,
        }  # fmt: skip
        try:
            made = self._api.write("com.atproto.repo.putRecord", body)
        except Refused as error:
            if error.kind != "InvalidSwap":
                raise
            there = network.own(key)
            if there is None or not _says(there, change):
                raise RecordRejected(
                    "another record stands under the key of this post", cause=str(error)
                ) from None
            return Receipt(change.key, "done", there.external_id, there)  # an earlier attempt of ours
        if not (isinstance(made.get("uri"), str) and isinstance(made.get("cid"), str)):
            raise OutcomeUnknown("the answer to a new post cannot be read")
        shown = shape.record(made, record, author, ours=did, indexed_at=None)
        return Receipt(change.key, "done", shown.external_id, shown)


def _says(there: RemoteRecord, change: Change) -> bool:
    """Whether a post of ours is what this change was to publish."""
    payload = change.payload
    return there.raw["text"] == payload.get("text") and (there.raw["parent"] or "") == (
        payload.get("parent") or ""
    )
