"""`hub demo` from nothing to the proof, with a real ERP (installed from PyPI once, then kept in the user's cache)."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.demo import cast, opening, proof, story
from hub.demo.play import Play
from hub.demo.stage import Stage
from hub.errors import WrongUse

pytestmark = pytest.mark.slow

STORE = shutil.which("node") is not None and shutil.which("npm") is not None


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("HUB_")]:
        monkeypatch.delenv(name)


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Play, str]]:
    """The demo, performed once; what it printed."""
    with pytest.MonkeyPatch.context() as patch, pytest.MonkeyPatch.context() as streams:
        for name in [name for name in os.environ if name.startswith("HUB_")]:
            patch.delenv(name)
        printed = tmp_path_factory.mktemp("told") / "out.txt"
        with printed.open("w", encoding="utf-8") as out:
            streams.setattr("sys.stdout", out)
            play = Play(tmp_path_factory.mktemp("demo") / "home", story.SEED, Stage())
            try:
                story.perform(play, store=STORE)
            finally:
                story.strike(play, remove=False)
        yield play, printed.read_text(encoding="utf-8")


def test_everything_is_as_promised(told: tuple[Play, str]) -> None:
    play, printed = told
    assert play.problems == []
    assert "NOT AS PROMISED" not in printed
    assert "all systems agree" in printed


def test_all_that_was_written_came_in(told: tuple[Play, str]) -> None:
    figures = told[0].figures
    assert figures["customers"] >= 500
    assert figures["orders"] == figures["orders_written"] == 1_000
    assert figures["links"] == figures["records"] + figures["erp_known"]
    assert figures["quarantined"] == 6
    assert figures["waiting"] == 0


@pytest.mark.skipif(not STORE, reason="the store needs Node.js and npm, and they are not installed")
def test_every_order_of_the_store_is_equal_in_store_hub_and_erp(told: tuple[Play, str]) -> None:
    figures = told[0].figures
    for what in ("total", "lines", "party", "state", "parcels", "refunds"):
        assert figures[f"orders_{what}"] == 50


def test_exactly_the_wrong_totals_are_flagged(told: tuple[Play, str]) -> None:
    play, _ = told
    assert play.figures["flagged"] == sorted(play.orders.wrong)


def test_customers_are_found_again_and_nobody_is_confused(told: tuple[Play, str]) -> None:
    figures = told[0].figures
    assert figures["joined"] / figures["true_pairs"] > 0.95
    assert figures["wrong"] == [[cast.JUNIOR, cast.SENIOR]]
    assert figures["explained_records"] == 4


def test_the_erp_got_what_policy_asks_for(told: tuple[Play, str]) -> None:
    play, _ = told
    assert 150 <= play.figures["created"] <= 250
    assert play.figures["created"] == play.figures["plans"]["erp"][0]
    assert play.figures["plans"]["crm"][0] == play.figures["plans"]["shop"][0] == 0


def test_edits_arrived_on_the_other_side(told: tuple[Play, str]) -> None:
    figures = told[0].figures
    assert figures["phone_arrived"] == "+491713920099"
    assert figures["address_arrived"] == "Gartenstraße 9, 20095 Hamburg"
    assert figures["disputed"] == "+491713920066"
    assert figures["entries"] == ["conflict"]
    assert figures["unmerge_writes"] > 0


def test_the_erp_read_back_equals_golden(told: tuple[Play, str]) -> None:
    found = told[0].figures["read_back"]
    assert sum(len(one.unequal) for one in found.values()) == 0
    assert {reason for one in found.values() for reason in one.excused} <= {
        proof.READ_ONLY,
        proof.FROZEN,
        proof.SECOND,
    }
    for path in ("display_name", "email", "phone[mobile]", "address.line1", "address.locality", "language"):
        assert found[path].equal > 150 or path in ("phone[mobile]", "language"), path
        assert found[path].equal > 100, path
        assert found[path].excused.total() <= 10, path
    assert told[0].figures["deviations"] == 0


def test_the_home_is_one_that_its_user_can_read(told: tuple[Play, str]) -> None:
    home = told[0].home
    assert {one.name for one in (home / "maps").iterdir()} == {f"{name}.toml" for name in opening.MAPS}
    assert f'url = "{told[0].erp.url}"' in (home / "connections.toml").read_text(encoding="utf-8")
    assert (home / "erp.key").stat().st_mode & 0o077 == 0
    assert not told[0].erp.running


def first_step_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(story, "RECIPE", story.RECIPE[:1])


def test_a_temporary_home_is_removed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    first_step_only(monkeypatch)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert story.main() == 0
    assert list(tmp_path.iterdir()) == []


def test_a_named_home_stays_and_is_never_taken_over(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    first_step_only(monkeypatch)
    assert story.main(home=tmp_path / "mine") == 0
    kept = (tmp_path / "mine" / "hub.toml").read_bytes()
    with pytest.raises(WrongUse):
        story.main(home=tmp_path / "mine")
    assert (tmp_path / "mine" / "hub.toml").read_bytes() == kept


def test_a_broken_promise_is_exit_code_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(play: Play) -> str:
        play.expect(False, "the sky did not fall")
        return ""

    monkeypatch.setattr(story, "RECIPE", (*story.RECIPE[:1], ("Break a promise", broken)))
    assert story.main() == 1
    assert "NOT AS PROMISED: the sky did not fall" in capsys.readouterr().out


def test_the_users_own_store_is_out_of_reach(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    first_step_only(monkeypatch)
    elsewhere = tmp_path / "real.sqlite"
    monkeypatch.setenv("HUB_DATABASE_URL", f"sqlite:///{elsewhere}")
    assert story.main(home=tmp_path / "demo") == 0
    assert not elsewhere.exists()
    assert (tmp_path / "demo" / "data" / "hub.sqlite").exists()
