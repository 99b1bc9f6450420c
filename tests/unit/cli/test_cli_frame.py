"""The frame of the command: homes, exit codes, sentences, speed of starting."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import pytest

from hub.cli import root
from hub.cli.show import safe
from hub.errors import ConnectionBroken, NotFound


def test_init_and_doctor_in_an_empty_folder(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert root.run(["doctor"]) == 2
    assert "hub init" in capfd.readouterr().err
    assert root.run(["init", "."]) == 0
    assert {"hub.toml", "overlays", "data", "hub.key"} <= {one.name for one in tmp_path.iterdir()}
    assert (tmp_path / "hub.key").stat().st_mode & 0o777 == 0o600
    key = (tmp_path / "hub.key").read_bytes()
    assert root.run(["doctor"]) == 0
    said = capfd.readouterr()
    assert "All is well." in said.err
    assert "schema 0001" in said.out
    assert root.run(["init", "."]) == 0  # repairs, never destroys
    assert (tmp_path / "hub.key").read_bytes() == key


def test_doctor_says_what_needs_mending(hub: Any, home: Path) -> None:
    (home.parent / "in").mkdir()
    (home.parent / "m.toml").write_text('object = "customer"\n[pull]\nemail = "m"\n', encoding="utf-8")
    words = [f"path={home.parent}/in", "file.match=*.csv", f"file.map={home.parent}/m.toml"]
    assert hub("connection", "add", "shop", "files", *words).code == 0
    assert hub("connection", "add", "erp", "tryton", "url=http://x/y", "key=env:NOT_THERE").code == 0
    said = hub("doctor", "--json")
    assert said.code == 1
    bad = [one for one in said.records if not one["ok"]]
    assert [one["step"] for one in bad] == ["connection erp"]
    assert "NOT_THERE" in bad[0]["detail"]
    assert bad[0]["fix"]
    (home / "overlays" / "shop.customer.toml").write_text("[pull]\n", encoding="utf-8")
    assert "overlay" in hub("doctor").out


def test_a_store_that_was_never_made_is_named(hub: Any, home: Path) -> None:
    (home / "data" / "hub.sqlite").unlink()
    said = hub("connection", "list")
    assert said.code == 2
    assert "hub init" in said.err


@pytest.mark.parametrize(
    ("args", "code", "says"),
    [
        (["conection", "list"], 2, 'Did you mean "connection"'),
        (["connection", "lst"], 2, "connection --help"),
        (["connection", "show", "nobody"], 2, "There is no connection"),
        (["connection", "add", "x", "fils"], 2, 'Did you mean "files"|did you mean "files"'),
        (["connector", "show", "tritn"], 2, "tryton"),
        (["customer", "show", "cus_0000000000001"], 2, "There is no customer"),
        (["customer", "show", "cus_1"], 2, "not an id"),
        (["run", "show", "7"], 2, "hub run list"),
        (["run", "show", "seven"], 2, "integer"),
        (["quarantine", "show", "7"], 2, "hub quarantine list"),
        (["sync", "nobody"], 2, "There is no connection"),
        (["sync", "--diff"], 2, "--dry-run"),
        (["sync", "--object", "custmer"], 2, "customer, order or interaction"),
        (["plan", "nowhere.toml"], 2, "cannot be read"),
        (["worker", "nosuch"], 2, "There is no queue"),
        (["web", "--host", "0.0.0.0"], 2, "no users yet"),
        (["map", "try", "none.toml", "none.csv"], 2, "cannot be read"),
        (["map", "suggest", "none.csv"], 2, "There is no file"),
        (["remap", "nobody"], 2, "There is no connection"),
        (["quarantine", "retry"], 2, "Say which"),
    ],
)
def test_wrong_use_is_two_and_says_how_it_is_right(hub: Any, args: list[str], code: int, says: str) -> None:
    said = hub(*args)
    assert said.code == code, said.err
    assert any(word in said.err for word in says.split("|")), said.err
    assert "Traceback" not in said.err
    assert said.out == ""


def test_other_failures_are_one(hub: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise ConnectionBroken("It is broken.", cause="A reason.", fix="A way out.")

    monkeypatch.setattr("hub.flows.account.overview", broken)
    said = hub("connection", "list")
    assert (said.code, said.err) == (1, "Error: It is broken.\nWhy: A reason.\nFix: A way out.\n")


def test_a_defect_is_one_without_a_traceback_and_debug_shows_it(
    hub: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def defect(*_: Any, **__: Any) -> None:
        raise KeyError("oops")

    monkeypatch.setattr("hub.flows.account.overview", defect)
    said = hub("connection", "list")
    assert said.code == 1
    assert "KeyError" in said.err
    assert "Traceback" not in said.err
    with pytest.raises(KeyError):
        hub("connection", "list", "--debug")


@pytest.mark.parametrize("error", [KeyboardInterrupt(), click.Abort()])
def test_ctrl_c_is_clean(hub: Any, monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    def interrupted(*_: Any, **__: Any) -> None:
        raise error

    monkeypatch.setattr("hub.flows.account.overview", interrupted)
    said = hub("connection", "list")
    assert (said.code, said.out, said.err.strip()) == (130, "", "Stopped.")


def test_global_options_may_stand_anywhere(hub: Any, home: Path) -> None:
    assert hub("connector", "list", "--json").records == hub("--json", "connector", "list").records
    assert hub("connection", "list", f"--home={home}", at=()).code == 0
    assert hub("connection", "list", "--home", str(home), at=()).code == 0


def test_help_imports_nothing_heavy_and_every_command_has_help() -> None:
    code = (
        "import sys; from hub.cli.root import run; code = run(['--help']); "
        "heavy = {'sqlalchemy', 'flask', 'requests', 'rq', 'redis', 'phonenumbers', 'rich', 'alembic', 'marshmallow'}; "
        "print(sorted(heavy & set(sys.modules)), code, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[] 0"
    context = click.Context(root.hub)
    for name in root.COMMANDS:
        command = root.hub.get_command(context, name)
        assert command is not None
        assert command.name == name
        assert command.help
        for inner in command.commands.values() if isinstance(command, click.Group) else ():
            assert inner.help, f"{name} {inner.name}"


def test_python_dash_m_hub_is_the_same_command(tmp_path: Path) -> None:
    """How the supervisor starts its parts."""
    done = subprocess.run(
        [sys.executable, "-P", "-m", "hub", "--home", str(tmp_path / "none"), "worker", "pull"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ},
    )
    assert done.returncode == 2
    assert "is no home of CRM Hub" in done.stderr


def test_an_error_has_its_why_and_fix_on_lines_of_their_own() -> None:
    assert root.sentence(NotFound("No.", fix="Yes.")) == "Error: No.\nFix: Yes."


def test_values_do_not_drive_the_terminal() -> None:
    assert safe("a\x1b[2Jb\u202ec\nd") == "a\\x1b[2Jb\\u202ec\\x0ad"
