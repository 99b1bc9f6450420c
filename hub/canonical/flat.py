"""Between the flat path dictionaries of the hot path and the dataclasses of the borders."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache, reduce
from operator import or_
from types import NoneType, UnionType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from hub.canonical import order as orders
from hub.canonical.address import Address
from hub.canonical.customer import (
    Consent,
    ContactPoint,
    Customer,
    Organisation,
    Person,
    Phone,
    Social,
    TaxId,
)
from hub.canonical.loyalty import Membership
from hub.canonical.moment import show
from hub.canonical.money import Money, decimal_text
from hub.canonical.paths import parse
from hub.canonical.references import ExternalRef

T = TypeVar("T")
Also = Mapping[str, Sequence[Sequence[Any]]]

_LISTS: Mapping[str, type] = {
    "lines": orders.Line,
    "tax_lines": orders.TaxLine,
    "discounts": orders.Discount,
    "payments": orders.PaymentTransaction,
    "fulfilments": orders.Fulfilment,
    "refunds": orders.Refund,
}
_POINT_FIELDS = frozenset({"verified_at", "status"})


def _types_of(cls: Any) -> Mapping[str, Any]:
    """The type of each field of a dataclass, `| None` taken off."""
    hints = get_type_hints(cls)
    return {each.name: _plain(hints[each.name]) for each in fields(cls)}


def _plain(hint: Any) -> Any:
    if get_origin(hint) is not UnionType:
        return hint
    kinds = [kind for kind in get_args(hint) if kind is not NoneType]
    return kinds[0] if len(kinds) == 1 else reduce(or_, kinds)


types_of: Callable[[Any], Mapping[str, Any]] = lru_cache(maxsize=64)(_types_of)

_IN: Mapping[Any, Callable[[Any], Any]] = {
    Money: Money.from_json,
    Decimal: Decimal,
    date: date.fromisoformat,
    datetime: datetime.fromisoformat,
    orders.ProductRef: lambda value: orders.ProductRef(id=value),
}
_OUT: Mapping[type, Callable[[Any], Any]] = {
    Money: Money.to_json,
    Decimal: decimal_text,
    date: date.isoformat,
    datetime: show,
    tuple: lambda value: [deflate(item) for item in value],
    orders.ProductRef: lambda value: value.id,
}


def inflate(value: Any, kind: Any) -> Any:
    """A flat value as the type its field has in the dataclass."""
    if value is None:
        return None
    if get_origin(kind) is tuple:
        inner = get_args(kind)[0]
        return tuple(build(inner, item) for item in value) if inner is orders.Piece else tuple(value)
    work = _IN.get(kind)
    return work(value) if work else value


def deflate(value: Any) -> Any:
    """The inverse of `inflate`."""
    if isinstance(value, orders.Piece):
        return spread(value)
    work = _OUT.get(type(value))
    return work(value) if work else value


def build(cls: type[T], found: Mapping[str, Any], **more: Any) -> T:
    """An instance of a dataclass from those of `found` that are its fields."""
    types = types_of(cls)
    return cls(
        **{name: inflate(value, types[name]) for name, value in found.items() if name in types}, **more
    )


_NOTHING: tuple[Any, ...] = ((), {}, "unknown")  # what the dataclasses have where nothing was said


def spread(item: Any, *, stem: str = "", leave: Iterable[str] = ()) -> dict[str, Any]:
    """The filled fields of a dataclass as flat values, each path led by `stem`; empty ones and `leave` stay out."""
    left = frozenset(leave)
    return {
        f"{stem}{each.name}": deflate(value)
        for each in fields(item)
        if each.name not in left and (value := getattr(item, each.name)) is not None and value not in _NOTHING
    }


def customer_of(
    values: Mapping[str, Any],
    *,
    also: Also | None = None,
    given: Mapping[str, Any] | None = None,
    **head: Any,
) -> Customer:
    """A Customer from golden's flat values.

    also: further values per contact-like field, as golden has them: field → [[group, value], …]. given: path → the
    text as given, for contact points. head: id, version, created_at, merged_into, … as the dataclass has them.
    """
    plain, slots, custom = _sorted_out(values)
    points = [
        _point(field, label, found, given or {})
        for (field, label), found in slots.items()
        if field in _SLOT_KINDS
    ]
    tax_ids = [_tax_id(label, found) for (field, label), found in slots.items() if field == "tax_id"]
    for field, extra in (also or {}).items():
        for group, value in extra:
            label = _label(group)
            found = value if isinstance(value, Mapping) else {"": value}
            if field == "tax_id":
                tax_ids.append(_tax_id(label, found))
            elif field in _SLOT_KINDS:
                points.append(_point(field, label, found, {}, primary=False))
    return build(
        Customer,
        {name: value for name, value in plain.items() if name not in _PERSON | _ORGANISATION},
        person=build(Person, plain),
        organisation=build(Organisation, plain),
        contact_points=tuple(points),
        tax_ids=tuple(tax_ids),
        consents=tuple(build(Consent, found, channel=label) for label, found in _labelled(slots, "consent")),
        memberships=tuple(
            build(Membership, found, program=label) for label, found in _labelled(slots, "membership")
        ),
        external_refs=tuple(
            ExternalRef(label, found[""]) for label, found in _labelled(slots, "external_ref")
        ),
        custom=custom,
        **head,
    )


Slots = dict[tuple[str, str | None], dict[str, Any]]


def _sorted_out(values: Mapping[str, Any]) -> tuple[dict[str, Any], Slots, dict[str, dict[str, Any]]]:
    """Plain fields; per field and label the parts (the value itself under ""); custom fields by namespace."""
    plain: dict[str, Any] = {}
    slots: Slots = {}
    custom: dict[str, dict[str, Any]] = {}
    for text, value in values.items():
        path = parse(text)
        if value is None:
            continue
        if path.field == "custom":
            custom.setdefault(str(path.label), {})[str(path.sub)] = value
        elif path.label is None and path.sub is None and path.field not in _SLOT_KINDS:
            plain[path.field] = value
        else:
            slots.setdefault((path.field, path.label), {})[path.sub or ""] = value
    return plain, slots, custom


_SLOT_KINDS = frozenset({"email", "phone", "address", "social", "web", "messaging"})
_PERSON = frozenset(Person.__slots__)
_ORGANISATION = frozenset(Organisation.__slots__)


def _labelled(
    slots: Mapping[tuple[str, str | None], dict[str, Any]], field: str
) -> list[tuple[str, dict[str, Any]]]:
    return [(label, found) for (name, label), found in slots.items() if name == field and label]


def _label(group: str) -> str | None:
    """The label in a group's name such as `address[billing]`."""
    return group.partition("[")[2].rstrip("]") or None


