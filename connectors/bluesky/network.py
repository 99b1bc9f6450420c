"""What the connector asks the network for: records with their authors, by as few calls as it takes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from connectors.bluesky import shape
from connectors.bluesky.answers import Row, rows, strange
from connectors.bluesky.compose import Parent
from connectors.bluesky.shape import POST, collection, key, repo
from connectors.bluesky.xrpc import Api, NotAnswered
from hub.sdk import Http, HubError, RemoteRecord

_AT_ONCE = 25  # posts or profiles per call (lexicons getPosts, getProfiles)
_GONE = frozenset({"RecordNotFound", "RepoNotFound"})


class Network:
    """One job's view. Profiles are asked for once."""

    def __init__(self, api: Api, http: Http, *, hosted: Sequence[str], web: str) -> None:
        self._api = api
        self._http = http
        self._hosted = list(hosted)
        self._asked_hosted = False
        self._web = web
        self._people: dict[str, dict[str, Any]] = {}

    def heard(self, notifications: Sequence[Row]) -> list[RemoteRecord]:
        """Notifications as records. Several may tell of one post; each is taken once."""
        once = {str(one["uri"]): one for one in notifications}
        views = {}
        for one in once.values():
            author = one.get("author")
            if not isinstance(author, dict) or not isinstance(author.get("did"), str):
                raise strange("a notification")
            views[str(author["did"])] = author
        people = self._authors(views, views)
        return [
            self._record(one, one.get("record"), people[one["author"]["did"]], indexed=one.get("indexedAt"))
            for one in once.values()
        ]

    def said(self, own: Sequence[Row]) -> list[RemoteRecord]:
        """Records of our own repository."""
        author = self.ourselves()
        return [self._record(one, one.get("value"), author, indexed=None) for one in own]

    def own(self, record_key: str) -> RemoteRecord | None:
        """A post of our own by its key; None if there is none."""
        found = self._get(f"at://{self._api.account().did}/{POST}/{record_key}")
        return None if found is None else self.said([found])[0]

    def ourselves(self) -> dict[str, Any]:
        did = self._api.account().did
        return self._authors([did], {})[did]

    def fetch(self, uris: Sequence[str]) -> dict[str, RemoteRecord]:
        """Those that are there, by address."""
        ours = self._api.account().did
        found: dict[str, tuple[Row, Any, str | None]] = {}
        posts = [one for one in uris if collection(one) == POST and repo(one) != ours]
        for one in self._posts(posts):
            found[str(one["uri"])] = (one, one.get("record"), one.get("indexedAt"))
        for uri in uris:
            if uri not in found and (there := self._get(uri)) is not None:
                found[uri] = (there, there.get("value"), None)
        people = self._authors({repo(uri) for uri in found}, {})
        return {
            uri: self._record(row, value, people[repo(uri)], indexed=indexed)
            for uri, (row, value, indexed) in found.items()
        }

    def alive(self, uris: Sequence[str]) -> set[str]:
        """Those of these posts that are there."""
        shown = {str(one["uri"]) for one in self._posts(uris)}
        return shown | {one for one in uris if one not in shown and self._get(one) is not None}

    def parent(self, uri: str) -> Parent | None:
        """The post to answer, with the root of its thread."""
        views = self._posts([uri]) if repo(uri) != self._api.account().did else []
        found = views[0] if views else self._get(uri)
        if found is None:
            return None
        itself = {"uri": str(found["uri"]), "cid": str(found.get("cid"))}
        value = found.get("record") if views else found.get("value")
        reply = value.get("reply") if isinstance(value, dict) else None
        root = reply.get("root") if isinstance(reply, dict) else None
        if not isinstance(root, dict):
            return Parent(itself, itself)
        return Parent(itself, {"uri": str(root.get("uri")), "cid": str(root.get("cid"))})

    def did_of(self, handle: str) -> str | None:
        """The account behind a handle; None if it leads to nobody."""
        try:
            did = self._api.read("com.atproto.identity.resolveHandle", handle=handle).get("did")
        except NotAnswered:
            return None
        return did if isinstance(did, str) else None

    def _record(self, row: Row, value: Any, author: dict[str, Any], *, indexed: Any) -> RemoteRecord:
        if not isinstance(value, dict):
            raise strange("a record")
        ours = self._api.account().did
        return shape.record(
            row, value, author, ours=ours, indexed_at=indexed if isinstance(indexed, str) else None
        )

    def _posts(self, uris: Sequence[str]) -> list[Row]:
        found: list[Row] = []
        for start in range(0, len(uris), _AT_ONCE):
            said = self._api.read("app.bsky.feed.getPosts", uris=list(uris[start : start + _AT_ONCE]))
            found += rows(said, "posts")
        return found

    def _get(self, uri: str) -> Row | None:
        """A record from its repository; None if it is not there. Raises NotAnswered for what is no address."""
        if not collection(uri):
            return None
        try:
            found = self._api.read(
                "com.atproto.repo.getRecord", repo=repo(uri), collection=collection(uri), rkey=key(uri)
            )
        except NotAnswered as error:
            if error.kind in _GONE:
                return None
            raise
        if not isinstance(found.get("uri"), str):
            raise strange("a record")
        return found

    def _authors(self, dids: Iterable[str], views: dict[str, Row]) -> dict[str, dict[str, Any]]:
        """Accounts as authors. One without a profile to show is told by its view here, or by its DID alone."""
        wanted = [one for one in dict.fromkeys(dids) if one not in self._people]
        hosted = self._given_away() if wanted else []
        for start in range(0, len(wanted), _AT_ONCE):
            part = wanted[start : start + _AT_ONCE]
            said = self._api.read("app.bsky.actor.getProfiles", actors=part)
            shown = {str(one["did"]): one for one in rows(said, "profiles", key="did")}
            for did in part:
                profile = shown.get(did) or views.get(did) or {"did": did}
                self._people[did] = shape.person(profile, hosted=hosted, web=self._web)
        return {did: self._people[did] for did in dict.fromkeys(dids)}

    def _given_away(self) -> list[str]:
        """The domains under which handles are given away: as set, and those of our own server."""
        if not self._asked_hosted:
            self._asked_hosted = True
            try:
                said = self._api.read("com.atproto.server.describeServer").get("availableUserDomains")
            except HubError:
                self._asked_hosted = False
                raise
            self._hosted += [str(one).lstrip(".") for one in said or ()] if isinstance(said, list) else []
        return self._hosted
