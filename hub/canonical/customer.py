"""A customer as a party: a person or an organisation, with all ways to reach it (canonical-model.md, "customer")."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from hub.canonical.address import Address
from hub.canonical.loyalty import Membership
from hub.canonical.money import Money
from hub.canonical.references import ExternalRef


@dataclass(frozen=True, slots=True)
class Person:
    """What only a person has. company: as written there, no tie to an organisation."""

    prefix: str | None = None
    given_name: str | None = None
    middle_name: str | None = None
    family_name: str | None = None
    suffix: str | None = None
    full_name: str | None = None
    company: str | None = None
    job_title: str | None = None
    department: str | None = None
    birth_date: date | None = None
    gender: str | None = None
    language: str | None = None
    timezone: str | None = None
    lifecycle_stage: str | None = None
    lead_status: str | None = None
    lead_source: str | None = None
    owner_ref: str | None = None


@dataclass(frozen=True, slots=True)
class Organisation:
    """What only an organisation has, and what any party has as a business partner."""

    name: str | None = None
    legal_name: str | None = None
    trade_name: str | None = None
    registration_number: str | None = None
    industry: str | None = None
    employee_count: int | None = None
    annual_revenue: Money | None = None
    website: str | None = None
    is_customer: bool | None = None
    is_supplier: bool | None = None
    payment_terms: str | None = None
    credit_limit: Money | None = None
    tax_exempt: bool | None = None


@dataclass(frozen=True, slots=True)
class TaxId:
    """A tax number; persons have them too. type: vat, gst, ein, uscc or other."""

    type: str
    value: str
    country: str | None = None


@dataclass(frozen=True, slots=True)
class Phone:
    """What a phone number is beside its text."""

    e164: str | None = None
    country: str | None = None
    extension: str | None = None
    type: str | None = None


@dataclass(frozen=True, slots=True)
class Social:
    """An account in a network; platform_user_id means something only within `account`, to which it is scoped."""

    network: str
    handle: str | None = None
    platform_user_id: str | None = None
    account: str | None = None
    profile_url: str | None = None


@dataclass(frozen=True, slots=True)
class ContactPoint:
    """One way to reach a party. kind: email, phone, address, social, web or messaging; label None: the main one.

    value: as given where that is known, else as normalised. status: valid, bounced, invalid, blocked or unknown.
    details: the phone, address or account of that kind.
    """

    kind: str
    label: str | None = None
    is_primary: bool = False
    value: str | None = None
    normalised: str | None = None
    verified_at: datetime | None = None
    status: str | None = None
    details: Phone | Address | Social | None = None


@dataclass(frozen=True, slots=True)
class Relationship:
    """A tie between two parties. type: works_for, bills_to, ships_to, household, parent_of or contact_of."""

    from_id: str
    to_id: str
    type: str
    role: str | None = None
    valid_from: date | None = None
    valid_to: date | None = None


@dataclass(frozen=True, slots=True)
class Consent:
    """What was said about one channel; append-only, the state is derived. status also has `unknown`."""

    channel: str
    status: str = "unknown"
    purpose: str | None = None
    opt_in_level: str | None = None
    legal_basis: str | None = None
    captured_at: datetime | None = None
    source: str | None = None
    evidence_ref: str | None = None
    contact_point: str | None = None


@dataclass(frozen=True, slots=True)
class Rollups:
    """Derived from orders and interactions; never written back. total_spent: one amount per currency."""

    first_order_at: datetime | None = None
    last_order_at: datetime | None = None
    order_count: int = 0
    total_spent: tuple[Money, ...] = ()
    last_interaction_at: datetime | None = None
    segments: tuple[str, ...] = ()
    value_tier: str | None = None
    lifecycle_stage: str | None = None


@dataclass(frozen=True, slots=True)
class Customer:
    """A party. kind: person, organisation or unknown; status: active, merged, erased or archived.

    person and organisation hold the fields of either kind; systems mix them, so both may be filled.
    completeness: share of the fields that matter which are known, 0 to 1.
    """

    id: str | None = None
    kind: str = "unknown"
    status: str = "active"
    display_name: str | None = None
    merged_into: str | None = None
    version: int = 0
    created_at: datetime | None = None
    updated_at: datetime | None = None
    completeness: Decimal | None = None
    tags: tuple[str, ...] = ()
    custom: Mapping[str, Any] = field(default_factory=dict)
    external_refs: tuple[ExternalRef, ...] = ()
    person: Person = Person()
    organisation: Organisation = Organisation()
    tax_ids: tuple[TaxId, ...] = ()
    contact_points: tuple[ContactPoint, ...] = ()
    relationships: tuple[Relationship, ...] = ()
    consents: tuple[Consent, ...] = ()
    memberships: tuple[Membership, ...] = ()
    rollups: Rollups | None = None