def _tax_id(label: str | None, found: Mapping[str, Any]) -> TaxId:
    return TaxId(label or "other", found.get("", ""), found.get("country"))


def _point(
    field: str,
    label: str | None,
    found: Mapping[str, Any],
    given: Mapping[str, Any],
    *,
    primary: bool | None = None,
) -> ContactPoint:
    stem = field if label is None else f"{field}[{label}]"
    value = found.get("")
    shown = given.get(stem)
    return ContactPoint(
        kind=field,
        label=label,
        is_primary=label is None if primary is None else primary,
        value=shown if isinstance(shown, str) else value,
        normalised=value,
        verified_at=inflate(found.get("verified_at"), datetime),
        status=found.get("status"),
        details=_details(field, label, found),
    )


def _details(field: str, label: str | None, found: Mapping[str, Any]) -> Phone | Address | Social | None:
    if field == "address":
        return build(Address, found)
    if field == "phone":
        e164 = found.get("")
        return build(Phone, found, e164=e164 if str(e164).startswith("+") else None)
    if field in ("social", "messaging"):
        return build(Social, found, network=label or "", handle=found.get(""))
    return None


def values_of(customer: Customer) -> dict[str, Any]:
    """The flat values of a Customer: the inverse of `customer_of` for what has a path.

    Of contact points with the same kind and label the first (the primary one) has the path; rollups, relationships and
    what the hub itself says (id, version, times) have none.
    """
    found = spread(customer, leave=_NO_PATH)
    found |= spread(customer.person) | spread(customer.organisation)
    for point in sorted(customer.contact_points, key=lambda point: not point.is_primary):
        stem = point.kind if point.label is None else f"{point.kind}[{point.label}]"
        for path, value in _point_values(stem, point).items():
            found.setdefault(path, value)
    for tax_id in customer.tax_ids:
        found[f"tax_id[{tax_id.type}]"] = tax_id.value
        found |= {f"tax_id[{tax_id.type}].country": tax_id.country} if tax_id.country else {}
    for consent in customer.consents:
        found |= spread(consent, stem=f"consent[{consent.channel}].", leave=("channel", "contact_point"))
    for member in customer.memberships:
        found |= spread(member, stem=f"membership[{member.program}].", leave=("program",))
    return found | _outward(customer.external_refs, customer.custom)


