"""From what shall be said to a post: checked before anything is sent, with links, mentions and tags marked as such."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from connectors.bluesky import graphemes
from connectors.bluesky.shape import POST, collection
from hub.sdk import RecordRejected

MOST_GRAPHEMES = 300
MOST_BYTES = 3000
_KNOWN = frozenset({"text", "parent", "lang"})
_FACET = "app.bsky.richtext.facet"
_URL = re.compile(r"https?://[^\s<>\"']+")
_MENTION = re.compile(r"(?<![\w@/.])@((?:[a-zA-Z0-9-]{1,63}\.)+[a-zA-Z][a-zA-Z0-9-]{0,62})")
_TAG = re.compile(r"(?<![\w#&/])#([^\W\d_]\w{0,63})")
_LANGUAGE = re.compile(r"[a-zA-Z]{2,3}(-[a-zA-Z0-9]{2,8})*")


class Parent(NamedTuple):
    """The post that is answered, and the one its thread began with: {uri, cid} each."""

    parent: Mapping[str, str]
    root: Mapping[str, str]


def post(
    payload: Mapping[str, Any],
    *,
    created_at: str,
    find_post: Callable[[str], Parent | None],
    find_account: Callable[[str], str | None],
) -> dict[str, Any]:
    """The record for a create's payload: {text, parent: at:// of the post answered, lang}. Raises RecordRejected.

    find_post: gives the post to answer, None if it is not there; find_account: the DID of a handle, None for none.
    """
    if unknown := sorted(payload.keys() - _KNOWN):
        raise RecordRejected(
            f"a post has no {', '.join(unknown)}", fix="it has text, parent (the post it answers) and lang"
        )
    text = _text(payload.get("text"))
    record: dict[str, Any] = {"$type": POST, "text": text, "createdAt": created_at}
    if lang := payload.get("lang"):
        record["langs"] = [_language(lang)]
    if parent := payload.get("parent"):
        record["reply"] = _reply(str(parent), find_post)
    if facets := list(_facets(text, find_account)):
        record["facets"] = facets
    return record


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise RecordRejected("the text is empty", fix="say something")
    if "\x00" in value:
        raise RecordRejected("the text holds a NUL character", fix="take it out")
    length, size = graphemes.count(value), len(value.encode("utf-8", "surrogatepass"))
    if length > MOST_GRAPHEMES:
        raise RecordRejected(
            f"the text has {length} characters; a post has at most {MOST_GRAPHEMES}",
            fix="shorten it, or send it in parts; nothing is cut for you",
        )
    if size > MOST_BYTES:
        raise RecordRejected(f"the text has {size} bytes; a post has at most {MOST_BYTES}", fix="shorten it")
    return value


def _language(value: Any) -> str:
    if not isinstance(value, str) or not _LANGUAGE.fullmatch(value):
        raise RecordRejected(f"{value!r} is no language tag", fix="such as en or pt-BR")
    return value


def _reply(uri: str, find_post: Callable[[str], Parent | None]) -> dict[str, Any]:
    if collection(uri) != POST:
        raise RecordRejected(
            f"{uri} is no post, so it cannot be answered",
            fix="likes, follows and reposts take no answer; publish a post that mentions the account instead",
        )
    found = find_post(uri)
    if found is None:
        raise RecordRejected(f"the post {uri} is not there any more, so it cannot be answered")
    return {"root": dict(found.root), "parent": dict(found.parent)}


def _facets(text: str, find_account: Callable[[str], str | None]) -> Iterator[dict[str, Any]]:
    """Positions are counted in bytes of UTF-8. A handle that leads to nobody stays plain text."""
    taken: list[tuple[int, int]] = []
    for found in _URL.finditer(text):
        uri = found[0].rstrip(".,;:!?)]}'\"")
        taken.append((found.start(), found.start() + len(uri)))
        yield _facet(text, *taken[-1], {"$type": f"{_FACET}#link", "uri": uri})
    for found in _MENTION.finditer(text):
        if _inside(found.start(), taken):
            continue
        did = find_account(found[1].lower())
        if did is not None:
            yield _facet(text, *found.span(), {"$type": f"{_FACET}#mention", "did": did})
    for found in _TAG.finditer(text):
        if not _inside(found.start(), taken):
            yield _facet(text, *found.span(), {"$type": f"{_FACET}#tag", "tag": found[1]})


def _facet(text: str, start: int, end: int, feature: dict[str, Any]) -> dict[str, Any]:
    first = len(text[:start].encode())
    return {
        "index": {"byteStart": first, "byteEnd": first + len(text[start:end].encode())},
        "features": [feature],
    }


def _inside(place: int, taken: list[tuple[int, int]]) -> bool:
    return any(start <= place < end for start, end in taken)
