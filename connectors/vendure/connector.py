"""Customers and orders of a Vendure store over its admin API. What was found out about it: README.md."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from connectors.vendure import customer, customer_write, order, webhook
from connectors.vendure.graphql import Api, Row, Session, items
from connectors.vendure.order_write import OrderWriter
from connectors.vendure.probe import Shop, findings, shapes
from connectors.vendure.walk import FULL, Track, Walk
from hub.sdk import (
    Change,
    ConnectionView,
    Connector,
    Deletes,
    Finding,
    Header,
    Hint,
    Http,
    Manifest,
    ObjectShape,
    Page,
    Receipt,
    RecordRejected,
    Rejected,
    RemoteRecord,
    Setting,
    Unsupported,
)

_ALIVE_BATCH = 500
_PLACED: Mapping[str, Any] = {"active": {"eq": False}, "type": {"notEq": "Seller"}}
_OPEN: Mapping[str, Any] = {**_PLACED, "state": {"notIn": ["Delivered", "Cancelled"]}}

_TRACKS: Mapping[str, tuple[Track, ...]] = {
    "customer": (Track(FULL, "createdAt"), Track("changed", "updatedAt"), Track("sweep", "createdAt")),
    "order": (
        Track(FULL, "createdAt", _PLACED),
        Track("changed", "updatedAt", _PLACED),
        Track("placed", "orderPlacedAt", _PLACED),
        Track("open", "createdAt", _OPEN),
        Track("sweep", "createdAt", _PLACED),
    ),
}
_LISTS = {"customer": ("customers", "CustomerListOptions"), "order": ("orders", "OrderListOptions")}


class VendureConnector(Connector):
    """One channel of one store, seen with the rights of the API key's roles."""

    def __init__(self, connection: ConnectionView, *, http: Http, manifest: Manifest) -> None:
        super().__init__(connection, http=http, manifest=manifest)
        settings = connection.settings
        channel = settings.get("channel")
        headers = {"vendure-token": str(channel)} if channel else {}
        key, user, password = connection.secret("key"), settings.get("user"), connection.secret("password")
        self._credentials = bool(key or (user and password))
        auth = Header("vendure-api-key", key) if key else None
        bound = http.at(str(settings["url"]), auth=auth, headers=headers)
        session = Session(bound, user=str(user or ""), password=password or "") if not key else None
        self._api = Api(bound, session=session)
        self._shop = Shop(self._api)
        self._extra: Mapping[str, tuple[str, ...]] = {
            "customer": tuple(settings.get("customer_fields") or ()),
            "order": tuple(settings.get("order_fields") or ()),
        }

    @classmethod
    def spec(cls) -> Sequence[Setting]:
        return (
            Setting(
                "url",
                "url",
                "the store's admin API, such as https://shop.example.org/admin-api",
                required=True,
            ),
            Setting("key", "secret", "an API key of the store (3.6 and later); or give user and password"),
            Setting("user", "text", "an administrator's name there: much faster for the store than a key"),
            Setting("password", "secret", "that administrator's password"),
            Setting("channel", "text", "token of the channel to read and write; without it the default one"),
            Setting("customer_fields", "list", "custom fields of customers to read and write (simple ones)"),
            Setting("order_fields", "list", "custom fields of orders to read (simple ones)"),
            Setting(
                "sweep",
                "int",
                "how many records per pull are read again because some changes leave no stamp; 0: none",
                default=500,
            ),
            Setting("webhook_secret", "secret", "what the store signs its webhooks with"),
            Setting("webhook_secret_old", "secret", "the one before, during a rotation"),
        )

    def check(self) -> Iterator[Finding]:
        if not self._credentials:
            said = "neither a key nor user and password are given"
            yield Finding("credentials", False, said, "set key, or user and password")
            return
        yield from findings(
            self._api,
            self._shop,
            customers=self._list("customer"),
            orders=self._list("order"),
            hooks=bool(self.connection.secret("webhook_secret")),
        )

    def discover(self) -> Sequence[ObjectShape]:
        return shapes(self._api)

    def pull(self, object: str, cursor: Any, *, full: bool = False) -> Iterator[Page]:
        """One pass over what moved its stamp since the last one, and a stretch of what moves none (walk.py)."""
        self._know(object)
        return self._pages(object, cursor, full=full)

    def fetch(self, object: str, external_ids: Sequence[str]) -> Sequence[RemoteRecord]:
        """As they are now. Deleted customers, carts and what is in another channel are not there."""
        self._know(object)
        if not external_ids:
            return []
        asked = {"filter": self._among(object, external_ids), "take": len(external_ids)}
        found = {one.external_id: one for one in map(self._shaper(object), self._list(object)(asked)[0])}
        return [found.get(one) or RemoteRecord(one, {}, deleted=True) for one in external_ids]

    def push(self, object: str, changes: Sequence[Change]) -> Sequence[Receipt]:
        self._know(object)
        if object == "order":
            name = self.connection.name
            return OrderWriter(self._api, self._shop, read=self._orders_by_id, name=name).push(changes)
        return customer_write.CustomerWriter(self._api, extra=self._extra["customer"]).push(changes)

    def find(self, object: str, change: Change) -> Sequence[RemoteRecord]:
        """By e-mail, which no two customers of a channel share."""
        if object != "customer":
            raise Unsupported(f"{object} records are not made in the store by the hub, so none is looked for")
        email = str(change.payload.get("email") or "").strip().lower()
        if not email:
            return []
        rows, _ = self._list(object)({"filter": {"emailAddress": {"eq": email}}, "take": 2})
        return [self._shaper(object)(row) for row in rows]

    def deletes(self, object: str, since: Any, bound: Iterable[str]) -> Deletes:
        """Those of `bound` that the store shows no more: it keeps deleted customers, but lists them nowhere."""
        if object != "customer":
            raise Unsupported(f"{object} records are never deleted in the store")
        gone: list[str] = []
        asked = list(bound)
        for start in range(0, len(asked), _ALIVE_BATCH):
            part = asked[start : start + _ALIVE_BATCH]
            query = "query($options:CustomerListOptions){customers(options:$options){items{id}}}"
            options = {"filter": {"id": {"in": part}}, "take": len(part)}
            rows, _ = items(self._api.read(query, options=options), "customers")
            alive = {str(row["id"]) for row in rows}
            gone += [one for one in part if one not in alive]
        return Deletes(gone)

    def verify_webhook(self, headers: Mapping[str, str], body: bytes) -> Sequence[Hint]:
        secrets = [self.connection.secret(name) for name in ("webhook_secret", "webhook_secret_old")]
        return webhook.hints(headers, body, secrets=secrets)

    def _know(self, object: str) -> None:
        if object not in self.manifest.objects:
            raise Unsupported(f"the Vendure connector knows no {object}")

    def _pages(self, object: str, cursor: Any, *, full: bool) -> Iterator[Page]:
        declared = self.manifest.objects[object]
        walk = Walk(
            self._list(object),
            _TRACKS[object],
            clock=self._api.server_now,
            size=declared.page_size,
            stretch=int(self.connection.settings.get("sweep") or 0),
        )
        shape = self._shaper(object)
        for step in walk.steps(cursor, full=full, overlap=declared.overlap_seconds):
            records: list[RemoteRecord] = []
            rejected: list[Rejected] = []
            for row in step.rows:
                try:
                    records.append(shape(row))
                except RecordRejected as error:
                    rejected.append(Rejected(str(row["id"]), row, str(error)))
            yield Page(records, step.cursor, rejected, step.total)

    def _list(self, object: str) -> Callable[[Mapping[str, Any]], tuple[list[Row], int | None]]:
        """A way to ask for the whole records of a list."""
        name, options = _LISTS[object]
        extra = self._extra[object]
        fields = customer.fields(extra) if object == "customer" else order.fields(extra)
        query = f"query($options:{options}){{{name}(options:$options){{totalItems items{{{fields}}}}}}}"
        return lambda asked: items(self._api.read(query, options=dict(asked)), name)

    def _shaper(self, object: str) -> Callable[[Row], RemoteRecord]:
        extra = self._extra[object]
        if object == "customer":
            return lambda row: customer.record(row, extra=extra)
        money = self._shop.money()
        return lambda row: order.record(row, money, extra=extra)

    def _orders_by_id(self, ids: Sequence[str]) -> list[RemoteRecord]:
        rows, _ = self._list("order")({"filter": self._among("order", ids), "take": len(ids)})
        return [self._shaper("order")(row) for row in rows]

    def _among(self, object: str, ids: Sequence[str]) -> dict[str, Any]:
        placed = dict(_PLACED) if object == "order" else {}
        return {**placed, "id": {"in": list(ids)}}