_NO_PATH = frozenset(Customer.__slots__) - {"kind", "status", "display_name", "tags"}


def _outward(refs: Iterable[ExternalRef], custom: Mapping[str, Any]) -> dict[str, Any]:
    found = {f"external_ref[{ref.connection}]": ref.external_id for ref in refs}
    return found | {
        f"custom.{space}.{key}": value for space, keys in custom.items() for key, value in keys.items()
    }


def _point_values(stem: str, point: ContactPoint) -> dict[str, Any]:
    found = {
        f"{stem}.{name}": deflate(value)
        for name in _POINT_FIELDS
        if (value := getattr(point, name)) is not None
    }
    if point.normalised is not None:
        found[stem] = point.normalised
    if isinstance(point.details, Address):
        found |= spread(point.details, stem=f"{stem}.")
    elif isinstance(point.details, Phone):
        found |= spread(point.details, stem=f"{stem}.", leave=("e164", "country"))
    elif isinstance(point.details, Social):
        found |= spread(point.details, stem=f"{stem}.", leave=("network", "handle"))
    return found


def order_of(values: Mapping[str, Any], **head: Any) -> orders.Order:
    """An Order from flat values. head: id, connection, external_id, as the dataclass has them."""
    plain: dict[str, Any] = {}
    nested: dict[str, dict[str, Any]] = {}
    custom: dict[str, dict[str, Any]] = {}
    refs = []
    for text, value in values.items():
        path = parse(text, object="order")
        if value is None:
            continue
        if path.field == "custom":
            custom.setdefault(str(path.label), {})[str(path.sub)] = value
        elif path.field == "external_ref":
            refs.append(ExternalRef(str(path.label), value))
        elif path.field in _LISTS:
            plain[path.field] = tuple(_item(_LISTS[path.field], item) for item in value)
        elif path.sub is not None:
            nested.setdefault(path.field, {})[path.sub] = value
        else:
            plain[path.field] = value
    for field in ("billing_address", "shipping_address"):
        if field in nested:
            plain[field] = build(Address, nested[field])
    totals = build(orders.Totals, nested.get("totals", {}))
    return build(orders.Order, plain, totals=totals, external_refs=tuple(refs), custom=custom, **head)


def _item(cls: type, found: Mapping[str, Any]) -> Any:
    custom = {
        path.removeprefix("custom."): value for path, value in found.items() if path.startswith("custom.")
    }
    return build(cls, found, **({"properties": custom} if custom else {}))


def order_values(order: orders.Order) -> dict[str, Any]:
    """The flat values of an Order: the inverse of `order_of` for what has a path."""
    nested = ("totals", "billing_address", "shipping_address")
    found = spread(
        order, leave={*_LISTS, *nested, "id", "connection", "external_id", "external_refs", "custom"}
    )
    for field in nested:
        if (part := getattr(order, field)) is not None:
            found |= spread(part, stem=f"{field}.")
    for field in _LISTS:
        if items := getattr(order, field):
            found[field] = [_flat_item(item) for item in items]
    return found | _outward(order.external_refs, order.custom)


def _flat_item(item: Any) -> dict[str, Any]:
    found = spread(item, leave=("properties",))
    return found | {f"custom.{key}": value for key, value in getattr(item, "properties", {}).items()}
