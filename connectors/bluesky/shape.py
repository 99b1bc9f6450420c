"""How posts, likes and follows look to the hub: one raw shape, whichever call they came by.

Left out is what moves without anybody doing anything to us: counters, what was read, pictures, labels.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from connectors.bluesky.answers import Row
from hub.sdk import RemoteRecord

POST, LIKE, FOLLOW, REPOST = (
    "app.bsky.feed.post",
    "app.bsky.feed.like",
    "app.bsky.graph.follow",
    "app.bsky.feed.repost",
)
PROFILE = "app.bsky.actor.profile"
_REASONS = {LIKE: "like", FOLLOW: "follow", REPOST: "repost"}
_MENTION, _LINK = "app.bsky.richtext.facet#mention", "app.bsky.richtext.facet#link"
_WEB = ("https://", "http://")
_NO_HANDLE = "handle.invalid"

# What a person writes to us of themselves: one address, one number with its country, else nothing is taken.
_EMAIL = re.compile(
    r"(?<![\w.+\-@/=])[A-Za-z0-9][A-Za-z0-9._+\-]{0,63}@(?:[A-Za-z0-9\-]{1,63}\.)+[A-Za-z]{2,24}(?![\w@])"
)
_PHONE = re.compile(r"(?<![\w+/=.])\+\d[\d \-().]{6,20}\d(?![\w])")
_URL = re.compile(r"\S*://\S*")


def collection(uri: str) -> str:
    """The record type in an at:// address; "" if it is none."""
    parts = uri.split("/")
    return parts[3] if len(parts) == 5 and uri.startswith("at://") else ""


def repo(uri: str) -> str:
    """The account an at:// address belongs to."""
    return uri.split("/")[2] if uri.startswith("at://") and uri.count("/") >= 2 else ""


def key(uri: str) -> str:
    return uri.rpartition("/")[2]


def record(
    row: Row, value: Mapping[str, Any], author: Mapping[str, Any], *, ours: str, indexed_at: str | None
) -> RemoteRecord:
    """One record of the network. row: {uri, cid}; value: the record itself; author: as `person` gives it.

    indexed_at: when the AppView first saw it, if it told.
    """
    uri, kind = str(row["uri"]), collection(str(row["uri"]))
    outbound = repo(uri) == ours
    text = str(value.get("text") or "") if kind == POST else None
    reason = _REASONS.get(kind) or _reason(value, ours=ours, outbound=outbound)
    parent, root = _at(value, "reply", "parent"), _at(value, "reply", "root")
    subject = value.get("subject")
    raw: dict[str, Any] = {
        "uri": uri,
        "cid": row.get("cid"),
        "reason": reason,
        "direction": "outbound" if outbound else "inbound",
        "text": text,
        "lang": next((str(one) for one in _list(value.get("langs"))), None),
        "at": _moment(value.get("createdAt"), indexed_at),
        "root": root or (uri if kind == POST else None),
        "parent": parent,
        "subject": subject.get("uri") if isinstance(subject, Mapping) else None,
        "quoted": _quoted(value),
        "links": _links(value),
        "to": _addressee(uri, parent, ours=ours) if outbound else None,
        "permalink": permalink(uri, author),
        "author": dict(author),
        "written": {"email": None, "phone": None, **(written(text) if text and not outbound else {})},
    }
    return RemoteRecord(uri, raw, version=row.get("cid"))


def person(profile: Row, *, hosted: Sequence[str], web: str) -> dict[str, Any]:
    """An account as the author of something. hosted: domains under which handles are given away, such as bsky.social;
    another handle is a domain its owner has proved to hold, for the network shows none that does not lead back."""
    did = str(profile["did"])
    handle = str(profile.get("handle") or "")
    handle = "" if handle == _NO_HANDLE else handle
    given = any(handle == one or handle.endswith(f".{one}") for one in hosted)
    website = str(profile.get("website") or "")
    website = website if website.startswith(_WEB) else ""
    domain = handle if handle and not given else None
    verification = profile.get("verification")
    return {
        "did": did,
        "handle": handle or None,
        "display_name": str(profile.get("displayName") or "").strip() or None,
        "website": website or None,
        "website_proved": bool(website and domain and _host(website) in (domain, f"www.{domain}")),
        "domain": domain,
        "verified": isinstance(verification, Mapping) and verification.get("verifiedStatus") == "valid",
        "profile_url": f"{web}/profile/{did}",  # by DID: a handle may change
    }


