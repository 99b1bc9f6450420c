"""Partners, leads and sale orders of an Odoo, both ways. What was found out about it: README.md beside this file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

import orjson

from connectors.odoo import leads, order, partner, probe, webhook
from connectors.odoo.leads import Leads
from connectors.odoo.lookups import Lookups
from connectors.odoo.loyalty import Cards
from connectors.odoo.marks import Marks
from connectors.odoo.order_write import OrderWriter
from connectors.odoo.orders import Orders
from connectors.odoo.products import POLICIES, Products
from connectors.odoo.push import Partners, PartnerWriter, push_apart
from connectors.odoo.rpc import Domain, Row, Rpc
from connectors.odoo.session import connect
from connectors.odoo.settings import SETTINGS
from connectors.odoo.walk import Source, Step, steps
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
    RemoteRecord,
    Setting,
    Unsupported,
)

_ALIVE_BATCH = 500


class OdooConnector(Connector):
    """One database of one Odoo, seen with the rights of the key's user."""

    def __init__(self, connection: ConnectionView, *, http: Http, manifest: Manifest) -> None:
        super().__init__(connection, http=http, manifest=manifest)
        self._made: Rpc | None = None
        self._scope: Domain | None = None
        self._own: frozenset[int] | None = None

    @classmethod
    def spec(cls) -> Sequence[Setting]:
        return SETTINGS

    # --- the connection -----------------------------------------------------------------------------

    def _rpc(self) -> Rpc:
        """Chosen and logged in with the first use."""
        if self._made is None:
            self._made = connect(self.http, self.connection)
            self._lookups = Lookups(
                self._made, strict=self.connection.settings.get("unknown_words") == "refuse"
            )
            extra = tuple(self.connection.settings.get("fields") or ())
            cards = Cards(self._made, wanted=self.connection.settings.get("loyalty") is not False)
            where = self.connection.settings
            place = f"{where['database']}@{urlsplit(str(where['url'])).netloc}"
            self._leads = Leads(self._made, self._lookups, place=place) if self._with_leads() else None
            self._partners = Partners(self._made, self._lookups, extra=extra, cards=cards, leads=self._leads)
            mark = str(self.connection.settings.get("order_marker_field") or "origin")
            self._orders = Orders(self._made, self._lookups, mark=mark)
        return self._made

    def check(self) -> Iterator[Finding]:
        return probe.findings(self.connection, connect=self._rpc, read=self._first)

    def discover(self) -> Sequence[ObjectShape]:
        return probe.shapes(self._rpc(), leads=self._with_leads())

    # --- reading ------------------------------------------------------------------------------------

    def pull(self, object: str, cursor: Any, *, full: bool = False) -> Iterator[Page]:
        self._know(object)
        return self._pages(object, None if full else cursor)

    def fetch(self, object: str, external_ids: Sequence[str]) -> Sequence[RemoteRecord]:
        """As they are now; archived ones and those that are not there come as deleted."""
        self._know(object)
        ids = [int(one) for one in external_ids if one.isdecimal()]
        if not external_ids:
            return []
        self._rpc()
        if object == "order":
            records = self._orders.records(self._orders.rows(ids))
        else:
            records = self._partners.records(self._whole(self._partners.rows(ids)))
            if self._leads is not None:
                wanted = [id for one in external_ids if (id := leads.number(one)) is not None]
                records = [*records, *self._leads.records(self._leads.rows(wanted))]
        there = {one.external_id for one in records}
        return [*records, *(RemoteRecord(one, {}, deleted=True) for one in external_ids if one not in there)]

    def deletes(self, object: str, since: Any, bound: Iterable[str]) -> Deletes:
        """Those of `bound` archived, unlinked, merged away or hidden from this user; Odoo names none itself."""
        model = order.MODEL if object == "order" else partner.MODEL
        self._know(object)
        rpc = self._rpc()
        gone: list[str] = []
        asked = list(bound)
        for start in range(0, len(asked), _ALIVE_BATCH):
            part = asked[start : start + _ALIVE_BATCH]
            ids = [int(one) for one in part if one.isdecimal()]
            alone: Domain = [] if object == "order" else [["active", "=", True]]
            rows = rpc.search_read(model, [["id", "in", ids], *alone], ["id"])
            alive = {str(row["id"]) for row in rows}
            if object == "customer" and self._leads is not None:
                alive |= self._leads.alive([id for one in part if (id := leads.number(one)) is not None])
            gone += [one for one in part if one not in alive]
        return Deletes(gone)

    # --- writing ------------------------------------------------------------------------------------

    def push(self, object: str, changes: Sequence[Change]) -> Sequence[Receipt]:
        self._know(object)
        if not changes:
            return []
        rpc = self._rpc()
        if object == "order":
            return self._order_writer(rpc).push(changes)
        writer = PartnerWriter(rpc, self._partners, lookups=self._lookups, marks=self._marks(rpc))
        if self._leads is None:
            return writer.push(changes)
        return push_apart(
            changes,
            apart=lambda one: leads.number(one.external_id or "") is not None,
            push=writer.push,
            push_apart=self._leads.push,
        )

    def find(self, object: str, change: Change) -> Sequence[RemoteRecord]:
        """By our mark; a partner without one by its e-mail and name."""
        self._know(object)
        rpc = self._rpc()
        if object == "order":
            return self._orders.records(self._order_writer(rpc).find(change.marker)) if change.marker else []
        if change.marker:
            ids = list(self._marks(rpc).find([change.marker]).values())
            return self._partners.records(self._partners.rows(ids))
        email, name = change.payload.get("email"), change.payload.get("name")
        if not email or not name:
            return []
        domain: Domain = [["email", "=ilike", str(email)], ["name", "=", name]]
        return self._partners.records(rpc.search_read(partner.MODEL, domain, self._partners.fields()))

    # --- webhooks -----------------------------------------------------------------------------------

    def verify_webhook(self, headers: Mapping[str, str], body: bytes) -> Sequence[Hint]:
        secrets = [self.connection.secret(name) for name in ("webhook_secret", "webhook_secret_old")]
        return webhook.hints(headers, body, secrets=secrets, leads=self._with_leads())

    # --- parts --------------------------------------------------------------------------------------

    def _know(self, object: str) -> None:
        if object not in self.manifest.objects:
            raise Unsupported(f"the Odoo connector knows no {object}")

    def _with_leads(self) -> bool:
        return self.connection.settings.get("leads") is True

    def _marks(self, rpc: Rpc) -> Marks:
        return Marks(rpc, partner.MODEL, field=self.connection.settings.get("marker_field") or None)

    def _pages(self, object: str, cursor: Any) -> Iterator[Page]:
        declared = self.manifest.objects[object]
        rpc = self._rpc()
        if object == "order":
            self._orders.needed()
            source = Source(order.MODEL, self._orders.fields(), [], self._orders.touched)
        else:
            source = Source(
                partner.MODEL, self._partners.fields(), self._customers(rpc), self._partners.touched
            )
        beside: dict[str, Any] = {}
        if object == "customer" and self._leads is not None:
            beside["leads"] = cursor.get("leads") if isinstance(cursor, dict) else None
        here: Mapping[str, Any] = {}
        for step in steps(rpc, source, cursor, size=declared.page_size, overlap=declared.overlap_seconds):
            if object == "order":
                records = self._orders.records(step.rows)
            else:
                records = self._partners.records(self._mains(step))
            here = {**step.cursor, **beside}
            yield Page(records, here, (), step.total)
        if object == "customer" and self._leads is not None:
            yield from self._lead_pages(self._leads, here)

    def _lead_pages(self, reader: Leads, cursor: Mapping[str, Any]) -> Iterator[Page]:
        """After the partners, so that the partner of a lead is there before the lead is gone.

        The cursor of leads stands beside that of partners: a pass resumed among leads asks for new partners first.
        """
        declared, mine = self.manifest.objects["customer"], cursor["leads"]
        whole = not isinstance(mine, dict) or mine.get("since") is None
        source = Source(leads.MODEL, reader.fields(), leads.OPEN if whole else [], reader.touched)
        size, overlap = declared.page_size, declared.overlap_seconds
        for step in steps(self._rpc(), source, mine, size=size, overlap=overlap):
            yield Page(reader.records(step.rows), {**cursor, "leads": step.cursor})

    def _order_writer(self, rpc: Rpc) -> OrderWriter:
        settings = self.connection.settings
        policy = str(settings.get("unknown_product") or "hold")
        if policy not in POLICIES:
            raise ConnectionBroken(f'unknown_product is "{policy}"', fix=f"use {', '.join(POLICIES)}")
        codes = {"shipping": settings.get("shipping_product"), "discount": settings.get("discount_product")}
        products = Products(rpc, policy=policy, placeholder=settings.get("placeholder_product"), codes=codes)
        companies = settings.get("companies") or [None]
        company = int(companies[0]) if companies[0] is not None else None
        confirm = settings.get("confirm_orders") is not False
        return OrderWriter(rpc, self._orders, products, confirm=confirm, company=company)

    def _mains(self, step: Step) -> list[Row]:
        """The partners of a page, and in place of an address its parent, which a change of it does not stamp."""
        if step.full:  # the parents come themselves
            return [row for row in step.rows if not partner.is_address(row)]
        return self._whole(step.rows)

    def _whole(self, rows: Sequence[Row]) -> list[Row]:
        mains = [row for row in rows if not partner.is_address(row) and not self._ours(row)]
        there = {row["id"] for row in mains}
        parents = {partner.link(row["parent_id"]) for row in rows if partner.is_address(row)}
        missing = [id for id in parents if id is not None and id not in there]
        found = self._partners.rows(missing)
        return [*mains, *(row for row in found if not partner.is_address(row) and not self._ours(row))]

    def _ours(self, row: Row) -> bool:
        """A user's own partner, or one of our own companies' people: no customer."""
        return (
            row.get("partner_share") is False
            or partner.link(row.get("commercial_partner_id")) in self._houses()
        )

    def _houses(self) -> frozenset[int]:
        if self._own is None:
            rows = self._rpc().search_read("res.company", [], ["partner_id"])
            self._own = frozenset(id for row in rows if (id := partner.link(row.get("partner_id"))))
        return self._own

    def _customers(self, rpc: Rpc) -> Domain:
        """Neither the users' own partners nor our own companies and their people; and what the admin says."""
        if self._scope is None:
            scope: Domain = [["commercial_partner_id", "not in", sorted(self._houses())]]
            if rpc.known(partner.MODEL, ["partner_share"]):
                scope.append(["partner_share", "=", True])
            self._scope = [*scope, *_domain(self.connection.settings.get("partner_domain"))]
        return self._scope

    def _first(self, object: str) -> int:
        """How many there are to pull; one of them is read whole."""
        rpc = self._rpc()
        if object == "order":
            self._orders.records(rpc.search_read(order.MODEL, [], self._orders.fields(), limit=1))
            return rpc.count(order.MODEL, [])
        if object == "lead" and self._leads is not None:
            self._leads.records(rpc.search_read(leads.MODEL, leads.OPEN, self._leads.fields(), limit=1))
            return rpc.count(leads.MODEL, leads.OPEN)
        scope = self._customers(rpc)
        rows = rpc.search_read(partner.MODEL, scope, self._partners.fields(), limit=1)
        self._partners.records(rows)
        return rpc.count(partner.MODEL, scope)


def _domain(text: Any) -> Domain:
    """The admin's own domain. Raises ConnectionBroken for one that is none."""
    if not text:
        return []
    try:
        found = orjson.loads(str(text))
    except orjson.JSONDecodeError:
        found = None
    if not isinstance(found, list) or not all(isinstance(one, list | str) for one in found):
        raise ConnectionBroken(
            "partner_domain is no domain", fix='write it as JSON, such as [["customer_rank", ">", 0]]'
        )
    return found
