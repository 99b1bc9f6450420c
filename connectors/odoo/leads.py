"""Leads and opportunities (crm.lead) whose contact is no partner yet: customer records `lead/12` in a partner's shape.

One with a partner is gone: its partner is the customer. Both say `lead`, the partner that of the newest lead it came of
or was tied to, so that both are one customer before the lead goes. One that names nobody (no name, e-mail, phone) is
left out.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from typing import Any

from connectors.odoo import partner
from connectors.odoo.lookups import Lookups
from connectors.odoo.rpc import Domain, Row, Rpc
from connectors.odoo.write import PLACES, Values, flat, places, text
from hub.sdk import Change, HubError, OutcomeUnknown, Receipt, RecordRejected, RemoteRecord
from hub.sdk.writing import push_each

MODEL = "crm.lead"
PREFIX = "lead/"
OPEN: Domain = [["partner_id", "=", False], ["active", "=", True]]
SHOWN = ("lead", "lead_title", "lead_type", "lead_status", "lead_source", "lifecycle_stage", "owner")

_SAME = ("phone", "mobile", "website", "function", *partner.STREET)
_FIELDS = (
    *("id", "active", "name", "type", "partner_id", "contact_name", "partner_name", "email_from", *_SAME),
    *("state_id", "country_id", "lang_id", "title", "tag_ids", "stage_id", "source_id", "user_id"),
    "write_date",
)
_WORDED = ("name", "email", "company_name", "lang", "title", *PLACES)


def external_id(id: int) -> str:
    return f"{PREFIX}{id}"


def number(external: str) -> int | None:
    """12 of `lead/12`; None for any other id."""
    digits = external.removeprefix(PREFIX)
    return int(digits) if external.startswith(PREFIX) and digits.isdecimal() else None


class Leads:
    """Reads leads, and writes what is said of their contacts. None is made.

    `place`: this database among others, for two of them have a lead 12 each.
    """

    def __init__(self, rpc: Rpc, lookups: Lookups, *, place: str) -> None:
        self._place = place
        self._rpc = rpc
        self._lookups = lookups
        self._languages: dict[int, str] | None = None
        self._tags: dict[int, str] = {}

    # --- reading ------------------------------------------------------------------------------------

    def fields(self) -> list[str]:
        return self._rpc.known(MODEL, _FIELDS)

    def touched(self, since: str) -> Domain:
        return [["write_date", ">=", since]]

    def rows(self, ids: Sequence[int]) -> list[Row]:
        return self._rpc.by_ids(MODEL, ids, self.fields())

    def alive(self, ids: Sequence[int]) -> set[str]:
        rows = self._rpc.search_read(MODEL, [["id", "in", sorted(ids)], *OPEN], ["id"]) if ids else []
        return {external_id(row["id"]) for row in rows}

    def refs(self, partners: Sequence[int]) -> dict[int, str]:
        """Partner → the newest lead that is tied to it."""
        domain: Domain = [["partner_id", "in", sorted(partners)]]
        rows = self._rpc.search_read(MODEL, domain, ["partner_id"]) if partners else []
        return {id: self._ref(row["id"]) for row in rows if (id := partner.link(row["partner_id"]))}

    def _ref(self, id: int) -> str:
        return f"{self._place}/{external_id(id)}"

    def holders(self, since: str) -> list[int]:
        """Partners of leads written since: tying one to a lead does not stamp the partner."""
        domain: Domain = [["write_date", ">=", since], ["partner_id", "!=", False]]
        rows = self._rpc.search_read(MODEL, domain, ["partner_id"])
        return sorted({id for row in rows if (id := partner.link(row["partner_id"]))})

    def records(self, rows: Sequence[Row]) -> list[RemoteRecord]:
        """Archived (lost) ones and those with a partner come as deleted."""
        self._lookups.learn_states(partner.link(one.get("state_id")) for one in rows)
        self._learn_tags({id for row in rows for id in row.get("tag_ids") or ()})
        return [self._record(row) for row in rows if _names_somebody(row)]

    def _record(self, row: Row) -> RemoteRecord:
        content = self.raw(row)
        gone = not content["active"] or bool(partner.link(row.get("partner_id")))
        return RemoteRecord(external_id(row["id"]), content, partner.digest(content), deleted=gone)

    def raw(self, row: Row) -> dict[str, Any]:
        mail, more = partner.first_mail(row.get("email_from"))
        person, company = partner.plain(row.get("contact_name")), partner.plain(row.get("partner_name"))
        alone = bool(company) and not person
        result: dict[str, Any] = {
            "id": row["id"],
            "active": bool(row.get("active", True)),
            "kind": "organisation" if alone else "person",
            "name": person or company,
            "company": None if alone else company,
            "email": mail,
            "email_more": more,
            **{name: partner.plain(row[name]) for name in _SAME if name in row},
            **partner.address(row, self._lookups),
            "lang": self._language(partner.link(row.get("lang_id"))),
            "tags": sorted(self._tags[id] for id in row.get("tag_ids") or () if id in self._tags),
            "lead": self._ref(row["id"]),
            "lead_title": partner.plain(row.get("name")),
            "lead_type": partner.plain(row.get("type")),
            "lead_status": partner.named(row.get("stage_id")),
            "lead_source": partner.named(row.get("source_id")),
            "lifecycle_stage": "prospect",
            "owner": partner.named(row.get("user_id")),
            "changed": partner.plain(row.get("write_date")),
        }
        return result | ({"title": partner.named(row["title"])} if "title" in row else {})

    def _learn_tags(self, ids: set[int]) -> None:
        rows = self._rpc.by_ids("crm.tag", sorted(ids - self._tags.keys()), ["name"])
        self._tags |= {int(row["id"]): str(row["name"]) for row in rows}

    def _codes(self) -> dict[int, str]:
        if self._languages is None:
            rows = self._rpc.search_read("res.lang", [], ["code"])
            self._languages = {int(row["id"]): str(row["code"]) for row in rows}
        return self._languages

    def _language(self, id: int | None) -> str | None:
        return self._codes().get(id) if id else None

    # --- writing ------------------------------------------------------------------------------------

    def push(self, changes: Sequence[Change]) -> list[Receipt]:
        """One receipt each; raises only before the first write."""
        ids = [id for one in changes if (id := number(one.external_id or "")) is not None]
        there = {external_id(row["id"]): row for row in self.rows(ids)}
        shape = self._rpc.fields(MODEL)
        receipts = push_each(changes, lambda one: self._update(one, there.get(one.external_id or ""), shape))
        shown: dict[str, RemoteRecord] = {}
        with contextlib.suppress(HubError):
            shown = {one.external_id: one for one in self.records(self.rows(ids))}
        done = [one.outcome == "done" for one in receipts]
        return [
            one._replace(record=shown.get(one.external_id or "")) if good else one
            for one, good in zip(receipts, done, strict=True)
        ]

    def _update(self, change: Change, row: Row | None, shape: Mapping[str, Any]) -> Receipt:
        id = change.external_id or ""
        if row is None:
            return Receipt(change.key, "refused", id, cause=f"{id} is not there")
        if partner.link(row.get("partner_id")):
            return Receipt(change.key, "refused", id, cause=f"{id} has become a partner")
        if vals := self._values(flat(change.payload), row, shape):
            said = self._rpc.write(MODEL, "write", {"vals": vals}, ids=[row["id"]])
            if said is not True:
                raise OutcomeUnknown("the answer to a write is not as agreed", cause=f"{said!r:.100}")
        return Receipt(change.key, "done", id)

    def _values(self, given: Mapping[str, Any], row: Row, shape: Mapping[str, Any]) -> Values:
        """What of a partner's words a lead has no field for is left out, or refused (`unknown_words`)."""
        result: Values = {name: text(given[name], name) for name in _SAME if name in given and name in shape}
        person = bool(row.get("contact_name")) or not row.get("partner_name")
        fields = {"name": "contact_name" if person else "partner_name", "email": "email_from"}
        fields |= {"company_name": "partner_name"} if person else {}
        for name, field in fields.items():
            if name in given:
                result[field] = text(given[name], name)
        if "name" in given and not given["name"]:
            raise RecordRejected("the name of a lead's contact cannot be blank")
        if "email" in given and partner.first_mail(row.get("email_from"))[0] == given["email"]:
            del result["email_from"]  # the addresses beside the first stay
        result |= places({name: given[name] for name in PLACES if name in given}, row, self._lookups)
        if "lang" in given:
            result |= self._worded(given["lang"])
        if "title" in given and "title" in shape:
            found = self._lookups.title(str(given["title"])) if given["title"] else False
            result |= {} if found is None else {"title": found}
        held = {*_WORDED, *_SAME} - ({"mobile", "title"} - shape.keys())
        for name, value in given.items():
            if name not in held and value and not (name == "kind" and (value == "person") == person):
                self._lookups.lacks(f"{name} of a lead")
        return result

    def _worded(self, tag: Any) -> Values:
        if not tag:
            return {"lang_id": False}
        code = self._lookups.language(str(tag))
        found = [id for id, one in self._codes().items() if one == code]
        return {"lang_id": found[0]} if found else {}


def _names_somebody(row: Row) -> bool:
    """Those that are gone are told in any case."""
    shown = any(row.get(name) for name in ("contact_name", "partner_name", "email_from", "phone", "mobile"))
    return shown or not row.get("active", True) or bool(row.get("partner_id"))
