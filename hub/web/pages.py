"""The pages: home with the connections, runs, customers, one customer. Every filter and page is in the address."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template, request

from hub.canonical import ids
from hub.errors import NotFound, WrongUse
from hub.flows import account, explain, find
from hub.store.queries import listings

blueprint = Blueprint("pages", __name__)

PAGE = 50
_LATEST = 8
_LONGEST_QUERY = 200


@blueprint.get("/")
def home() -> str:
    """What is connected, how it stands, what ran last."""
    from hub.web.app import store

    db = store()
    connections = account.overview(db)
    with db.read() as conn:
        counts = {
            "customers": listings.count(conn, "customer"),
            "orders": listings.count(conn, "order_document"),
        }
        runs = listings.runs(conn, limit=_LATEST)
    needs = [one for one in connections if one["state"] == "broken" or one["held"] or one["dead"]]
    return render_template(
        "home.html", connections=connections, counts=counts, runs=runs, needs=needs, here="home"
    )


@blueprint.get("/runs")
def runs() -> str:
    """Runs, newest first."""
    from hub.web.app import store

    before = _number("before")
    with store().read() as conn:
        rows = listings.runs(conn, limit=PAGE + 1, before=before)
    more = rows[PAGE - 1].id if len(rows) > PAGE else None
    return render_template("runs.html", runs=rows[:PAGE], more=more, before=before, here="runs")


@blueprint.get("/customers")
def customers() -> str:
    """Customers, newest first, or those a search finds."""
    from hub.web.app import store

    asked = request.args.get("q", "").strip()[:_LONGEST_QUERY]
    more, problem = None, None
    found: list[Any] = []
    if asked:
        try:
            found = find.find(store(), asked, limit=PAGE)
        except (NotFound, WrongUse) as error:
            problem = error.message
    else:
        found, more = _newest(_customer_number("before"))
    return render_template(
        "customers.html", found=found, asked=asked, more=more, problem=problem, here="customers"
    )


@blueprint.get("/customers/<who>")
def customer(who: str) -> str:
    """One customer: its values with their sources, the records behind it."""
    from hub.web.app import store

    with store().read() as conn:
        meant = find.meant(conn, who)
        shown = explain.shown(conn, meant)
    return render_template("customer.html", shown=shown, here="customers")


def _newest(before: int | None) -> tuple[list[find.Found], str | None]:
    from hub.web.app import store

    with store().read() as conn:
        found = find.newest(conn, limit=PAGE + 1, before=before)
    more = ids.show("cus", found[PAGE - 1].customer_id) if len(found) > PAGE else None
    return found[:PAGE], more


def _number(name: str) -> int | None:
    text = request.args.get(name, "")
    if not text:
        return None
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise WrongUse(f"{name} is a number.")
    return int(text)


def _customer_number(name: str) -> int | None:
    text = request.args.get(name, "")
    return ids.read("cus", text) if text else None
