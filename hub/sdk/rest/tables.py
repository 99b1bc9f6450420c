"""The tables [rest] of a manifest: how a plain REST system is spoken to, without a program.

A name with dots reaches into nested objects (`data.next`); `emails[].value` takes `value` from each of a list; the
empty name is the whole answer. `{id}` in a path stands for the external id; a path that begins with a slash stands
beside the prefix, not below it. Every key, with its default:

    [rest]
    url     = ""              # the address, where all accounts have the same; else the setting `url` is required
    prefix  = ""              # of every path below it: "api/v2"
    check   = ""              # a path whose answer proves the credential
    account = ""              # what in that answer names the account, for people
    ok      = ""              # what in every answer must be true, whatever its status
    error   = ""              # what in every answer must be blank, whatever its status
    message = ""              # what in a bad answer says why
    headers = {}              # fixed headers of every call

    [rest.auth]
    kind      = "bearer"      # none | bearer, header, query: setting `key` | basic: `user`, `password` | oauth2
    name      = ""            # of the header or query parameter
    scheme    = "Bearer"      # the word before a token
    server    = ""            # oauth2: the authorisation server's address; and, below it:
    authorize = "/authorize"
    token     = "/token"
    grant     = "authorization_code"   # or client_credentials
    scopes    = []
    separator = " "
    in_header = false         # client id and secret travel as HTTP Basic
    pkce      = false
    host      = ""            # what in the token answer is the address of this account's data

    [rest.customer]           # one table for each [object.…]
    path        = "people"    # of the list
    rows        = ""          # where in the answer the rows stand
    params      = {}          # fixed query parameters of the list
    id          = "id"        # of a row
    version     = ""          # of a row, where the manifest declares one
    gone        = ""          # what in a row is true when the record is deleted
    paging      = "none"      # token | link | offset | page | none
    size_param  = ""          # the parameter for the number of rows
    token       = ""          # what in an answer is the next token or link; for link, "" is the header Link
    token_param = ""
    position_param = ""       # offset: rows to leave out · page: the page's number
    first       = 1           # the number of the first page
    since       = ""          # the parameter for "changed at or after"; "" = a pull always reads all
    moment      = ""          # a row's time of change
    format      = "iso"       # of both: iso | seconds | milliseconds | spaced (2026-11-24 13:05:00)
    zone        = "utc"       # of times without one: utc | connection
    sorted      = false       # with `since`, rows come oldest change first (say so in `params`)
    one         = ""          # the path of one record: "people/{id}"; many = "" or the parameter of the list for ids
    many        = ""
    row         = ""          # where in the answer to `one` and to a write the record stands
    create      = ""          # "POST people"
    update      = ""          # "PATCH people/{id}"
    body        = ""          # the name that a write's fields are wrapped in
    condition   = ""          # the header for "only if still this version": "If-Match"
    marker      = ""          # the field that holds our mark of a create
    find        = ""          # the path of a search; its rows, each with an id, are read again one by one
    find_rows   = ""
    find_id     = "id"
    find_params = {}          # fixed
    find_param  = ""          # the parameter for what is looked for
    find_field  = ""          # what that is: a field of the payload, and of the record it must stand in
    gone_path   = ""          # the list of deleted records; without one, bound records are read again
    gone_rows   = ""
    gone_id     = "id"
    gone_params = {}
    gone_since  = ""
    gone_moment = ""

    [rest.webhook]
    kind     = "hmac"         # hmac · token: the secret itself · basic: the secret is the password
    header   = ""             # where it stands
    digest   = "sha256"       # sha256 | sha1 | sha512
    encoding = "hex"          # hex | base64
    prefix   = ""             # before the signature
    time     = ""             # a header with the signed time (epoch seconds); then "time.body" is signed
    window   = 300            # seconds that such a time may be off
    ping     = ""             # a body without signature that only asks whether we are there: a pattern
    events   = ""             # where in the body the list of events stands; "" = the body is one
    word     = "type"         # of an event: what happened; of several names, their values with dots between
    id       = "id"           # of an event: to which record
    objects  = {}             # the beginning of that word = our object
    deleted  = []             # the ends of that word that mean: deleted
    delivery = ""             # a header, or a name in the body, that is the same when a message is repeated
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal

from hub.sdk.tables import TableReader

_RESERVED = ("auth", "webhook")
_WRITE = re.compile(r"(POST|PUT|PATCH) \S+")
# capability → the key of its [rest.…] table
_NEEDS = {"pull": "path", "push": "update", "create": "create", "find": "find"}


@dataclass(frozen=True, slots=True)
class AuthTable:
    kind: Literal["none", "bearer", "header", "query", "basic", "oauth2"] = "bearer"
    name: str = ""
    scheme: str = "Bearer"
    server: str = ""
    authorize: str = "/authorize"
    token: str = "/token"  # noqa: S105  (a path)
    grant: Literal["authorization_code", "client_credentials"] = "authorization_code"
    scopes: tuple[str, ...] = ()
    separator: str = " "
    in_header: bool = False
    pkce: bool = False
    host: str = ""


@dataclass(frozen=True, slots=True)
class ObjectTable:
    path: str = ""
    rows: str = ""
    params: Mapping[str, str] = field(default_factory=dict)
    id: str = "id"
    version: str = ""
    gone: str = ""
    paging: Literal["none", "token", "link", "offset", "page"] = "none"
    size_param: str = ""
    token: str = ""
    token_param: str = ""
    position_param: str = ""
    first: int = 1
    since: str = ""
    moment: str = ""
    format: Literal["iso", "seconds", "milliseconds", "spaced"] = "iso"
    zone: Literal["utc", "connection"] = "utc"
    sorted: bool = False
    one: str = ""
    many: str = ""
    row: str = ""
    create: str = ""
    update: str = ""
    body: str = ""
    condition: str = ""
    marker: str = ""
    find: str = ""
    find_rows: str = ""
    find_id: str = "id"
    find_params: Mapping[str, str] = field(default_factory=dict)
    find_param: str = ""
    find_field: str = ""
    gone_path: str = ""
    gone_rows: str = ""
    gone_id: str = "id"
    gone_params: Mapping[str, str] = field(default_factory=dict)
    gone_since: str = ""
    gone_moment: str = ""


@dataclass(frozen=True, slots=True)
class WebhookTable:
    header: str
    kind: Literal["hmac", "token", "basic"] = "hmac"
    digest: Literal["sha256", "sha1", "sha512"] = "sha256"
    encoding: Literal["hex", "base64"] = "hex"
    prefix: str = ""
    time: str = ""
    window: float = 300.0
    ping: str = ""
    events: str = ""
    word: str = "type"
    id: str = "id"
    objects: Mapping[str, str] = field(default_factory=dict)
    deleted: tuple[str, ...] = ()
    delivery: str = ""


@dataclass(frozen=True, slots=True)
class RestTable:
    """`objects`: by our name of the object."""

    url: str = ""
    prefix: str = ""
    check: str = ""
    account: str = ""
    ok: str = ""
    error: str = ""
    message: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    auth: AuthTable = field(default_factory=AuthTable)
    webhook: WebhookTable | None = None
    objects: Mapping[str, ObjectTable] = field(default_factory=dict)


def read_rest(data: Any, reader: TableReader, *, declared: Mapping[str, Any], webhooks: bool) -> RestTable:
    """The tables [rest…]. `declared`: the capabilities of each object, which must have what they need here.

    Raises WrongFile with the line and the nearest right word.
    """
    own = dict(data) if isinstance(data, Mapping) else data
    tables = {}
    named = (*_RESERVED, *declared)
    if isinstance(own, dict):
        tables = {name: own.pop(name) for name in list(own) if name in named}
    top = reader.values(own, RestTable, table="rest", skip={"auth", "webhook", "objects"}, extra=named)
    auth = AuthTable(**reader.values(tables.get("auth", {}), AuthTable, table="rest.auth"))
    _sound_auth(auth, reader)
    webhook = None
    if "webhook" in tables:
        webhook = WebhookTable(**reader.values(tables["webhook"], WebhookTable, table="rest.webhook"))
        _sound_webhook(webhook, reader, declared)
    if webhooks and webhook is None:
        raise reader.wrong("webhooks = true needs a table [rest.webhook]", "webhooks", "")
    objects = {}
    for name, can in declared.items():
        if name not in tables:
            raise reader.wrong(f"[object.{name}] needs a table [rest.{name}]", name, "object")
        table = ObjectTable(**reader.values(tables[name], ObjectTable, table=f"rest.{name}"))
        _sound_object(table, can, reader, where=f"rest.{name}")
        objects[name] = table
    return RestTable(**top, auth=auth, webhook=webhook, objects=MappingProxyType(objects))


def _sound_auth(auth: AuthTable, reader: TableReader) -> None:
    if auth.kind in {"header", "query"} and not auth.name:
        raise reader.wrong(f'kind = "{auth.kind}" needs name', "kind", "rest.auth")
    if auth.kind == "oauth2" and not auth.server:
        raise reader.wrong('kind = "oauth2" needs server', "kind", "rest.auth")


def _sound_webhook(webhook: WebhookTable, reader: TableReader, declared: Mapping[str, Any]) -> None:
    where = "rest.webhook"
    if not webhook.objects:
        raise reader.wrong("objects says which words are about which object: it is missing", "objects", where)
    for word, object in webhook.objects.items():
        if object not in declared:
            raise reader.wrong(f'"{word}" is about {object}, which is not declared', "objects", where)
    try:
        re.compile(webhook.ping)
    except re.error as error:
        raise reader.wrong(f"ping is no pattern: {error}", "ping", where) from None


def _sound_object(table: ObjectTable, can: Any, reader: TableReader, *, where: str) -> None:
    """Refuse a table that lacks what the declared capabilities need, or that contradicts itself."""
    needs = [(f"{word} = true", key) for word, key in _NEEDS.items() if getattr(can, word)]
    needs += [("since", "moment")] * bool(table.since)
    needs += [("conditional = true", "condition")] * bool(can.conditional)
    needs += [("a version", "version")] * (can.version != "none")
    needs += [("marker = true", "marker")] * bool(can.marker)
    needs += [("find", "find_param")] * bool(can.find)
    needs += [('paging = "token"', "token"), ('paging = "token"', "token_param")] * (table.paging == "token")
    needs += [("paging by position", "position_param"), ("paging by position", "size_param")] * (
        table.paging in {"offset", "page"}
    )
    for what, key in needs:
        if not getattr(table, key):
            raise reader.wrong(f"{what} needs {key} in [{where}]", key, where)
    if can.fetch_batch and not (table.one or table.many):
        raise reader.wrong(f"fetch_batch needs one or many in [{where}]", "one", where)
    if can.deletes and not (table.gone_path or can.fetch_batch):
        raise reader.wrong(f"deletes needs gone_path in [{where}], or fetch_batch", "gone_path", where)
    if table.since and not can.overlap_seconds:
        raise reader.wrong("since needs overlap_seconds: one at least", "since", where)
    for key in ("create", "update"):
        if getattr(table, key) and not _WRITE.fullmatch(getattr(table, key)):
            raise reader.wrong(f'{key} must be a method and a path, such as "POST people"', key, where)
