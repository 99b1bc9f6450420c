"""Values as people read them, in their language: times, numbers, money, names."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from babel.dates import format_date, format_datetime, format_timedelta
from babel.numbers import format_currency, format_decimal
from markupsafe import Markup

from hub.canonical.ids import show
from hub.web.say import gettext, lazy_gettext, locale

COUNTS = {
    "read": lazy_gettext("read"),
    "created": lazy_gettext("created"),
    "changed": lazy_gettext("changed"),
    "unchanged": lazy_gettext("unchanged"),
    "written": lazy_gettext("written"),
    "rejected": lazy_gettext("rejected"),
    "mismatched": lazy_gettext("with other totals"),
    "deleted": lazy_gettext("deleted"),
    "gone": lazy_gettext("gone"),
}
WORDS = {
    "customer": lazy_gettext("customers"),
    "order": lazy_gettext("orders"),
    "interaction": lazy_gettext("interactions"),
    "person": lazy_gettext("person"),
    "organisation": lazy_gettext("organisation"),
    "open": lazy_gettext("open"),
    "completed": lazy_gettext("completed"),
    "cancelled": lazy_gettext("cancelled"),
    "pending": lazy_gettext("pending"),
    "paid": lazy_gettext("paid"),
    "unpaid": lazy_gettext("unpaid"),
    "partially_paid": lazy_gettext("partly paid"),
    "refunded": lazy_gettext("refunded"),
    "partially_refunded": lazy_gettext("partly refunded"),
    "unfulfilled": lazy_gettext("not sent yet"),
    "partially_fulfilled": lazy_gettext("partly sent"),
    "fulfilled": lazy_gettext("sent"),
    "shipped": lazy_gettext("on its way"),
    "delivered": lazy_gettext("delivered"),
    "returned": lazy_gettext("returned"),
    "unknown": lazy_gettext("unknown"),
    "granted": lazy_gettext("granted"),
    "denied": lazy_gettext("denied"),
}


def when(seconds: float | str | None) -> Markup:
    """A time (epoch seconds, or an instant as text), relative, with the exact one on hover."""
    if seconds is None:
        return Markup('<span class="text-secondary">{}</span>').format(gettext("never"))
    if isinstance(seconds, str):
        seconds = _instant(seconds)
    exact = datetime.fromtimestamp(seconds, UTC).replace(microsecond=0)
    apart = seconds - time.time()
    told = format_timedelta(timedelta(seconds=apart), add_direction=True, locale=locale(), threshold=0.9)
    if -1 < apart < 1:
        told = gettext("now")
    shown = format_datetime(exact, "medium", locale=locale()) + " UTC"
    return Markup('<time datetime="{}" title="{}">{}</time>').format(exact.isoformat(), shown, told)


def day(text: str | None) -> str:
    """The date of an instant or date given as text."""
    try:
        return format_date(datetime.fromisoformat(text or "").date(), "medium", locale=locale())
    except ValueError:
        return text or ""


def number(value: int | None) -> str:
    """A number, grouped."""
    return "" if value is None else str(format_decimal(value, locale=locale()))


def seconds(value: float | None) -> str:
    """How long something took."""
    if value is None:
        return ""
    if value < 0.1:
        return gettext("under %(n)s s", n=format_decimal(0.1, locale=locale()))
    if value < 60:
        return gettext("%(n)s s", n=format_decimal(round(value, 1), locale=locale()))
    return str(format_timedelta(timedelta(seconds=value), locale=locale(), threshold=1.5))


def money(value: Any) -> str:
    """An amount with its currency."""
    if not isinstance(value, Mapping) or "amount" not in value:
        return ""
    try:
        return str(format_currency(Decimal(value["amount"]), value.get("currency") or "", locale=locale()))
    except (InvalidOperation, ValueError):
        return f"{value['amount']} {value.get('currency') or ''}".strip()


def plain(value: Any) -> str:
    """A canonical value on one line."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    if isinstance(value, Mapping):
        if value.keys() == {"amount", "currency"}:
            return money(value)
        return ", ".join(str(one) for one in value.values() if one)
    if isinstance(value, list):
        return ", ".join(filter(None, map(plain, value)))
    return str(value)


def said(value: Any, path: str) -> Markup:
    """The value of a field: words of ours translated; an e-mail breaks after its @ first."""
    text = plain(value)
    if path in ("kind", "gender", "status") or path.endswith(".status"):
        text = word(text)
    return Markup("@<wbr>").join(text.split("@"))


def word(text: str | None) -> str:
    """A word of ours in the reader's language."""
    return str(WORDS.get(text or "", text or ""))


def did(kind: str, what: str) -> str:
    """What a run does: `customers read`."""
    if kind == "pull":
        return gettext("%(what)s read", what=word(what))
    return gettext("%(what)s written", what=word(what))


def name_of(fields: Mapping[str, Any]) -> str:
    """What a customer is called."""
    found = next((fields[p] for p in ("display_name", "full_name", "name", "email") if fields.get(p)), None)
    if found is None:  # an author of whom nothing but the account is known
        found = next((v for p, v in fields.items() if p.startswith("social[") and p.endswith("]")), None)
    return str(found or gettext("(no name)"))


def customer_id(number_of: int) -> str:
    return show("cus", number_of)


def order_id(number_of: int) -> str:
    return show("ord", number_of)


def counts(found: Mapping[str, int]) -> str:
    """Counts of a run on one line; what changed nothing last."""
    known = [name for name in COUNTS if found.get(name)]
    other = [name for name in found if name not in COUNTS and found[name]]
    return " · ".join(
        gettext("%(count)s %(word)s", count=number(found[name]), word=COUNTS.get(name, name))
        for name in [*known, *other]
    )


def _instant(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


FILTERS: Mapping[str, Callable[..., Any]] = {
    "when": when,
    "day": day,
    "number": number,
    "seconds": seconds,
    "money": money,
    "plain": plain,
    "word": word,
    "said": said,
    "did": did,
    "name_of": name_of,
    "customer_id": customer_id,
    "order_id": order_id,
    "counts": counts,
}
