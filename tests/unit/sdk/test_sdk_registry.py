from __future__ import annotations

import sys
from importlib.metadata import EntryPoint, EntryPoints
from pathlib import Path

import pytest

from hub.errors import ConnectionBroken, NotFound, WrongUse
from hub.sdk import registry
from hub.sdk.connector import ConnectionView

MANIFEST = """
name = "{name}"
title = "T"
vendor = "V"
evidence = "manual only, 2026-11-24"
[object.customer]
pull = true
"""
CODE = """
from hub.sdk import Connector, Setting

class Mine(Connector):
    @classmethod
    def spec(cls):
        return (Setting("url", "url", "where"), Setting("key", "secret", "its key", required=True))

    def check(self):
        yield from ()

    def pull(self, object, cursor, *, full=False):
        yield from ()
"""


@pytest.fixture
def outside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Makes packages that register as outside connectors: name → (manifest text, code)."""
    points: list[EntryPoint] = []
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(registry, "entry_points", lambda group: EntryPoints(points))

    def make(
        name: str, *, package: str | None = None, code: str | None = CODE, manifest: str | None = None
    ) -> None:
        package = package or f"outside_{tmp_path.name.replace('-', '_')}_{name}"
        folder = tmp_path / package
        folder.mkdir()
        (folder / "__init__.py").write_text("")
        if code is not None:
            (folder / "connector.py").write_text(code)
        (folder / "manifest.toml").write_text(manifest or MANIFEST.format(name=name))
        points.append(EntryPoint(name, package, registry.GROUP))

    make.points = points  # type: ignore[attr-defined]
    yield make
    for name in [one for one in sys.modules if one.startswith("outside_")]:
        del sys.modules[name]


def test_built_in_connectors_are_found_by_folder() -> None:
    found = registry.connectors(probe=False)
    here = Path(registry.__file__).parents[2] / "connectors"
    folders = {path.parent.name for path in here.glob("*/manifest.toml")}
    assert folders <= set(found)
    assert all(found[name].source == "built-in" for name in folders)


def test_an_outside_connector_loads(outside) -> None:
    outside("acme")
    entry = registry.connectors()["acme"]
    assert entry.problem is None and entry.manifest is not None and entry.manifest.title == "T"
    kind, manifest = registry.load("acme")
    assert kind.__name__ == "Mine" and manifest == entry.manifest


@pytest.mark.parametrize(
    ("code", "manifest", "says"),
    [
        ("import no_such_library_of_ours", None, "no_such_library_of_ours"),
        ("raise RuntimeError('bad day')", None, "RuntimeError: bad day"),
        ("x = 1", None, "exactly one Connector class, not 0"),
        (CODE + "\nclass Second(Mine):\n    pass\n", None, "not 2"),
        (None, None, "connector"),
        (CODE, "name = 1", "no object"),
        (CODE, MANIFEST.format(name="other"), 'must be "bad"'),
    ],
)
def test_one_that_fails_is_listed_with_its_reason(outside, code, manifest, says) -> None:
    outside("bad", code=code, manifest=manifest)
    outside("good")
    found = registry.connectors()
    assert found["good"].problem is None, "a bad one takes a good one down"
    assert says in (found["bad"].problem or "")
    with pytest.raises(ConnectionBroken) as error:
        registry.load("bad")
    assert says in str(error.value)


def test_a_package_that_is_not_there_is_listed(outside) -> None:
    outside.points.append(EntryPoint("ghost", "no_such_package_of_ours.deep", registry.GROUP))
    assert "no_such_package_of_ours" in (registry.connectors()["ghost"].problem or "")


def test_a_name_that_is_taken_does_not_replace(outside) -> None:
    outside("acme")
    outside("acme", package="outside_twin")
    found = registry.connectors()
    assert found["acme"].problem is None
    twins = [entry for name, entry in found.items() if name != "acme" and entry.name == "acme"]
    assert len(twins) == 1 and "taken" in (twins[0].problem or "")


def test_unknown_names_are_guessed(outside) -> None:
    outside("acme")
    with pytest.raises(NotFound, match='did you mean "acme"'):
        registry.load("acmee")
    with pytest.raises(NotFound, match="known:"):
        registry.load("qqqqqq")


def test_build_checks_settings_and_hides_secrets(outside) -> None:
    outside("acme")
    view = ConnectionView("erp", {"url": "https://x", "key": "env:KEY"}, {"key": "s3cret-value"}.get)
    made = registry.build("acme", view)
    assert made.connection.settings == {"url": "https://x"}
    assert made.connection.secret("key") == "s3cret-value"
    assert made.http.redactor.text("it is s3cret-value!") == "it is ***!"
    with pytest.raises(WrongUse, match='"key" is missing'):
        registry.build("acme", ConnectionView("erp", {"url": "https://x", "key": "env:KEY"}, {}.get))
    with pytest.raises(WrongUse, match='did you mean "url"'):
        registry.build("acme", ConnectionView("erp", {"ulr": "https://x"}, {"key": "s3cret-value"}.get))
