"""The review queue by API: the same cases and words as everywhere, in problems and pages as every address."""

from __future__ import annotations

from typing import Any

import pytest

from hub.canonical.ids import read
from hub.flows import models, pairs, rebuild, steward
from hub.flows.find import meant
from hub.flows.wiring import load_wiring


@pytest.fixture
def asked(api: Any) -> Any:
    """crm 1 and kunden A1 are what the machine is unsure of."""
    with api.db.write() as conn:
        a, b = sorted(meant(conn, name).record_id or 0 for name in ("crm:1", "kunden:A1"))
        points = pairs.scores(conn, load_wiring(api.db), [(a, b)])[a, b].points
        document = models.document(conn)
        thresholds = {**document["thresholds"], "auto": points + 1, "review": points - 5}
        models.keep(conn, {**document, "number": 9, "thresholds": thresholds}, now=1.0)
    rebuild.rebuild(api.db, load_wiring(api.db))
    return api


def schema(api: Any, name: str) -> set[str]:
    return set(api.client.get("/api/v1/openapi.json").json["components"]["schemas"][name]["properties"])


def test_cases_are_listed_shown_decided_and_taken_back(asked: Any) -> None:
    page = asked.ask("/review").json
    assert set(page) == schema(asked, "CasePage")
    (case,) = page["cases"]
    assert (page["waiting"], page["next"], case["missing"]) == (1, None, 1)
    assert set(case) == schema(asked, "Case")
    whole = asked.ask(f"/review/{case['id']}").json
    assert set(whole) == schema(asked, "CaseWhole")
    preview = asked.ask(
        f"/review/{case['id']}", method="POST", json={"verdict": "accept", "preview": True}
    ).json
    assert set(preview) == schema(asked, "Done")
    assert (preview["done"], preview["act"]) == (False, None)
    assert asked.ask("/review").json == page
    done = asked.ask(
        f"/review/{case['id']}", method="POST", json={"verdict": "accept", "reason": "told"}
    ).json
    assert (done["after"], done["leads"]) == (preview["after"], preview["leads"])
    assert asked.id("1") == asked.id("A1", "kunden")
    assert asked.ask("/review").json["cases"] == []
    back = asked.ask(f"/review/acts/{done['act']}", method="DELETE").json
    assert back["done"]
    assert asked.ask("/review").json == page
    for body in ({"verdict": "defer", "days": 2}, {"verdict": "reject"}):
        assert asked.ask(f"/review/{case['id']}", method="POST", json=body).json["done"]
        assert asked.ask("/review").json["waiting"] == 0
    assert asked.ask("/review?deferred=true").json["cases"] == []


@pytest.mark.parametrize(
    "body", [{}, {"verdict": "maybe"}, {"verdict": "accept", "more": 1}, [], {"verdict": "defer", "days": -1}]
)
def test_a_word_that_is_none_is_refused(asked: Any, body: Any) -> None:
    (case,) = asked.ask("/review").json["cases"]
    found = asked.ask(f"/review/{case['id']}", method="POST", json=body)
    assert (found.status_code, found.json["code"]) == (400, "wrong_use")
    assert asked.ask("/review").json["waiting"] == 1


def test_what_is_settled_or_unknown_is_a_problem(asked: Any) -> None:
    (case,) = asked.ask("/review").json["cases"]
    a, b = (read("cus", case[side]["customer_id"]) for side in ("a", "b"))
    steward.merge(asked.db, load_wiring(asked.db), a=a, b=b, by="eve")
    found = asked.ask(f"/review/{case['id']}", method="POST", json={"verdict": "accept"})
    assert (found.status_code, "one customer already" in found.json["detail"]) == (400, True)
    assert asked.ask("/review/rev_1").status_code == 404
    assert asked.ask(f"/review/rev_{0:026d}").status_code == 404
    assert asked.ask("/review/acts/1", method="DELETE").status_code == 404
    assert asked.ask("/review?connection=nobody").status_code == 404
