"""Values as people read them: times, numbers, names of states."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from markupsafe import Markup, escape

from hub.canonical.ids import show
from hub.canonical.moment import from_epoch

_STEPS = ((86400.0, "d"), (3600.0, "h"), (60.0, "min"), (1.0, "s"))
# state → (class, sign, word): always colour, sign and word together
STATES: Mapping[str, tuple[str, str, str]] = {
    "active": ("well", "●", "active"),
    "done": ("well", "✓", "done"),
    "running": ("busy", "◌", "running"),
    "queued": ("busy", "◌", "queued"),
    "paused": ("stopped", "‖", "paused"),
    "cancelled": ("stopped", "–", "cancelled"),
    "held": ("needs", "!", "held"),
    "broken": ("needs", "!", "broken"),
    "failed": ("needs", "✗", "failed"),
}


def when(seconds: float | None) -> Markup:
    """A time, relative, with the exact one on hover."""
    if seconds is None:
        return Markup("<span class=quiet>never</span>")
    exact = from_epoch(float(int(seconds)))
    apart = seconds - time.time()
    size = next((s for s in _STEPS if abs(apart) >= s[0]), (1.0, "s"))
    told = f"{int(abs(apart) // size[0])} {size[1]}"
    told = f"in {told}" if apart > 0 else f"{told} ago"
    return Markup('<time datetime="{}" title="{}">{}</time>').format(exact, exact, told)


def state(word: str) -> Markup:
    """A state with its colour and sign."""
    kind, sign, text = STATES.get(word, ("stopped", "?", word))
    return Markup('<span class="state {}"><span aria-hidden="true">{}</span> {}</span>').format(
        kind, sign, text
    )


def number(value: int | None) -> str:
    """A whole number, grouped."""
    return "" if value is None else f"{value:,}"


def plain(value: Any) -> str:
    """A canonical value on one line."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        if value.keys() == {"amount", "currency"}:
            return f"{value['amount']} {value['currency']}"
        return ", ".join(str(one) for one in value.values() if one)
    if isinstance(value, list):
        return ", ".join(plain(one) for one in value)
    return str(value)


def name_of(fields: Mapping[str, Any]) -> str:
    """What a customer is called."""
    found = next((fields[p] for p in ("display_name", "full_name", "name", "email") if fields.get(p)), None)
    return str(found or "(no name)")


def customer_id(number_of: int) -> str:
    return show("cus", number_of)


def counts(found: Mapping[str, int]) -> Markup:
    """Counts of a run on one line."""
    return Markup(", ").join(Markup("{} {}").format(f"{n:,}", escape(word)) for word, n in found.items() if n)


FILTERS: Mapping[str, Callable[..., Any]] = {
    "when": when,
    "state": state,
    "number": number,
    "plain": plain,
    "name_of": name_of,
    "customer_id": customer_id,
    "counts": counts,
}
