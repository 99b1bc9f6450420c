"""The shipped data files: maps and defaults, in a checkout (beside `hub/`) and in a wheel (`hub/_data/`)."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

from hub.errors import NotFound, WrongUse

_PACKAGE = Path(__file__).resolve().parent
SIBLINGS = ("connectors", "jobs")


def folder(name: str) -> Path:
    """The shipped folder `mappings` or `config`.

    A wheel's copy comes first: beside an installed `hub/`, a folder of that name would be another package's.
    """
    carried = _PACKAGE / "_data" / name
    return carried if (_PACKAGE / "_data").is_dir() else _PACKAGE.parent / name


def map_text(connector: str, object: str) -> str | None:
    """The shipped map `mappings/<connector>/<object>.toml`, or None. Raises WrongUse for what is no name."""
    for word in (connector, object):
        if not re.fullmatch(r"[a-z][a-z0-9_]*", word):
            raise WrongUse(f"{word!r} is not a name of a connector or object.")
    file = folder("mappings") / connector / f"{object}.toml"
    return file.read_text(encoding="utf-8") if file.is_file() else None


def maps() -> tuple[tuple[str, str], ...]:
    """Every shipped map as (connector, object), sorted."""
    return tuple(sorted((file.parent.name, file.stem) for file in folder("mappings").glob("*/*.toml")))


def config_text(name: str) -> str:
    """A shipped default by file name: `hub.toml`, `matching.toml`, `survivorship.toml`. Raises NotFound."""
    file = folder("config") / name
    if "/" in name or not file.is_file():
        known = ", ".join(sorted(f.name for f in folder("config").glob("*.toml")))
        raise NotFound(f"There is no shipped default {name!r}.", fix=f"Known: {known}.")
    return file.read_text(encoding="utf-8")


def check_siblings() -> None:
    """Refuse to run when another installed package shadows ours. Raises WrongUse naming it. Imports nothing."""
    for name in SIBLINGS:
        spec = importlib.util.find_spec(name)
        found = Path(spec.origin).resolve().parent if spec and spec.origin else None
        if found != _PACKAGE.parent / name:
            raise WrongUse(
                f"The package {name!r} is not CRM Hub's own: it is found at {found}, not at {_PACKAGE.parent / name}.",
                fix="Install CRM Hub alone in a virtual environment of its own.",
            )
