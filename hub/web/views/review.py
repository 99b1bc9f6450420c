"""Review: what the machine is unsure of, best first, side by side; same, different, later, and taken back."""

from __future__ import annotations

from typing import Any

from flask import Response, redirect, request, url_for

from hub.errors import NotFound, WrongUse
from hub.flows import review as reviewing
from hub.flows import side_by_side, steward
from hub.flows.review import Case, Wanted
from hub.flows.wiring import Wiring
from hub.web import evidence
from hub.web.place import store, wiring
from hub.web.say import gettext
from hub.web.views.part import blueprint, named, names, number, page, unsure

_BY = "pages"
_LISTED = 30
_FILTER = ("connection", "least", "deferred")
_ACTS = {"accept": reviewing.accept, "reject": reviewing.reject}


@blueprint.get("/review")
def review() -> str:
    """The cases that wait, best first."""
    found, wanted = wiring(), _wanted()
    after = request.args.get("after") or None
    with store().read() as conn:
        listing = reviewing.queue(conn, found, wanted, after=after, limit=_LISTED)
        rows = side_by_side.listed(conn, found, listing.cases)
    for row in rows:
        row["weights"] = evidence.weights(row["reasons"])
    return page(
        "review.html",
        "review",
        rows=rows,
        more=listing.next,
        left=unsure(anew="did" in request.args),
        filter=_filter(),
        names=names(),
        done=_done(),
        auto=found.model.auto,
    )


@blueprint.get("/review/<case>")
def review_case(case: str) -> str:
    """One case side by side."""
    found = wiring()
    a, b = reviewing.read_id(case)
    with store().read() as conn:
        one = reviewing.case(conn, found, (a, b))
        shown = side_by_side.shown(conn, found, one)
        following = _after(conn, found, one)
    effect = None
    if request.args.get("preview"):
        effect = reviewing.accept(store(), found, (a, b), by=_BY, preview=True)
    return page(
        "review_case.html",
        "review",
        one=shown,
        rows=evidence.rows(shown["fields"]),
        weights=evidence.weights(shown["reasons"]),
        sentence=evidence.sentence(shown),
        left=unsure(anew="did" in request.args),
        following=following,
        filter=_filter(),
        effect=effect,
        done=_done(),
        days=reviewing.DAYS,
    )


@blueprint.post("/review/<case>")
def decide(case: str) -> Any:
    """Same, different or later; then the next case."""
    found = wiring()
    a, b = reviewing.read_id(case)
    verdict = request.form.get("verdict", "")
    with store().read() as conn:
        one = reviewing.case(conn, found, (a, b))
        following = _after(conn, found, one)
    act = None
    if verdict == "defer":
        reviewing.defer(store(), found, [(a, b)], by=_BY, reason=_reason())
    elif verdict in _ACTS:
        act = _ACTS[verdict](store(), found, (a, b), by=_BY, reason=_reason()).act
    else:
        raise WrongUse(gettext("Say same, different or later."))
    done = {"did": verdict, "act": act, "was": case}
    return _to(following, **done)


@blueprint.post("/review/undo")
def undo() -> Any:
    """Take the last word back; its case is there again."""
    was = request.form.get("was", "")
    text = request.form.get("act", "")
    a, b = reviewing.read_id(was)
    if text.isascii() and text.isdigit() and len(text) < 19:
        steward.withdraw(store(), wiring(), int(text), by=_BY)
    else:
        reviewing.ask_again(store(), a, b)
    return _to(was, did="undo")


def _to(case: str | None, **done: Any) -> Response:
    kept = {name: value for name, value in {**_filter(), **done}.items() if value}
    address = url_for("pages.review_case", case=case, **kept) if case else url_for("pages.review", **kept)
    answer = redirect(address, 303)
    assert isinstance(answer, Response)
    return answer


def _after(conn: Any, found: Wiring, one: Case) -> str | None:
    """The case after this one, with the filter in the address; at the end the first other one."""
    wanted = _wanted()
    for after in (one.id, None):
        for other in reviewing.queue(conn, found, wanted, after=after, limit=2).cases:
            if {other.customer_a, other.customer_b} != {one.customer_a, one.customer_b}:
                return other.id
    return None


def _wanted() -> Wanted:
    with store().read() as conn:
        connection = named(conn, request.args.get("connection", ""))
    return Wanted(number("least"), None, connection, bool(request.args.get("deferred")))


def _filter() -> dict[str, str]:
    return {name: value for name in _FILTER if (value := request.args.get(name, ""))}


def _done() -> dict[str, str] | None:
    """What was done just now, for a line that can take it back."""
    did = request.args.get("did", "")
    if did not in ("accept", "reject", "defer", "undo"):
        return None
    was, act = request.args.get("was", ""), request.args.get("act", "")
    try:
        reviewing.read_id(was)
    except NotFound:
        was = ""
    return {"did": did, "was": was, "act": act}


def _reason() -> str | None:
    return request.form.get("reason", "").strip()[:500] or None
