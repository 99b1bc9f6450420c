"""The connections file that `hub apply` reads: `[connection.NAME]` with its objects and files, and `[survivorship]`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from hub.errors import NotFound, WrongFile
from hub.flows.connection_check import check_connection
from hub.flows.connection_place import Place, Wanted, by_path, place_of, refuse_unknown
from hub.golden.rules import compile_rules
from hub.mapping.toml_lines import parse as parse_toml

TOP = ("connection", "survivorship")


class Document(NamedTuple):
    """What a file wants. survivorship None: the file does not speak of it, so the stored rules stay."""

    connections: Mapping[str, Wanted]
    survivorship: Mapping[str, Any] | None
    place: Place


def read_file(file: Path, *, home: Path | None = None) -> Document:
    """The connections file at `file`. Raises NotFound if it is not there, WrongFile for what it may not say."""
    try:
        text = file.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise NotFound(f"The file {file} cannot be read.", cause=error.strerror) from None
    except UnicodeDecodeError:
        raise WrongFile("this is not UTF-8", file=str(file)) from None
    return read_text(text, file=str(file), base_dir=file.resolve().parent, home=home)


def read_text(text: str, *, file: str, base_dir: Path, home: Path | None = None) -> Document:
    """As `read_file`, for a text at hand."""
    table, _ = parse_toml(text, file=file)
    place = place_of(text, file=file)
    for key in table:
        if key not in TOP:
            refuse_unknown(key, TOP, (key,), place=place, what="table")
    for key in TOP:
        if not isinstance(table.get(key, {}), dict):
            place.refuse((key,), f'"{key}" must be a table')
    connections = {
        name: check_connection(name, found, place=place, base_dir=base_dir, home=home)
        for name, found in table.get("connection", {}).items()
    }
    return Document(connections, _survivorship(table, place), place)


def _survivorship(table: Mapping[str, Any], place: Place) -> Mapping[str, Any] | None:
    rules = table.get("survivorship")
    if rules is None:
        return None
    found: dict[str, Any] = {}
    for path, rule, keys in by_path(rules):
        try:
            compile_rules({}, overrides={path: rule})
        except WrongFile as error:
            place.refuse(("survivorship", *keys), error.message.partition(": ")[2], fix=error.fix)
        found[path] = rule
    return found
