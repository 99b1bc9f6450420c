"""`hub review` and `hub match`: what they print, in the keys that are documented, and what they do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from conftest_cli import Hub, caller, lay_out
from unit.cli.test_cli_records import documented

from hub import settings
from hub.cli.root import run
from hub.flows import models, pairs, rebuild
from hub.flows.find import meant
from hub.flows.wiring import load_wiring
from hub.store.session import Database


@pytest.fixture
def asked(tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> Hub:
    """A home where crm:1 and kunden:A1 are what the machine is unsure of."""
    home = tmp_path / "home"
    assert run(["init", str(home)]) == 0
    assert run(["--home", str(home), "apply", str(lay_out(home))]) == 0
    assert run(["--home", str(home), "sync"]) == 0
    db = Database(settings.load(home).database_url)
    with db.write() as conn:
        found = [meant(conn, one).record_id for one in ("crm:1", "kunden:A1")]
        pair = (min(map(int, filter(None, found))), max(map(int, filter(None, found))))
        points = pairs.scores(conn, load_wiring(db), [pair])[pair].points
        document = models.document(conn)
        thresholds = {**document["thresholds"], "auto": points + 1, "review": points - 5}
        models.keep(conn, {**document, "number": 9, "thresholds": thresholds}, now=1.0)
    rebuild.rebuild(db, load_wiring(db))
    db.close()
    return caller(home, capfdbinary)


def keys(said: Any, command: str) -> None:
    assert said.code == 0, said.err
    assert said.records
    for record in said.records:
        assert set(record) == documented(command)


def test_the_queue_is_listed_shown_and_decided(asked: Hub) -> None:
    listed = asked("review", "list", "--json")
    keys(listed, "review list")
    (case,) = listed.records
    assert (case["a"]["record"], case["b"]["record"], case["missing"]) == ("crm:1", "kunden:A1", 1)
    keys(asked("review", "show", case["id"], "--json"), "review show")
    assert asked("review", "show", "crm:1", "kunden:A1", "--json").records[0]["id"] == case["id"]
    text = asked("review", "show", case["id"])
    assert "compared here" in text.out
    assert asked("review", "accept").code == 2
    keys(asked("review", "accept", case["id"], "--dry-run", "--json"), "review accept")
    assert asked("review", "list", "--json").records == [case]
    done = asked("review", "accept", "--all", "--json")
    keys(done, "review accept")
    assert asked("review", "list").out == ""
    again = asked("review", "accept", case["id"], "--json")
    assert (again.code, again.records[0]["done"]) == (1, False)
    undone = asked("review", "undo", str(done.records[0]["act"]), "--json")
    keys(undone, "review undo")
    assert undone.records[0]["ids"]["back"] == [case["b"]["customer_id"]]
    assert asked("review", "list", "--json").records == [case]
    keys(
        asked("review", "defer", "--max-points", str(case["points"]), "--days", "3", "--json"), "review defer"
    )
    assert asked("review", "list", "--json").out == ""
    (off,) = asked("review", "list", "--deferred", "--json").records
    assert off["deferred"]["until"]
    keys(asked("review", "reject", case["id"], "--json"), "review reject")


def test_links_at_both_levels_and_their_figures(asked: Hub, tmp_path: Path) -> None:
    def links(*more: str) -> dict[str, str]:
        rows = [line.split(",") for line in asked("export", "links", *more).out.splitlines()[1:]]
        return {f"{row[0]}:{row[2]}": row[3] for row in rows}

    auto, review = links(), links("--level", "review")
    assert auto == links("--level", "auto")
    assert auto["crm:1"] != auto["kunden:A1"]
    assert review["crm:1"] == review["kunden:A1"] == auto["crm:1"]
    assert {name: id for name, id in auto.items() if name != "kunden:A1"} == {
        name: id for name, id in review.items() if name != "kunden:A1"
    }
    truth = tmp_path / "truth.csv"
    truth.write_text("id,entity\n1,Ann\nA1,Ann\n2,Bob\nnone,Eve\n", encoding="utf-8")
    said = asked("match", "eval", "--truth", str(truth), "--examples", "5", "--json")
    figures = [record for record in said.records if record["record"] == "figures"]
    assert [(one["level"], one["recall"], one["f1"], one["missing"]) for one in figures] == [
        ("auto", 0.0, 0.0, 1),
        ("review", 1.0, 1.0, 1),
    ]
    (wrong,) = [record for record in said.records if record["record"] == "wrong"]
    assert (wrong["kind"], wrong["level"], wrong["a"], wrong["b"]) == ("missed", "auto", "crm:1", "kunden:A1")
    assert {key for record in said.records for key in record} <= documented("match eval")
    truth.write_text("id\n1\n", encoding="utf-8")
    assert asked("match", "eval", "--truth", str(truth)).code == 2


def test_why_two_are_or_are_not_one(asked: Hub) -> None:
    keys(asked("match", "explain", "crm:1", "kunden:A1", "--json"), "match explain")
    text = asked("match", "explain", "crm:1", "kunden:A1").out
    assert "two customers" in text
    assert "Needed: 1 more points" in text
    told = asked("customer", "explain", "crm:1", "--json").records
    assert [one["external_id"] for one in told if one["record"] == "source"] == ["1"]
    assert {key for one in told for key in one} <= documented("customer explain")


def test_verdicts_come_from_a_file(asked: Hub, tmp_path: Path) -> None:
    file = tmp_path / "verdicts.jsonl"
    file.write_text(
        asked("review", "list", "--json").out.replace("{", '{"verdict":"accept",', 1), encoding="utf-8"
    )
    assert asked("review", "apply", str(file), "--preview", "--json").records[0]["done"] is False
    keys(asked("review", "apply", str(file), "--json"), "review apply")
    told = asked("customer", "explain", "crm:1", "--json").records
    assert {key for one in told if one["record"] == "pair" for key in one} <= documented(
        "customer explain"
    ) | {"record"}
    assert sum(one["record"] == "pair" for one in told) == 1
