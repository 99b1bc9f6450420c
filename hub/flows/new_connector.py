"""A new connector from the shipped templates: in a checkout three mirrored folders, elsewhere a package of its own.

What is made works at once, against a fake server of its own, and is then changed piece by piece until it speaks to the
real system (connectors/README.md).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path
from typing import NamedTuple

from hub.errors import WrongUse
from hub.sdk import registry

_NAME = re.compile(r"[a-z][a-z0-9_]{1,40}")
_TAKEN = ("template", "test", "hub", "api")


class Made(NamedTuple):
    """What was written, and the command that tests it (to be run in `folder`)."""

    name: str
    outside: bool
    folder: Path
    files: list[str]
    test: str


def make(name: str, *, folder: Path, now: float, title: str | None = None) -> Made:
    """Write a connector called `name` below `folder`: into the checkout it lies in, or as a package there.

    Raises WrongUse for a name that is none or is taken, and for files that exist; then nothing is written.
    """
    if not _NAME.fullmatch(name) or name in _TAKEN:
        raise WrongUse(
            f"{name!r} is no name of a connector", fix="lower-case letters, digits and _, a letter first"
        )
    if name in registry.connectors(probe=False):
        raise WrongUse(f"there is a connector {name} already", fix="choose another name: hub connector list")
    checkout = _checkout(folder.resolve())
    base = checkout or folder.resolve() / f"{name}-for-crm-hub"
    texts = dict(_inside(name) if checkout else _outside(name))
    words = _words(name, title or name.replace("_", " ").title(), now=now, outside=not checkout)
    there = [file for file in texts if (base / file).exists()]
    if there:
        raise WrongUse(f"{base / there[0]} is there already", fix="nothing was written: choose another name")
    for file, template in texts.items():
        (base / file).parent.mkdir(parents=True, exist_ok=True)
        (base / file).write_text(_filled(template, words), encoding="utf-8")
    places = (
        f"tests/connectors/{name} tests/connectors/test_conformance.py -k {name}" if checkout else "tests"
    )
    return Made(name, not checkout, base, sorted(texts), f"pytest {places}")


def _checkout(folder: Path) -> Path | None:
    """The checkout of the hub that `folder` lies in, or None."""
    for one in (folder, *folder.parents):
        if (one / "hub" / "sdk").is_dir() and (one / "tests" / "connectors").is_dir():
            return one
    return None


def _inside(name: str) -> Iterator[tuple[str, str]]:
    """File → template, of the three mirrored folders."""
    yield f"connectors/{name}/__init__.py", ""
    for file in ("manifest.toml", "connector.py", "README.md"):
        yield f"connectors/{name}/{file}", f"connector/{file}"
    yield f"mappings/{name}/customer.toml", "mappings/customer.toml"
    yield f"tests/connectors/{name}/adapter.py", "tests/adapter.py"
    yield f"tests/connectors/{name}/{name}_server.py", "tests/server.py"
    yield f"tests/connectors/{name}/test_{name}_map.py", "tests/test_map.py"


def _outside(name: str) -> Iterator[tuple[str, str]]:
    package = f"{name}_for_crm_hub"
    yield "pyproject.toml", "package/pyproject.toml"
    yield f"{package}/__init__.py", ""
    for file in ("manifest.toml", "connector.py", "README.md"):
        yield f"{package}/{file}", f"connector/{file}"
    yield f"{package}/mappings/customer.toml", "mappings/customer.toml"
    yield "tests/adapter.py", "tests/adapter.py"
    yield f"tests/{name}_server.py", "tests/server.py"
    yield f"tests/test_{name}_map.py", "tests/test_map.py"
    yield "tests/test_conformance.py", "package/test_conformance.py"


def _words(name: str, title: str, *, now: float, outside: bool) -> dict[str, str]:
    steps = f'1] / "{name}_for_crm_hub" / "mappings"' if outside else f'3] / "mappings" / "{name}"'
    return {
        "NAME": name,
        "TITLE": title,
        "CLASS": "".join(piece.title() for piece in name.split("_")),
        "TODAY": datetime.fromtimestamp(now, UTC).date().isoformat(),
        "TESTS": "tests" if outside else f"tests/connectors/{name}",
        "MAP": f'(Path(__file__).parents[{steps} / "customer.toml").read_text(encoding="utf-8")',
    }


def _filled(template: str, words: dict[str, str]) -> str:
    if not template:
        return ""
    # By path: what the test kit is made of is data here, not an import.
    text = (resources.files("hub") / "testkit" / "template" / f"{template}.txt").read_text(encoding="utf-8")
    return re.sub(r"@([A-Z]+)@", lambda found: words[found[1]], text)
