"""The tables [rest] of a manifest: what is refused, with its line and the nearest right word."""

from __future__ import annotations

import inspect
import re
from dataclasses import fields

import pytest

from hub.errors import WrongFile
from hub.sdk.manifest import Manifest, load_manifest
from hub.sdk.rest import tables

HEAD = """
name     = "acme"
title    = "Acme"
vendor   = "Acme"
evidence = "manual only, 2026-11-24"

[object.customer]
pull = true
overlap_seconds = 2
"""
REST = """
[rest]
check = "me"

[rest.customer]
path = "people"
"""


def load(text: str, *, head: str = HEAD) -> Manifest:
    return load_manifest(head + text, file="m.toml")


def test_a_small_one_is_good() -> None:
    rest = load(REST).rest
    assert rest is not None
    assert (rest.auth.kind, rest.objects["customer"].path, rest.webhook) == ("bearer", "people", None)


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        (REST.replace("check", "chekc"), "chekc", 'did you mean "check"?'),
        (REST + 'sice = "after"\n', "sice", 'did you mean "since"?'),
        (REST + 'paging = "tokens"\n', "paging", 'did you mean "token"?'),
        (REST + 'paging = "token"\n', "paging", "needs token"),
        (REST + 'paging = "page"\n', "paging", "needs position_param"),
        (REST + 'since = "after"\n', "since", "needs moment"),
        (REST + "params = 3\n", "params", "a table of texts"),
        (REST + "[rest.auth]\nkind = \"header\"\n", "kind", "needs name"),
        (REST + "[rest.auth]\nkind = \"oauth2\"\n", "kind", "needs server"),
        (REST + '[rest.webhook]\nheader = "X"\nobjects = { "p." = "order" }\n', "objects", "not declared"),
        (REST + '[rest.webhook]\nheader = "X"\nobjects = { "p." = "customer" }\nping = "("\n', "ping", "no pattern"),
        (REST + "[rest.order]\npath = \"orders\"\n", "order", "unknown key"),
    ],
)  # fmt: skip
def test_a_wrong_table_is_refused_with_its_line(text: str, line: str, words: str) -> None:
    with pytest.raises(WrongFile) as error:
        load(text)
    assert words in f"{error.value} {error.value.fix}"
    if error.value.line is not None:
        assert line in (HEAD + text).splitlines()[error.value.line - 1]


@pytest.mark.parametrize(
    ("can", "key"),
    [
        ("push = true", "update"),
        ("create = true\nfind = true\npush = true", "update"),
        ("find = true", "find"),
        ("fetch_batch = 3", "one or many"),
        ("deletes = true", "gone_path"),
        ('version = "etag"', "version"),
        ("marker = true", "marker"),
    ],
)
def test_a_capability_needs_its_keys(can: str, key: str) -> None:
    with pytest.raises(WrongFile, match=f"needs .*{key}|{key}"):
        load(REST, head=HEAD.replace("pull = true", f"pull = true\n{can}"))


def test_an_object_without_a_table_is_refused() -> None:
    with pytest.raises(WrongFile, match=r"needs a table \[rest.customer\]"):
        load("[rest]\n")


def test_every_key_is_documented() -> None:
    text = inspect.getdoc(tables) or ""
    for shape in (tables.RestTable, tables.AuthTable, tables.ObjectTable, tables.WebhookTable):
        for one in fields(shape):
            if (
                one.name in {"auth", "objects", "webhook", "many"} and shape is tables.RestTable
            ) or one.name == "many":
                continue
            assert re.search(rf"^\s+{one.name}\s+=", text, re.MULTILINE), f"{one.name} is not explained"
