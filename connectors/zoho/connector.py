"""Contacts, accounts, leads and sales orders of a Zoho CRM account, over its API v8. What is known of it: README.md."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from connectors.zoho import order, party, probe, webhook
from connectors.zoho.api import Api
from connectors.zoho.fields import Fields
from connectors.zoho.gone import gone
from connectors.zoho.orders import Orders
from connectors.zoho.parties import Parties
from connectors.zoho.places import PROVIDER, api_host, place
from connectors.zoho.settings import SPEC, choices
from connectors.zoho.watch import Channel
from hub.sdk import (
    Change,
    ConnectionView,
    Connector,
    Deletes,
    Finding,
    Hint,
    Http,
    Manifest,
    OAuth,
    ObjectShape,
    Page,
    Receipt,
    RemoteRecord,
    Setting,
    Unsupported,
)


class ZohoConnector(Connector):
    """One organisation, seen with the rights of the user who authorised the hub."""

    def __init__(self, connection: ConnectionView, *, http: Http, manifest: Manifest) -> None:
        super().__init__(connection, http=http, manifest=manifest)
        settings = connection.settings
        self._choices = choices(settings)
        self._oauth = OAuth(
            PROVIDER,
            http,
            server=str(settings.get("accounts_url") or place(str(settings["dc"])).accounts),
            client_id=str(settings["client_id"]),
            client_secret=connection.secret("client_secret"),
            tokens=connection.tokens,
            seed=connection.secret("refresh_token"),
        )
        self._api = Api(self._connect, self._oauth, credits_kept=self._choices.credits_kept)
        self._fields = Fields(self._api, further=self._choices.fields)
        self._parties = Parties(
            self._api, self._fields, self._choices, size=manifest.objects["customer"].page_size
        )
        self._orders = Orders(
            self._api, self._fields, self._choices, size=manifest.objects["order"].page_size
        )

    @classmethod
    def spec(cls) -> Sequence[Setting]:
        return SPEC

    def authorisation(self) -> OAuth:
        return self._oauth

    def check(self) -> Iterator[Finding]:
        wanted = self._parties.modules
        return probe.findings(
            (
                ("authorisation", self._authorised),
                ("modules", lambda: probe.modules(self._api, wanted)),
                ("fields", lambda: f"{sum(len(self._fields.of(one)) for one in wanted)} fields"),
                *((f"read {one}", lambda one=one: probe.sample(self._api, one)) for one in wanted),
                ("sales orders", lambda: probe.optional(self._api, order.MODULE)),
                ("notifications", self._notified),
                (
                    "mark of what we make",
                    lambda: probe.marker(self._fields, wanted, self._choices.marker_field),
                ),
            )
        )

    def discover(self) -> Sequence[ObjectShape]:
        return [*self._parties.shapes(), self._orders.shapes()]

    def pull(self, object: str, cursor: Any, *, full: bool = False) -> Iterator[Page]:
        """One pass over what has changed since the last one began (walk.py)."""
        self._know(object)
        pages = self._side(object).pages(cursor, full=full, overlap=self._overlap(object))
        return self._watched(pages, cursor) if object == "customer" else pages

    def fetch(self, object: str, external_ids: Sequence[str]) -> Sequence[RemoteRecord]:
        self._know(object)
        return self._side(object).fetch(external_ids)

    def push(self, object: str, changes: Sequence[Change]) -> Sequence[Receipt]:
        self._know(object)
        return self._side(object).push(changes)

    def find(self, object: str, change: Change) -> Sequence[RemoteRecord]:
        self._know(object)
        return self._side(object).find(change)

    def deletes(self, object: str, since: Any, bound: Iterable[str]) -> Deletes:
        """From Zoho's own list of what was deleted."""
        self._know(object)
        overlap = self._overlap(object)
        if object == "order":
            return gone(self._api, (order.MODULE,), since, named=lambda module, id: str(id), overlap=overlap)
        return gone(self._api, self._parties.modules, since, named=party.external_id, overlap=overlap)

    def verify_webhook(self, headers: Mapping[str, str], body: bytes) -> Sequence[Hint]:
        secrets = [self.connection.secret(name) for name in ("webhook_secret", "webhook_secret_old")]
        return webhook.hints(body, secrets=secrets, modules=self._parties.modules)

    def ensure_webhooks(self, url: str, secret: str, *, only_look: bool = False) -> Sequence[Finding]:
        """Have the account notify `url` (or the setting notify_url), with `secret` as its token; a channel ends by
        itself, so it is renewed each time."""
        channel = self._channel(url, secret)
        return channel.findings(only_look=only_look) if channel is not None else ()

    def _watched(self, pages: Iterator[Page], cursor: Any) -> Iterator[Page]:
        """The pages; with the last one, the channel of notifications is kept alive, where one is wanted."""
        channel = self._channel()
        known = cursor.get("channel") if isinstance(cursor, Mapping) else None
        for page in pages:
            kept = known
            if channel is not None and page.cursor and "module" not in page.cursor:
                kept = channel.kept(known)
            yield page._replace(cursor={**page.cursor, "channel": kept}) if kept else page

    def _channel(self, known: str | None = None, secret: str | None = None) -> Channel | None:
        url = self.connection.settings.get("notify_url") or known
        token = secret or self.connection.secret("webhook_secret")
        if not url or not token:
            return None
        modules = (*self._parties.modules, order.MODULE)
        return Channel(self._api, self.connection.name, url=str(url), token=token, modules=modules)

    def _connect(self) -> Http:
        """The host comes with the token, unless the admin names another one."""
        settings = self.connection.settings
        url = settings.get("url") or api_host(
            str(settings["dc"]), str(settings["environment"]), self._oauth.current().extra.get("api_domain")
        )
        return self.http.at(str(url), auth=self._oauth)

    def _authorised(self) -> str:
        self._oauth.current()
        return "Zoho gives access tokens"

    def _notified(self) -> str:
        channel = self._channel()
        if channel is None:
            return "notify_url and webhook_secret are not set: changes are found by the next pull only"
        return channel.standing()

    def _side(self, object: str) -> Parties | Orders:
        return self._orders if object == "order" else self._parties

    def _overlap(self, object: str) -> float:
        return self.manifest.objects[object].overlap_seconds

    def _know(self, object: str) -> None:
        if object not in self.manifest.objects:
            raise Unsupported(f"the Zoho connector knows no {object}")
