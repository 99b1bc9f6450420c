"""What the pages share: the blueprint, the frame, numbers in addresses."""

from __future__ import annotations

import time
from typing import Any

from flask import Blueprint, current_app, g, render_template, request
from sqlalchemy import Connection

from hub.errors import WrongUse
from hub.flows import account, review
from hub.store.queries import alerts, connections, glance, heartbeats, listings
from hub.web import language, looks
from hub.web.needs import ALARMS
from hub.web.place import compiled, store
from hub.web.say import gettext, lazy_gettext

blueprint = Blueprint("pages", __name__)
blueprint.add_url_rule("/remember", "remember", language.remember)

PAGE = 50
_UNSURE = "hub.unsure"
_UNSURE_SECONDS = 20.0
_LATE = 60.0  # seconds after which a stream that is due says that nobody works

NAV = (
    ("home", lazy_gettext("Home"), "home"),
    ("customers", lazy_gettext("Customers"), "customers"),
    ("orders", lazy_gettext("Orders"), "orders"),
    ("review", lazy_gettext("Review"), "review"),
    ("conflicts", lazy_gettext("Conflicts"), "conflicts"),
    ("problems", lazy_gettext("Problems"), "problems"),
    ("connections", lazy_gettext("Connections"), "connections"),
    ("runs", lazy_gettext("Runs"), "runs"),
    ("settings", lazy_gettext("Settings"), "settings"),
)


def page(template: str, here: str, **values: Any) -> str:
    """A page in its frame. here: the entry of NAV it belongs to."""
    return render_template(template, here=here, nav=NAV, counted=counted(), **values)


def counted() -> dict[str, int]:
    """Entries of the navigation where somebody is needed → how many."""
    with store().read() as conn:
        rows = connections.rows(conn)
        quarantined = listings.quarantine_counts(conn)
        waiting = listings.waiting_counts(conn)
        holds = glance.open_holds(conn)
        alarms = [one.kind for one in alerts.open_ones(conn)]
    open_work = {row.id: waiting.get(row.id, {}) for row in rows}
    return {
        "home": sum(kind in ALARMS for kind in alarms),
        "problems": sum(quarantined.get(id, 0) + work.get("dead", 0) for id, work in open_work.items()),
        "connections": sum(
            row.state in ("broken", "needs_reauth") or "held" in open_work[row.id] for row in rows
        ),
        "conflicts": holds,
        "review": unsure(),
    }


def unsure(*, anew: bool = False) -> int:
    """How many pairs wait in Review, some seconds ago; `anew`: now. None while the hub cannot be compiled."""
    known: tuple[float, int] | None = current_app.extensions.get(_UNSURE)
    now = time.monotonic()
    if anew or known is None or known[0] < now:
        found, _ = compiled()
        with store().read() as conn:
            count = review.count(conn, found) if found is not None else 0
        took = time.monotonic() - now  # a large hub counts longer, and is counted the less often
        known = (now + max(_UNSURE_SECONDS, 60 * took), count)
        current_app.extensions[_UNSURE] = known
    return known[1]


def names() -> list[str]:
    """The connections, for filters."""
    with store().read() as conn:
        return [row.name for row in connections.rows(conn)]


def overview() -> list[dict[str, Any]]:
    """Every connection with its health, once per request; `shown`: the state people see; `id`: of its row;
    `late`: it is due, and no worker lives."""
    found: list[dict[str, Any]] | None = g.get("overview")
    if found is None:
        found = account.overview(store())
        with store().read() as conn:
            ids = {row.name: row.id for row in connections.rows(conn)}
        now = time.time()
        working = heartbeats.alive(store(), now=now)
        for one in found:
            waits = one["held"] or one["dead"]
            one["shown"] = "needs" if one["state"] == "active" and waits else one["state"]
            one["id"] = ids.get(one["name"])
            due = one["next_due"] is not None and one["next_due"] < now - _LATE
            one["late"] = due and one["state"] == "active" and not working
        g.overview = found
    return found


def look(name: str | None) -> looks.Look:
    """The colour and mark of a connection, also of one that was removed."""
    found: dict[str, looks.Look] | None = g.get("looks")
    if found is None:
        with store().read() as conn:
            found = looks.looks((row.id, row.name) for row in connections.rows(conn, removed=True))
        g.looks = found
    return found.get(name or "") or looks.Look(name or gettext("unknown"), looks.COLOURS, "··")


def named(conn: Connection, name: str) -> str | None:
    """A filter by connection from the address; WrongUse if there is no such connection."""
    if name and connections.by_name(conn, name) is None:
        raise WrongUse(gettext("There is no connection %(name)s.", name=name))
    return name or None


def number(name: str) -> int | None:
    """A whole number from the address; None if it is not given. Raises WrongUse."""
    text = request.args.get(name, "")
    if not text:
        return None
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise WrongUse(gettext("%(name)s is a number.", name=name))
    return int(text)


def day_ago() -> float:
    """The beginning of the hour 23 hours ago: 24 bars end now."""
    return (time.time() // 3600 - 23) * 3600
