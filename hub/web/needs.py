"""What needs a person, as sentences with one way out each; the most urgent first."""

from __future__ import annotations

from typing import Any, NamedTuple

from flask import url_for
from sqlalchemy import Connection

from hub.errors import HubError
from hub.flows import alert_words
from hub.store.queries import alerts, glance, inbox
from hub.web import language
from hub.web.say import gettext, ngettext
from hub.web.words import number

# kinds of alerts that the overview of the connections does not show
ALARMS = ("silent_part", "stalled", "backlog", "held_run", "drift", "token_expires", "quota")


class Need(NamedTuple):
    """A sentence, why, and where to go: an address, or None where `action` is a command. state: one of `looks.STATES`.
    connection: whose it is, or None."""

    state: str
    sentence: str
    why: str | None
    action: str
    address: str | None
    connection: str | None = None


def needs(
    conn: Connection, connections: list[dict[str, Any]], *, now: float, wrong: HubError | None = None
) -> list[Need]:
    """From the overview of the connections, and what the store says of decisions that are open.

    wrong: why the configuration cannot be compiled, if so."""
    found = [Need("broken", wrong.message, wrong.fix or wrong.cause, "hub doctor", None)] if wrong else []
    found += [need for one in connections if (need := _broken(one))]
    late = [one["name"] for one in connections if one["late"]]
    if late:
        told = gettext(
            "Nothing is read by itself: no worker runs, and %(names)s are due.",
            names=gettext(", ").join(late),
        )
        found.append(Need("paused", told, None, "hub up", None))
    found += _alarms(conn, now=now)
    found += [need for one in connections if (need := _held(conn, one))]
    found += [need for one in connections if (need := _dead(one))]
    found += _quarantine(connections)
    found += [_webhooks(one) for one in inbox.troubles(conn, since=now - 86400)]
    holds = glance.open_holds(conn)
    if holds:
        told = ngettext(
            "One field waits for a decision.",
            "%(count)s fields wait for a decision.",
            holds,
            count=number(holds),
        )
        found.append(Need("needs", told, None, gettext("See the conflicts"), url_for("pages.conflicts")))
    met = glance.conflicts_since(conn, now - 86400)
    if met:
        told = ngettext(
            "In the last 24 hours one edit met another.",
            "In the last 24 hours %(count)s edits met others.",
            met,
            count=number(met),
        )
        found.append(
            Need("needs", told, gettext("Look whether the right value won."), gettext("See the conflicts"),
                 url_for("pages.conflicts"))
        )  # fmt: skip
    return found


def _alarms(conn: Connection, *, now: float) -> list[Need]:
    """Open alerts of what is not seen by a look at the connections, and alerts that cannot be sent."""
    found = []
    for one in alerts.open_ones(conn):
        if one.kind in ALARMS and (one.silenced_until or 0.0) <= now:
            said = alert_words.words(one.kind, one.facts, language=language.chosen())
            action = gettext("See the connection") if one.connection else gettext("See the causes")
            found.append(Need("failed", said.title, one.cause or said.fix, action, said.page, one.connection))
    for stuck in alerts.stuck(conn)[:1]:
        told = alert_words.unsent(stuck.channel, language=language.chosen())
        found.append(Need("failed", told, stuck.cause, "hub alert test", None))
    return found


def _broken(one: dict[str, Any]) -> Need | None:
    if one["state"] not in ("broken", "needs_reauth"):
        return None
    told = gettext("%(name)s is broken: it is not read, and changes for it wait.", name=one["name"])
    where = url_for("pages.connection", name=one["name"])
    return Need("broken", told, one["reason"], gettext("See the connection"), where, one["name"])


def _held(conn: Connection, one: dict[str, Any]) -> Need | None:
    if not one["held"]:
        return None
    told = ngettext(
        "One change for %(name)s waits for your word.",
        "%(count)s changes for %(name)s wait for your word.",
        one["held"],
        count=number(one["held"]),
        name=one["name"],
    )
    causes = []
    if not one["confirmed"]:
        causes = [gettext("The first run of a connection goes out only once a person has seen its plan.")]
    elif one.get("id"):
        causes = glance.held_causes(conn, one["id"])[:1]
    where = url_for("pages.connection", name=one["name"], _anchor="plan")
    return Need("held", told, next(iter(causes), None), gettext("See the plan"), where, one["name"])


def _dead(one: dict[str, Any]) -> Need | None:
    if not one["dead"]:
        return None
    told = ngettext(
        "One change could not be delivered to %(name)s.",
        "%(count)s changes could not be delivered to %(name)s.",
        one["dead"],
        count=number(one["dead"]),
        name=one["name"],
    )
    where = url_for("pages.problems", connection=one["name"], kind="dead")
    return Need("failed", told, None, gettext("See the causes"), where, one["name"])


def _webhooks(one: inbox.Trouble) -> Need:
    if one.state == "refused":
        told = gettext(
            "Webhooks for %(name)s are refused: changes there come with its next pull only.",
            name=one.connection,
        )
        return Need("failed", told, one.cause, f"hub connection check {one.connection}", None, one.connection)
    told = ngettext(
        "One webhook from %(name)s could not be taken.",
        "%(count)s webhooks from %(name)s could not be taken.",
        one.rows,
        count=number(one.rows),
        name=one.connection,
    )
    action = f"hub inbox list {one.connection} --state {one.state}"
    state = "held" if one.state == "held" else "failed"
    return Need(state, told, one.cause, action, None, one.connection)


def _quarantine(connections: list[dict[str, Any]]) -> list[Need]:
    kept = [one for one in connections if one["quarantined"]]
    total = sum(one["quarantined"] for one in kept)
    if not total:
        return []
    names = gettext(", ").join(one["name"] for one in kept)
    told = ngettext(
        "One record from %(names)s could not be taken.",
        "%(count)s records from %(names)s could not be taken.",
        total,
        count=number(total),
        names=names,
    )
    why = gettext("All others were. One that is mended at its source leaves by itself.")
    return [Need("needs", told, why, gettext("See the causes"), url_for("pages.problems"))]
