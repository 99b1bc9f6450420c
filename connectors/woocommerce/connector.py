"""Customers and orders of a WooCommerce store over its REST API, wc/v3. What was found out about it: README.md."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from connectors.woocommerce import customer, hooks, order, webhook
from connectors.woocommerce.customer_write import CustomerWriter
from connectors.woocommerce.order_write import NOTES, Manner, OrderWriter
from connectors.woocommerce.probe import findings, shapes
from connectors.woocommerce.regions import Regions
from connectors.woocommerce.rest import Access, Rest, Row
from connectors.woocommerce.walk import CustomerWalk, OrderWalk, Step
from hub.sdk import (
    Change,
    ConnectionBroken,
    ConnectionView,
    Connector,
    Deletes,
    Finding,
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

_PATHS = {"customer": customer.PATH, "order": order.PATH}
_INCLUDED = 100
_LONGEST_ID = 18


class WooCommerceConnector(Connector):
    """One store, seen with the rights of one API key."""

    def __init__(self, connection: ConnectionView, *, http: Http, manifest: Manifest) -> None:
        super().__init__(connection, http=http, manifest=manifest)
        settings = connection.settings
        self._rest = Rest(
            http,
            Access(
                url=str(settings["url"]),
                key=connection.secret("key") or "",
                secret=connection.secret("secret") or "",
                way=str(settings.get("access") or "auto"),
                site=str(settings.get("site_url") or ""),
                plain=bool(settings.get("plain_permalinks")),
            ),
        )
        self._regions = Regions(self._rest)
        self._role = str(settings.get("role") or "all")
        self._manner = Manner(
            connection.name,
            notes=str(settings.get("tracking_note") or "private"),
            completes=bool(settings.get("complete_when_shipped", True)),
        )
        if self._manner.notes not in NOTES:
            raise ConnectionBroken(
                f'tracking_note cannot be "{self._manner.notes}"', fix=f"use one of {', '.join(NOTES)}"
            )

    @classmethod
    def spec(cls) -> Sequence[Setting]:
        return (
            Setting("url", "url", "the site, such as https://shop.example.org", required=True),
            Setting("key", "secret", "the consumer key of a REST API key (ck_…)", required=True),
            Setting("secret", "secret", "its consumer secret (cs_…)", required=True),
            Setting(
                "access",
                "text",
                "how calls prove who they are: auto (basic over https, oauth over http), basic, oauth or query",
                default="auto",
            ),
            Setting(
                "site_url", "url", "the Site Address the store has in its settings, if it is not the url"
            ),
            Setting(
                "plain_permalinks",
                "bool",
                "the site's permalinks are plain: routes are asked for by ?rest_route=",
                default=False,
            ),
            Setting("role", "text", "the role of users that are read as customers, or all", default="all"),
            Setting(
                "sweep",
                "int",
                "how many customers per pull are read again, for no list tells which changed; 0: none",
                default=1000,
            ),
            Setting(
                "tracking_note",
                "text",
                "where tracking numbers are written besides: private, customer (the store mails it) or none",
                default="private",
            ),
            Setting(
                "complete_when_shipped",
                "bool",
                "set an order to completed when all of it is on its way",
                default=True,
            ),
            Setting("webhook_secret", "secret", "what the store signs its webhooks with"),
            Setting("webhook_secret_old", "secret", "the one before, during a rotation"),
        )

    def check(self) -> Iterator[Finding]:
        return findings(self._rest, role=self._role, hooked=bool(self.connection.secret("webhook_secret")))

    def discover(self) -> Sequence[ObjectShape]:
        return shapes(self._rest, role=self._role)

    def pull(self, object: str, cursor: Any, *, full: bool = False) -> Iterator[Page]:
        """One pass: everything the first time, then what changed since, and a stretch of customers (walk.py)."""
        self._know(object)
        return self._pages(object, self._steps(object, cursor, full=full))

    def fetch(self, object: str, external_ids: Sequence[str]) -> Sequence[RemoteRecord]:
        """As they are now; one in the trash is gone."""
        self._know(object)
        found = {str(row["id"]): row for row in self._alive(object, external_ids)}
        records: list[RemoteRecord] = []
        for one in external_ids:
            row = found.get(one) or self._row(object, one)
            if row is None or row.get("status") == order.TRASH:
                records.append(RemoteRecord(one, {}, deleted=True))
            else:
                records.append(self._record(object, row))
        return records

    def push(self, object: str, changes: Sequence[Change]) -> Sequence[Receipt]:
        self._know(object)
        if object == "order":
            return OrderWriter(self._rest, manner=self._manner, read=self._one_order).push(changes)
        return CustomerWriter(self._rest, regions=self._regions).push(changes)

    def find(self, object: str, change: Change) -> Sequence[RemoteRecord]:
        """By e-mail, which no two customers share; one that bears another mark of the hub is another's."""
        self._know(object)
        if object != "customer":
            raise Unsupported(f"{object} records are not made in the store by the hub, so none is looked for")
        email = customer.email_key(change.payload.get("email"))
        if not email:
            return []
        asked = {"role": "all", "email": email, "per_page": _INCLUDED}
        # An e-mail that the store does not take for one cannot be that of a customer.
        rows = self._rest.listing(customer.PATH, asked, unfit="email").rows
        found = [self._record(object, row) for row in rows if customer.email_key(row.get("email")) == email]
        return [one for one in found if not customer.marked_otherwise(one.raw, change.marker)]

    def deletes(self, object: str, since: Any, bound: Iterable[str]) -> Deletes:
        """Those of `bound` that are not listed any more, each asked for once more by its id."""
        self._know(object)
        gone: list[str] = []
        asked = list(bound)
        for start in range(0, len(asked), _INCLUDED):
            part = asked[start : start + _INCLUDED]
            alive = {str(row["id"]) for row in self._alive(object, part, fields="id")}
            for one in part:
                if one not in alive:
                    row = self._row(object, one, fields="id,status")
                    gone += [one] if row is None or row.get("status") == order.TRASH else []
        return Deletes(gone)

    def verify_webhook(self, headers: Mapping[str, str], body: bytes) -> Sequence[Hint]:
        secrets = [self.connection.secret(name) for name in ("webhook_secret", "webhook_secret_old")]
        return webhook.hints(headers, body, secrets=secrets)

    def ensure_webhooks(self, url: str, secret: str, *, only_look: bool = False) -> Sequence[Finding]:
        """Have the store send its webhooks to `url`, signed with `secret`: made, repaired, told what was done."""
        if only_look:
            return hooks.look(self._rest, url)
        return hooks.ensure(self._rest, url, secret, name=self.connection.name)

    def _know(self, object: str) -> None:
        if object not in self.manifest.objects or object not in _PATHS:
            raise Unsupported(f"the WooCommerce connector knows no {object}")

    def _steps(self, object: str, cursor: Any, *, full: bool) -> Iterator[Step]:
        declared = self.manifest.objects[object]
        ask, size = partial(self._rest.listing, _PATHS[object]), declared.page_size
        if object == "order":
            orders = OrderWalk(ask, clock=self._rest.server_now, size=size)
            return orders.steps(cursor, full=full, overlap=declared.overlap_seconds)
        stretch = int(self.connection.settings.get("sweep") or 0)
        return CustomerWalk(ask, role=self._role, size=size, stretch=stretch).steps(cursor, full=full)

    def _pages(self, object: str, steps: Iterator[Step]) -> Iterator[Page]:
        for step in steps:
            records: list[RemoteRecord] = []
            rejected: list[Rejected] = []
            for row in step.rows:
                try:
                    records.append(self._record(object, row))
                except RecordRejected as error:
                    rejected.append(Rejected(str(row["id"]), row, str(error)))
            yield Page(records, step.cursor, rejected, step.total)

    def _record(self, object: str, row: Row) -> RemoteRecord:
        """Of an order with refunds, these are a list of their own: only there stand their lines."""
        if object == "customer":
            return customer.record(row, naming=self._regions.name)
        refunds = self._rest.beneath(f"{order.PATH}/{row['id']}/refunds") if order.has_refunds(row) else None
        return order.record(row, refunds, naming=self._regions.name)

    def _one_order(self, id: str) -> RemoteRecord | None:
        row = self._row("order", id)
        return self._record("order", row) if row is not None else None

    def _alive(self, object: str, ids: Sequence[str], *, fields: str | None = None) -> list[Row]:
        """Those of `ids` that the store lists."""
        numbers = [one for one in ids if _is_id(one)]
        found: list[Row] = []
        for start in range(0, len(numbers), _INCLUDED):
            part = numbers[start : start + _INCLUDED]
            asked: dict[str, Any] = {"include": part, "per_page": _INCLUDED, "orderby": "id", "order": "asc"}
            asked |= {"role": "all"} if object == "customer" else {"status": "any"}
            if fields:
                asked["_fields"] = fields
            rows = self._rest.listing(_PATHS[object], asked).rows
            found += [row for row in rows if str(row.get("id")) in part]
        return found

    def _row(self, object: str, id: str, *, fields: str | None = None) -> Row | None:
        """Ids there are numbers; anything else would only ask for another address."""
        if not _is_id(id):
            return None
        return self._rest.show(f"{_PATHS[object]}/{id}", {"_fields": fields} if fields else None)


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= _LONGEST_ID
