"""What the commands print: as documented in hub/cli/README.md, on a synced home."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path
from typing import Any

import pytest
from conftest_cli import caller, lay_out

from hub.cli.root import run
from hub.flows.config import COMMON, FILE_KEYS, OBJECT_KEYS

README = (Path(__file__).parents[3] / "hub" / "cli" / "README.md").read_text(encoding="utf-8")


def documented(command: str) -> set[str]:
    """The keys that the README names for a command; what stands in brackets belongs to the key before it."""
    for row in re.findall(r"^\| (`.+?) \| (.+) \|$", README, re.MULTILINE):
        if command in re.findall(r"`([^`]+)`", row[0]):
            text = re.sub(r"\([^()]*\)", "", row[1])
            keys = set(re.findall(r"`([^`]+)`", text))
            for other in re.findall(r"as `([^`]+)`", text):
                keys = (keys - {other}) | documented(other)
            return keys
    raise AssertionError(f"hub/cli/README.md does not describe {command}")


@pytest.mark.parametrize(
    ("command", "args"),
    [
        ("doctor", ["doctor"]),
        ("connector list", ["connector", "list"]),
        ("connector show", ["connector", "show", "files"]),
        ("connection list", ["connection", "list"]),
        ("connection show", ["connection", "show", "crm"]),
        ("connection check", ["connection", "check", "crm"]),
        ("connection discover", ["connection", "discover", "crm"]),
        ("run list", ["run", "list"]),
        ("run show", ["run", "show", "1"]),
        ("customer find", ["customer", "find", "ann@x.org"]),
        ("customer show", ["customer", "show", "crm:1"]),
        ("customer merge", ["customer", "merge", "crm:2", "crm:3", "--preview"]),
        ("customer unmerge", ["customer", "unmerge", "crm:1", "kunden:A1", "--preview"]),
        ("customer pin", ["customer", "pin", "crm:2", "email=b@y.org", "--preview"]),
        ("quarantine list", ["quarantine", "list"]),
        ("quarantine list --causes", ["quarantine", "list", "--causes"]),
        ("quarantine show", ["quarantine", "show", "1"]),
        ("remap", ["remap", "crm"]),
    ],
)
def test_the_keys_are_those_documented(synced: Any, command: str, args: list[str]) -> None:
    said = synced(*args, "--json")
    assert said.code == 0, said.err
    assert said.records
    for record in said.records:
        assert set(record) == documented(command)


def test_the_keys_of_sync_plan_explain_and_maps(synced: Any, synced_home: Path) -> None:
    folder = synced_home.parent
    text = README.split("| `sync` |")[1].split("\n")[0]
    (line, *_) = synced("sync", "crm", "--dry-run", "--json").records
    assert line["record"] == "outcome"
    for key in set(line) - {"record"}:
        assert f"`{key}`" in text
    for record in synced("plan", str(folder / "connections.toml"), "--json").records:
        assert set(record) == {"act", "what", "name", "changes", "notes"}
        assert record["act"] == "unchanged"
    kinds = {one["record"]: one for one in synced("customer", "explain", "crm:1", "--json").records}
    assert set(kinds["field"]) == {
        "record", "path", "value", "connection", "rule", "pinned_by", "derived", "others",
    }  # fmt: skip
    assert set(kinds["tie"]) == {"record", "a", "b", "by", "verdict", "points", "reasons"}
    tried = synced("map", "try", str(folder / "crm.toml"), str(folder / "crm" / "customers.csv"), "--json")
    assert set(tried.records[0]) == documented("map try")
    guess = synced("map", "suggest", str(folder / "kunden" / "kunden.csv"), "--json")
    assert set(guess.records[0]) == documented("map suggest")


def test_every_key_of_a_connections_file_is_documented() -> None:
    described = set(re.findall(r"^\| `(\w+)` \|", README, re.MULTILINE))
    assert {*COMMON, *OBJECT_KEYS, *FILE_KEYS, "connector", "paused"} <= described


def test_links_are_sorted_lines_of_four_columns(synced: Any) -> None:
    lines = synced("export", "links").out.split("\n")
    assert lines[0] == "connection,object,external_id,customer_id"
    assert lines[-1] == ""
    rows = [line.split(",") for line in lines[1:-1]]
    assert [row[:3] for row in rows] == [
        ["crm", "customer", "1"], ["crm", "customer", "2"], ["crm", "customer", "3"],
        ["kunden", "customer", "A1"], ["kunden", "customer", "A2"],
    ]  # fmt: skip
    assert rows[0][3] == rows[3][3]  # one Ann
    assert len({row[3] for row in rows}) == 4


def test_customers_and_orders_as_json_and_as_csv(synced: Any, tmp_path: Path) -> None:
    customers = synced("export", "customers").records
    assert len(customers) == 4
    assert {one["display_name"] for one in customers} == {"Ann Archer", "Bob Baker", "Carl Cole", "王小明"}
    rows = list(csv.DictReader(io.StringIO(synced("export", "customers", "--format", "csv").out)))
    ann = next(row for row in rows if row["email"] == "ann@x.org")
    assert (ann["phone"], ann["address.locality"]) == ("+4930901820", "Berlin")
    (order,) = synced("export", "orders").records
    assert order["customer_id"] == ann["customer_id"]
    assert [line["sku"] for line in order["lines"]] == ["S1", "S2"]
    target = tmp_path / "orders.csv"
    said = synced("export", "orders", "--format", "csv", "--to", str(target))
    assert (said.code, said.out) == (0, "")
    lines = list(csv.DictReader(target.open(encoding="utf-8", newline="")))
    assert [(row["external_id"], row["lines[].unit_price"]) for row in lines] == [
        ("O1", "5.00 EUR"), ("O1", "7.00 EUR"),
    ]  # fmt: skip
    assert [one.name for one in tmp_path.iterdir()] == ["orders.csv"]


def test_an_export_that_cannot_be_written_says_so(synced: Any, tmp_path: Path) -> None:
    said = synced("export", "links", "--to", str(tmp_path / "none" / "links.csv"))
    assert said.code != 0
    assert "links.csv" in said.err


def test_a_customer_is_found_in_every_way(synced: Any) -> None:
    def ids(*words: str) -> list[str]:
        return [one["id"] for one in synced("customer", "find", *words, "--json").records]

    (ann,) = ids("ann@x.org")
    assert ids("ANN@X.ORG") == ids("+49 30 901820") == ids("archer") == ids("crm:1") == ids(ann) == [ann]
    assert len(ids("王小明")) == 1
    assert ids("display_name") == []  # names of fields are not what is looked for
    said = synced("customer", "find", "nobody at all")
    assert (said.code, said.out, said.err) == (0, "", "Nobody.\n")
    assert "could be" in synced("customer", "show", "x.org").err


def test_explain_tells_sources_and_ties(synced: Any) -> None:
    said = synced("customer", "explain", "ann@x.org")
    assert said.code == 0
    assert "email = ann@x.org" in said.out
    assert "crm:1 and kunden:A1 are the same, says the match model" in said.out


def test_quarantine_names_the_cause(synced: Any) -> None:
    (row,) = synced("quarantine", "list", "--json").records
    assert row["connection"] == "crm"
    assert "6 columns" in row["cause"]
    assert row["state"] == "open"


def test_strict_makes_quarantine_a_failure_and_rebuild_finds_nothing(
    tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    home = tmp_path / "home"
    run(["init", str(home)])
    hub = caller(home, capfdbinary)
    hub("apply", str(lay_out(home)))
    assert hub("sync", "--strict").code == 1
    assert hub("sync").code == 0
    said = hub("rebuild", "--check")
    assert (said.code, said.out) == (0, "")
    ids = {one["id"] for one in hub("customer", "find", "a", "--json").records}
    assert hub("customer", "merge", "crm:2", "kunden:A2", "--reason", "told by phone").code == 0
    moved = hub("customer", "show", "kunden:A2", "--json").records[0]
    assert moved["id"] in ids
    assert len(moved["records"]) == 2
    told = hub("customer", "explain", "crm:2").out
    assert "told by phone" in told
    assert hub("customer", "unmerge", "crm:2", "kunden:A2").code == 0
    assert hub("customer", "pin", "crm:2", "email=new@x.org").code == 0
    assert hub("customer", "show", "crm:2", "--json").records[0]["fields"]["email"] == "new@x.org"
    assert hub("customer", "pin", "crm:2", "email", "--remove").code == 0
    assert hub("customer", "pin", "crm:2", "emial=x").code == 2
    assert hub("rebuild", "--check").code == 0


def test_removing_says_what_it_touches_and_needs_a_word(
    tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    home = tmp_path / "home"
    run(["init", str(home)])
    hub = caller(home, capfdbinary)
    hub("apply", str(lay_out(home)))
    hub("sync")
    said = hub("connection", "remove", "kunden")
    assert said.code == 1
    assert "ends 2 links of 2 customers, 1 of whom" in said.err
    assert len(hub("export", "links").out.splitlines()) == 6
    assert hub("connection", "remove", "kunden", "--confirm").code == 0
    assert "kunden" not in hub("export", "links").out
    assert hub("sync").code == 0
    assert hub("rebuild", "--check").code == 0
    assert hub("connection", "show", "kunden").code == 2


def test_what_was_mended_at_its_source_leaves_quarantine(
    tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    home = tmp_path / "home"
    run(["init", str(home)])
    hub = caller(home, capfdbinary)
    hub("apply", str(lay_out(home)))
    hub("sync")
    said = hub("quarantine", "retry", "--all")
    assert (said.code, said.err) == (1, "0 taken, 1 still refused.\n")
    file = tmp_path / "crm" / "customers.csv"
    file.write_text(file.read_text(encoding="utf-8").replace(",one cell too many", ""), encoding="utf-8")
    said = hub("quarantine", "retry", "1")
    assert (said.code, said.err) == (0, "1 taken, 0 still refused.\n")
    assert hub("customer", "find", "dora@x.org", "--json").records
    assert hub("quarantine", "list").err == "Empty: every record was taken.\n"


def test_a_file_exported_and_applied_on_an_empty_home_gives_the_same_answers(
    synced: Any, tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    file = tmp_path / "all.toml"
    assert synced("export", "config", "--to", str(file)).code == 0
    home = tmp_path / "other"
    run(["init", str(home)])
    other = caller(home, capfdbinary)
    assert other("apply", str(file)).code == 0
    assert other("export", "config").out == file.read_text(encoding="utf-8")
    assert {one["act"] for one in other("plan", str(file), "--json").records} == {"unchanged"}
    assert other("sync").code == 0
    names = {(row["connection"], row["external_id"]) for row in _links(synced)}
    assert names == {(row["connection"], row["external_id"]) for row in _links(other)}


def _links(hub: Any) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(hub("export", "links").out)))
