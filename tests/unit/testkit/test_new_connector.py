"""`hub connector new`: what it writes is tested by its own tests, in a package and in a checkout."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from hub.errors import WrongUse
from hub.flows.new_connector import make
from hub.sdk.manifest import read_manifest
from hub.sdk.matrix import BEGIN, END
from hub.sdk.registry import matrix_text

ROOT = Path(__file__).resolve().parents[3]
NOW = 1_795_500_000.0


def pytest_in(folder: Path, *arguments: str) -> str:
    """Run tests there; their output."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=500)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    return done.stdout


@pytest.mark.slow
def test_a_package_of_its_own_passes_its_tests(tmp_path: Path) -> None:
    made = make("acme", folder=tmp_path, now=NOW, title="Acme CRM")
    assert made.outside and made.folder == tmp_path / "acme-for-crm-hub"
    assert "passed" in pytest_in(made.folder, "tests")


@pytest.mark.slow
def test_in_a_checkout_the_suite_finds_it(tmp_path: Path) -> None:
    (tmp_path / "hub").symlink_to(ROOT / "hub")
    for folder in ("connectors", "mappings", "tests/connectors"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "connectors" / "__init__.py").write_text("")
    suite = ROOT / "tests" / "connectors" / "test_conformance.py"
    (tmp_path / "tests" / "connectors" / "test_conformance.py").write_text(suite.read_text())
    (tmp_path / "pytest.ini").write_text(
        "[pytest]\naddopts = --import-mode=importlib\npythonpath = . tests\n"
    )
    made = make("acme", folder=tmp_path / "tests", now=NOW)
    assert not made.outside and made.folder == tmp_path
    words = "acme and (agree or brings or has_an_adapter or person or verified or blank)"
    output = pytest_in(tmp_path, "tests", "-k", words)
    assert "passed" in output and "skipped" not in output


def test_the_manifest_it_writes_is_a_good_one(tmp_path: Path) -> None:
    made = make("two_words", folder=tmp_path, now=NOW)
    manifest = read_manifest(made.folder / "two_words_for_crm_hub", name="two_words")
    assert manifest.rest is not None and manifest.title == "Two Words"
    assert "2026-11-24" in manifest.evidence
    for file in made.files:
        assert not re.search(r"@[A-Z]+@", (made.folder / file).read_text(encoding="utf-8")), file


def test_what_is_there_is_left_alone(tmp_path: Path) -> None:
    made = make("acme", folder=tmp_path, now=NOW)
    (made.folder / "pyproject.toml").write_text("mine")
    with pytest.raises(WrongUse, match="is there already"):
        make("acme", folder=tmp_path, now=NOW)
    assert (made.folder / "pyproject.toml").read_text() == "mine"


@pytest.mark.parametrize("name", ["Acme", "1st", "a-b", "", "files", "template"])
def test_a_name_that_is_none_or_taken_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(WrongUse):
        make(name, folder=tmp_path, now=NOW)
    assert not list(tmp_path.iterdir())


def test_the_matrix_in_the_readme_is_current() -> None:
    text = (ROOT / "connectors" / "README.md").read_text(encoding="utf-8")
    shown = text.partition(BEGIN)[2].partition(END)[0].strip()
    assert shown == matrix_text(), (
        "write the output of `hub connector list --matrix` into connectors/README.md"
    )
