"""Connections: how each stands, and one with its streams, its field map and its runs."""

from __future__ import annotations

from typing import Any

from hub.errors import NotFound
from hub.flows.rails import Plan, plan
from hub.store.queries import connections as stored
from hub.store.queries import glance, listings
from hub.web.arrows import arrows
from hub.web.place import compiled, store, wiring
from hub.web.views.part import blueprint, day_ago, overview, page

_RUNS = 10


@blueprint.get("/connections")
def connections() -> str:
    """Every connection, as a card with one state each."""
    return page("connections.html", "connections", connections=overview())


@blueprint.get("/connections/<name>")
def connection(name: str) -> str:
    """One connection: a head like a medical chart, its streams, its map, its runs."""
    one = next((found for found in overview() if found["name"] == name), None)
    if one is None:
        raise NotFound(f"There is no connection {name}.", fix="See: hub connection list")
    found_wiring, wrong = compiled()
    every = found_wiring.streams.values() if found_wiring else ()
    streams = [found for found in every if found.connection == name]
    since = day_ago()
    with store().read() as conn:
        standings = {s.object: s for s in stored.standings(conn) if s.connection_id == one["id"]}
        runs = listings.runs(conn, connection=name, limit=_RUNS)
        traffic = [found for found in glance.traffic(conn, since=since) if found.connection_id == one["id"]]
    moved = {way: sum(t.changes for t in traffic if t.direction == way) for way in ("in", "out")}
    return page(
        "connection.html",
        "connections",
        one=one,
        streams=[(stream, standings.get(stream.object), arrows(stream)) for stream in streams],
        runs=runs,
        wrong=wrong,
        moved=moved,
        plan=_plan(one, streams),
        manifest=streams[0].manifest if streams else None,
    )


def _plan(one: dict[str, Any], streams: list[Any]) -> Plan | None:
    """What waits for a person's word; None if nothing does."""
    if not one["held"] or not streams:
        return None
    return plan(store(), wiring(), streams, states=("held",))
