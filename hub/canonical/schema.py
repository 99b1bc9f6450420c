"""The canonical objects as JSON at the borders (API, files, exports): marshmallow schemas made from the dataclasses.

The dataclasses are the only definition of the fields; a schema is derived from each, so the two cannot differ.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import lru_cache
from types import UnionType
from typing import Any, TypeVar, get_args, get_origin

from marshmallow import Schema, ValidationError, post_load, validate
from marshmallow import fields as kinds

from hub.canonical import vocabulary
from hub.canonical.address import Address
from hub.canonical.customer import Consent, ContactPoint, Customer, Person, Phone, Social
from hub.canonical.flat import types_of
from hub.canonical.interaction import Interaction
from hub.canonical.moment import show
from hub.canonical.money import CURRENCIES, Money, amount_text, decimal_of, decimal_text
from hub.canonical.order import Line, Order
from hub.canonical.unfit import Unfit
from hub.errors import RecordRejected

T = TypeVar("T")

_ENUMS: Mapping[tuple[type, str], str] = {
    (Customer, "kind"): "customer.kind",
    (Customer, "status"): "customer.status",
    (Person, "gender"): "customer.gender",
    (ContactPoint, "status"): "customer.email.status",
    (Consent, "status"): "customer.consent.status",
    (Order, "status"): "order.status",
    (Order, "payment_status"): "order.payment_status",
    (Order, "fulfilment_status"): "order.fulfilment_status",
    (Line, "kind"): "order.lines.kind",
    (Interaction, "kind"): "interaction.kind",
    (Interaction, "direction"): "interaction.direction",
    (Interaction, "status"): "interaction.status",
}


class InstantField(kinds.Field[datetime]):
    """UTC in ISO 8601 with `Z`; on load any offset, but never without one."""

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        return None if value is None else show(value)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> datetime:
        try:
            found = datetime.fromisoformat(value)
        except (TypeError, ValueError):
            raise ValidationError("Expected an instant such as 2026-05-14T09:51:40Z.") from None
        if found.tzinfo is None:
            raise ValidationError("Expected an offset, as in 2026-05-14T09:51:40Z.")
        return found.astimezone(UTC)


class DecimalField(kinds.Field[Decimal]):
    """A decimal as text; a JSON number with a fraction is refused, for it may not be exact."""

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        return None if value is None else decimal_text(value)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Decimal:
        return _exact(value)


def _exact(value: Any) -> Decimal:
    if isinstance(value, float):
        raise ValidationError('Expected a decimal as text, as in "12.50".')
    try:
        found = decimal_of(value)
    except Unfit as unfit:
        raise ValidationError(f'It {unfit.reason}. Expected a decimal as text, as in "12.50".') from None
    if found is None:
        raise ValidationError('Expected a decimal as text, as in "12.50".')
    return found


class MoneyField(kinds.Field[Money]):
    """{"amount": "12.00", "currency": "EUR"}."""

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> dict[str, str] | None:
        return (
            None
            if value is None
            else {"amount": amount_text(value.amount, value.currency), "currency": value.currency}
        )

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Money:
        if not isinstance(value, Mapping) or set(value) != {"amount", "currency"}:
            raise ValidationError('Expected {"amount": "12.00", "currency": "EUR"}.')
        if value["currency"] not in CURRENCIES:
            raise ValidationError("Expected an ISO 4217 code.")
        return Money(_exact(value["amount"]), value["currency"])


class DetailsField(kinds.Field[Any]):
    """The part of a contact point that its kind has: a phone, an address or an account."""

    _OF: Mapping[str, type] = {"phone": Phone, "address": Address, "social": Social, "messaging": Social}

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> Any:
        return None if value is None else schema_of(type(value)).dump(value)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        cls = self._OF.get(data.get("kind"))
        if cls is None:
            raise ValidationError("This kind of contact point has no details.")
        return schema_of(cls).load(value)


_FIELDS: Mapping[Any, type[kinds.Field[Any]]] = {
    str: kinds.String,
    int: kinds.Integer,
    bool: kinds.Boolean,
    date: kinds.Date,
    datetime: InstantField,
    Decimal: DecimalField,
    Money: MoneyField,
}


def _field(kind: Any, **options: Any) -> kinds.Field[Any]:
    if get_origin(kind) is tuple:
        return TupleField(_field(get_args(kind)[0]), **options)
    if get_origin(kind) is UnionType:
        return DetailsField(**options)
    if get_origin(kind) is not None:  # Mapping[str, Any]
        return kinds.Dict(keys=kinds.String(), **options)
    if kind is int:
        options["strict"] = True
    known = _FIELDS.get(kind)
    return known(**options) if known else kinds.Nested(schema_of(kind), **options)


class TupleField(kinds.List[Any]):
    """A list whose loaded value cannot be changed."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        return tuple(super()._deserialize(value, attr, data, **kwargs))


def _schema_of(cls: Any) -> Schema:
    """The schema of a canonical dataclass: `dump(instance)`, and `load(json)`, which raises ValidationError."""
    made: dict[str, Any] = {}
    types = types_of(cls)
    for each in fields(cls):
        optional = each.default is not MISSING or each.default_factory is not MISSING
        options: dict[str, Any] = {"required": not optional, "allow_none": each.default is None}
        if (cls, each.name) in _ENUMS:
            words = vocabulary.ENUMS[_ENUMS[cls, each.name]]
            options["validate"] = validate.OneOf((*words, "unknown"))
        made[each.name] = _field(types[each.name], **options)

    def make(self: Schema, data: dict[str, Any], **kwargs: Any) -> Any:
        return cls(**data)

    made_class: type[Schema] = type(f"{cls.__name__}Schema", (Schema,), {**made, "make": post_load(make)})
    return made_class()


schema_of: Callable[[Any], Schema] = lru_cache(maxsize=64)(_schema_of)


def to_json(item: Any) -> dict[str, Any]:
    """A canonical object as JSON: every field, in a fixed order, null where nothing is known."""
    dumped: dict[str, Any] = schema_of(type(item)).dump(item)
    return dumped


def from_json(cls: type[T], data: Mapping[str, Any]) -> T:
    """A canonical object from JSON. Raises RecordRejected naming each field and what is wrong with it."""
    try:
        loaded: T = schema_of(cls).load(data)
    except ValidationError as error:
        raise RecordRejected(f"no {cls.__name__.lower()}: {_told(error.messages)}") from None
    return loaded


def _told(messages: Any, stem: str = "") -> str:
    if isinstance(messages, Mapping):
        return " ".join(
            _told(inner, f"{stem}.{name}" if stem else str(name)) for name, inner in messages.items()
        )
    texts = messages if isinstance(messages, list) else [messages]
    return " ".join(f"{stem}: {text}" for text in texts)
