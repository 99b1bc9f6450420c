"""Home: does anything need me, what is connected, what moved, what runs."""

from __future__ import annotations

import time
from hashlib import blake2b
from typing import Any

from flask import Response, render_template, request

from hub.flows.wiring import Wiring
from hub.store.queries import glance, listings
from hub.web import causes, needs, systems_map
from hub.web.hours import hours
from hub.web.place import compiled, store
from hub.web.views.part import blueprint, day_ago, overview, page

_LATEST = 6


@blueprint.get("/")
def home() -> str:
    """The systems map, what needs me, the connections, what runs, a day of changes."""
    connections = overview()
    found, wrong = compiled()
    since = day_ago()
    with store().read() as conn:
        counts = {
            "customers": listings.count(conn, "customer"),
            "orders": listings.count(conn, "order_document"),
        }
        traffic = glance.traffic(conn, since=since)
        open_needs = needs.needs(conn, connections, now=time.time(), wrong=wrong)
        groups = causes.grouped([*glance.dead_groups(conn), *glance.quarantine_groups(conn)])
        live = _live(conn)
    names = {one["id"]: one["name"] for one in connections}
    today: dict[tuple[str, str], int] = {}
    for one in traffic:
        if name := names.get(one.connection_id):
            today[name, one.direction] = today.get((name, one.direction), 0) + one.changes
    return page(
        "home.html",
        "home",
        connections=connections,
        counts=counts,
        needs=open_needs,
        nodes=systems_map.systems(connections, today, _written(found)),
        size=(systems_map.WIDTH, systems_map.HEIGHT),
        today=today,
        hours=hours(traffic, since=since),
        causes=groups[:4],
        live=live,
    )


@blueprint.get("/live")
def live() -> Response:
    """What runs, for the page that is open: nothing (204) while it is as the page has it."""
    with store().read() as conn:
        found = _live(conn)
    if request.args.get("seen") == found["seen"]:
        return Response(status=204)
    return Response(render_template("_live.html", live=found))


def _live(conn: Any) -> dict[str, Any]:
    """Runs at work, then the latest; seen: what they look like, so that an unchanged list is not sent again."""
    working = listings.runs(conn, state="running", limit=_LATEST)
    latest = [one for one in listings.runs(conn, limit=_LATEST) if one.state != "running"]
    found = [*working, *latest][:_LATEST]
    minute = int(time.time() // 30)  # the relative times in it grow old
    text = repr([(one.id, one.state, one.counts) for one in found] + [minute])
    return {"runs": found, "seen": blake2b(text.encode(), digest_size=6).hexdigest()}


def _written(found: Wiring | None) -> frozenset[str]:
    """The connections the hub writes to; none while the configuration cannot be compiled."""
    if found is None:
        return frozenset()
    return frozenset(
        one.connection for one in found.streams.values() if one.writes or one.scope.create != "never"
    )
