"""Documents that can fail a build: what they say is compared with what is there."""

from __future__ import annotations

import ast
import inspect
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from hub import errors, queue, resources, settings
from hub.settings import Settings

ROOT = Path(__file__).resolve().parent.parent
KEYS = [f.name for f in fields(Settings) if f.name != "home"]


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def documented_settings() -> dict[str, tuple[str, str]]:
    settings_part = read("config/README.md").partition("\n## ")[0]
    rows = re.findall(r"^\| `(\w+)` \| (.+?) \| (.+?) \|$", settings_part, re.MULTILINE)
    return {key: (default, meaning) for key, default, meaning in rows}


@pytest.mark.parametrize("key", KEYS)
def test_every_setting_is_described_with_its_default(key: str) -> None:
    assert key in documented_settings(), f"config/README.md does not describe {key}"
    default, meaning = documented_settings()[key]
    value = Settings.__dataclass_fields__[key].default
    assert default.strip("`") == ("empty" if value is None else str(value))
    assert len(meaning) > 10


def test_no_setting_is_described_that_is_not_there() -> None:
    assert set(documented_settings()) == set(KEYS)


def test_the_shipped_file_has_every_key_in_the_order_of_the_document() -> None:
    shipped = re.findall(r"^(\w+) = ", resources.config_text("hub.toml"), re.MULTILINE)
    assert sorted(shipped) == sorted(KEYS)
    assert list(documented_settings()) == shipped


def keys_of(table: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    for key, value in table.items():
        if isinstance(value, dict):
            yield from keys_of(value, f"{prefix}{key}.")
        else:
            yield prefix + key


@pytest.mark.parametrize("name", ["matching.toml", "survivorship.toml"])
def test_every_key_of_the_shipped_rules_is_described(name: str) -> None:
    described = set(re.findall(r"^\| `([\w.]+)` \|", read("config/README.md"), re.MULTILINE))
    keys = {
        re.sub(r"^rules\..+", "rules.PATH", key)
        for key in keys_of(tomllib.loads(resources.config_text(name)))
    }
    assert keys <= described, f"config/README.md does not describe {keys - described}"


def test_every_error_says_what_happens_next() -> None:
    kinds = [k for _, k in inspect.getmembers(errors, inspect.isclass) if issubclass(k, errors.HubError)]
    codes = [kind.code for kind in kinds]
    assert len(set(codes)) == len(codes), "two errors share a code"
    for kind in kinds:
        assert kind.__doc__ and len(kind.__doc__) > 20, kind


def test_every_queue_is_named_in_the_readme() -> None:
    for name in queue.QUEUES:
        assert f"`{name}`" in read("README.md")


@pytest.mark.parametrize("name", ["README.md", "CHANGELOG.md", "config/README.md"])
def test_links_lead_somewhere(name: str) -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", read(name)):
        assert (ROOT / Path(name).parent / target).exists(), f"{name} links to {target}"


def test_the_readme_names_only_make_targets_that_exist() -> None:
    targets = set(re.findall(r"^([a-z]+):", read("Makefile"), re.MULTILINE))
    assert set(re.findall(r"\bmake ([a-z]+)", read("README.md"))) <= targets


def test_the_variables_are_named_as_the_settings_are() -> None:
    for text in (read("README.md"), read("config/README.md")):
        for variable in re.findall(r"\bHUB_[A-Z_]+\b", text):
            assert (
                variable in {"HUB_HOME", "HUB_"}
                or variable.startswith("HUB_TEST_")
                or variable[4:].lower() in KEYS
            )


def test_every_public_thing_of_the_house_has_a_docstring() -> None:
    for module in (settings, resources, queue):
        tree = ast.parse(inspect.getsource(module))
        for node in tree.body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
                assert ast.get_docstring(node), f"{module.__name__}.{node.name}"