def permalink(uri: str, author: Mapping[str, Any]) -> str | None:
    """Where people see it: a post's own page, else its author's."""
    profile = author.get("profile_url")
    if profile is None:
        return None
    return f"{profile}/post/{key(uri)}" if collection(uri) == POST else str(profile)


def written(text: str) -> dict[str, str]:
    """The one e-mail and the one telephone number with + that a text holds; of several, none is taken."""
    plain = _URL.sub(" ", text)
    emails = {one.lower() for one in _EMAIL.findall(plain)}
    phones = {"+" + re.sub(r"\D", "", one) for one in _PHONE.findall(plain)}
    found = {}
    if len(emails) == 1:
        found["email"] = emails.pop()
    if len(phones) == 1 and 9 <= len(next(iter(phones))) <= 16:
        found["phone"] = phones.pop()
    return found


def _reason(value: Mapping[str, Any], *, ours: str, outbound: bool) -> str:
    """What a post is to us, told by the post alone, so that it is the same by whichever call it came."""
    parent, root = _at(value, "reply", "parent"), _at(value, "reply", "root")
    if outbound:
        return "reply" if parent else "post"
    if parent and ours in (repo(parent), repo(root or "")) and repo(parent) == ours:
        return "reply"
    if ours in _mentioned(value):
        return "mention"
    if repo(_quoted(value) or "") == ours:
        return "quote"
    return "reply" if parent and repo(root or "") == ours else "other"


def _mentioned(value: Mapping[str, Any]) -> set[str]:
    return {str(one.get("did")) for one in _features(value) if one.get("$type") == _MENTION}


def _links(value: Mapping[str, Any]) -> list[str]:
    found = [str(one.get("uri")) for one in _features(value) if one.get("$type") == _LINK]
    external = _at(value, "embed", "external")
    return [*dict.fromkeys([*found, *([external] if external else [])])]


def _features(value: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [
        feature
        for facet in _list(value.get("facets"))
        if isinstance(facet, Mapping)
        for feature in _list(facet.get("features"))
        if isinstance(feature, Mapping)
    ]


def _quoted(value: Mapping[str, Any]) -> str | None:
    """The post that a post embeds: directly, or beside pictures."""
    embed = value.get("embed")
    inner = embed.get("record") if isinstance(embed, Mapping) else None
    if isinstance(inner, Mapping) and isinstance(inner.get("record"), Mapping):
        inner = inner["record"]
    uri = inner.get("uri") if isinstance(inner, Mapping) else None
    return str(uri) if uri else None


def _at(value: Mapping[str, Any], outer: str, inner: str) -> str | None:
    holder = value.get(outer)
    found = holder.get(inner) if isinstance(holder, Mapping) else None
    uri = found.get("uri") if isinstance(found, Mapping) else None
    return str(uri) if uri else None


def _addressee(uri: str, parent: str | None, *, ours: str) -> str | None:
    """Whom a reply of ours goes to."""
    to = repo(parent or "")
    return to if to and to != ours else None


def _moment(created: Any, indexed: str | None) -> str | None:
    """A writer's clock may be ahead, never the AppView's: the earlier of the two that can be read."""
    told = [(at, text) for text in (created, indexed) if (at := _read(text)) is not None]
    return min(told)[1] if told else None


def _read(text: Any) -> datetime | None:
    try:
        at = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
    return at if at is not None and at.tzinfo is not None else None


def _host(url: str) -> str:
    return url.partition("://")[2].partition("/")[0].partition(":")[0].lower().removesuffix(".")


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
