"""Whether a connection works, and what the shop shows: for `check` and `discover`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from connectors.oscar import account, order
from connectors.oscar.rest import Rest, identity
from hub.sdk import ConnectionBroken, FieldShape, Finding, HubError, ObjectShape

Reading = Callable[[Mapping[str, Any]], object]
"""Makes a record of an order's row."""

_FIX = "is the shop running, and is the url where it includes oscarapi.urls?"


def findings(rest: Rest, *, read_order: Reading) -> Iterator[Finding]:
    """Step by step; ends after the first that fails."""
    steps: tuple[tuple[str, Callable[[], tuple[str, str | None]]], ...] = (
        ("reach the shop", lambda: _reach(rest)),
        ("log in", lambda: _login(rest)),
        ("read accounts", lambda: _accounts(rest)),
        ("read orders", lambda: _orders(rest, read_order)),
    )
    for name, step in steps:
        try:
            detail, fix = step()
        except HubError as error:
            said = error.message + (f" ({error.cause})" if error.cause else "")
            yield Finding(name, False, said, error.fix or _FIX)
            return
        yield Finding(name, True, detail, fix)


def _reach(rest: Rest) -> tuple[str, str | None]:
    rest.reach()
    return "an oscarapi answers", None


def _login(rest: Rest) -> tuple[str, str | None]:
    if rest.login():
        return "by a session", None
    return (
        "by HTTP Basic: the shop has no login/ of oscarapi",
        "each call makes the shop hash the password: big lists will be slow",
    )


def _accounts(rest: Rest) -> tuple[str, str | None]:
    page = rest.listing(account.PATH, {"limit": 1})
    if not page.rows:
        raise ConnectionBroken("the shop shows no account, not even the hub's own")
    row = page.rows[0]
    identity(row)
    if "email" not in row:
        raise ConnectionBroken(
            "the shop shows no e-mail of its accounts", fix='add "email" to OSCARAPI_ADMIN_USER_FIELDS'
        )
    hidden = [name for name in account.NAMES if name not in row]
    fix = f"for names, add {', '.join(hidden)} to the shop's OSCARAPI_ADMIN_USER_FIELDS" if hidden else None
    count = len(page.rows) if page.total is None else page.total
    return f"{count} accounts; shown: {', '.join(row)}", fix


def _orders(rest: Rest, read_order: Reading) -> tuple[str, str | None]:
    page = rest.listing(order.PATH, {"limit": 1})
    if page.rows:
        read_order(page.rows[0])
    return f"{len(page.rows) if page.total is None else page.total} orders", None


def shapes(rest: Rest) -> Sequence[ObjectShape]:
    """Fields of accounts as this shop shows them; those of orders as every oscarapi does."""
    told = rest.fields(account.PATH)
    rows = rest.listing(account.PATH, {"limit": 1}).rows
    names = [name for name in dict.fromkeys((*told, *(rows[0] if rows else ()))) if name not in ("url", "id")]
    fields = [FieldShape("id", "text", "ID", readonly=True)]
    fields += [_field(name, told.get(name) or {}) for name in names]
    lines = [FieldShape(name, kind, readonly=True) for name, kind in _ORDER]
    return [ObjectShape("accounts", "customer", fields), ObjectShape("orders", "order", lines)]


def _field(name: str, told: Mapping[str, Any]) -> FieldShape:
    label = told.get("label")
    return FieldShape(
        name,
        str(told.get("type") or "text"),
        str(label) if label else None,
        required=bool(told.get("required")),
        readonly=name not in account.WRITABLE,
        custom=name not in (*account.WRITABLE, "username", "date_joined"),
    )


_ADDRESS = "title first_name last_name line1 line2 line3 line4 state postcode country"
_ORDER = (
    *((name, "text") for name in ("id", "number", "status", "currency", "email", "owner")),
    ("date_placed", "datetime"),
    *((name, "text") for name in ("shipping_method", "shipping_code")),
    *((f"totals.{name}", "decimal") for name in "items discounts shipping surcharges tax grand".split()),  # noqa: SIM905
    *((f"{kind}_address.{name}", "text") for kind in ("billing", "shipping") for name in _ADDRESS.split()),
    *((f"shipping_address.{name}", "text") for name in ("phone_number", "notes")),
    *((name, "list") for name in ("lines", "taxes", "discounts", "surcharges")),
)
