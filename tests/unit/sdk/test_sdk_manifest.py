from __future__ import annotations

import inspect
import textwrap
from pathlib import Path

import pytest

from hub.errors import WrongFile
from hub.sdk import manifest as module
from hub.sdk.manifest import Manifest, load_manifest, read_manifest

GOOD = """
name = "acme"
title = "Acme"
vendor = "Acme Inc."
evidence = "manual only, 2026-11-24"

[object.customer]
pull = true
overlap_seconds = 5
unique = ["email"]
"""


def load(text: str) -> Manifest:
    return load_manifest(text, file="m.toml")


def refused(text: str) -> str:
    with pytest.raises(WrongFile) as error:
        load(text)
    return str(error.value)


def test_values_defaults_and_types() -> None:
    manifest = load(GOOD)
    customer = manifest.objects["customer"]
    assert (manifest.name, manifest.discover, manifest.webhooks) == ("acme", False, False)
    assert (customer.pull, customer.push, customer.fetch_batch, customer.push_batch) == (True, False, 0, 1)
    assert (customer.unique, customer.overlap_seconds, customer.version) == (("email",), 5.0, "none")
    with pytest.raises(TypeError):
        manifest.objects["order"] = customer  # type: ignore[index]


def test_the_example_in_the_documentation_is_a_good_manifest() -> None:
    documentation = inspect.getdoc(module)
    assert documentation is not None
    example = documentation.partition("every key:\n")[2]
    manifest = load(textwrap.dedent(example))
    assert manifest.can("customer", "fetch") and manifest.can("customer", "create")
    words = set(manifest.objects["customer"].__dataclass_fields__)
    assert all(f"{word} " in example or f"{word}=" in example for word in words), "a key is not documented"


def test_can_knows_fetch_and_unknown_objects() -> None:
    manifest = load(GOOD + "fetch_batch = 3\n")
    assert manifest.can("customer", "fetch") and manifest.can("customer", "pull")
    assert not manifest.can("customer", "push")
    assert not manifest.can("order", "pull")


@pytest.mark.parametrize(
    ("wrong", "line", "says"),
    [
        (GOOD.replace('vendor = "', 'vendr = "'), 4, 'did you mean "vendor"'),
        (GOOD + "puhs = true\n", 11, 'did you mean "push"'),
        (GOOD + "zzz = 1\n", 11, "known keys"),
        (GOOD.replace("pull = true", 'pull = "yes"'), 8, "true or false"),
        (GOOD + "push_batch = true\n", 11, "whole number"),
        (GOOD + "page_size = 5000\n", 11, "1 to 1000"),
        (GOOD + "push_batch = 0\n", 11, "1 or more"),
        (GOOD + "fetch_batch = -1\n", 11, "negative"),
        (GOOD + 'version = "date"\n', 11, "none, etag, modified"),
        (GOOD + "conditional = true\n", 11, "needs a version"),
        (GOOD + "create = true\n", 11, "find or marker"),
        (GOOD.replace('["email"]', '"email"'), 10, "list of texts"),
        (GOOD.replace('"acme"', '"Acme CRM"'), 2, "lower-case"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(wrong: str, line: int, says: str) -> None:
    message = refused(wrong)
    assert message.startswith(f"m.toml:{line}:"), message
    assert says in message


def test_the_line_is_the_one_in_the_right_table() -> None:
    message = refused(GOOD.replace("pull = true", "pull = true\n") + '[object.order]\npull = "no"\n')
    assert message.startswith("m.toml:13:"), message


def test_missing_keys_and_objects() -> None:
    assert '"title" is missing' in refused(GOOD.replace('title = "Acme"\n', ""))
    assert "no object" in refused(GOOD.partition("[object")[0])
    assert "not valid TOML" in refused("name = ")


def test_reading_a_folder(tmp_path: Path) -> None:
    folder = tmp_path / "acme"
    folder.mkdir()
    with pytest.raises(WrongFile, match="cannot be read"):
        read_manifest(folder)
    (folder / "manifest.toml").write_text(GOOD)
    assert read_manifest(folder).name == "acme"
    folder.rename(tmp_path / "other")
    with pytest.raises(WrongFile, match="must be"):
        read_manifest(tmp_path / "other")
    assert read_manifest(tmp_path / "other", name="acme").name == "acme"
    (tmp_path / "other" / "manifest.toml").write_bytes(GOOD.encode("utf-16"))
    with pytest.raises(WrongFile, match="UTF-8"):
        read_manifest(tmp_path / "other", name="acme")


def test_a_table_of_another_name_is_refused_with_the_right_one() -> None:
    both = GOOD + "[objects.order]\npull = true\n"
    assert 'did you mean "object"' in refused(both)
