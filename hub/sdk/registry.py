"""Finds connectors: the built-in ones by folder under `connectors/`, outside ones by the entry-point group
`hub.connectors`.

An outside connector is a package of the same shape as a built-in folder (manifest.toml, connector.py, README.md;
its maps
in `mappings/<object>.toml` inside it); its entry point names the package: `acme = "acme_for_crm_hub"`, where `acme` is
also the manifest's name. A connector that cannot be loaded is listed with the reason; it never takes the others down.
"""

from __future__ import annotations

import importlib
import importlib.util
import inspect
from collections.abc import Callable
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any, NamedTuple

from hub.errors import ConnectionBroken, HubError, NotFound
from hub.sdk.connector import ConnectionView, Connector
from hub.sdk.http import Http
from hub.sdk.manifest import Manifest, nearest, read_manifest
from hub.sdk.matrix import matrix
from hub.sdk.redaction import MASK, Redactor
from hub.sdk.spec import check_settings

GROUP = "hub.connectors"
BUILT_IN = "connectors"


class Entry(NamedTuple):
    """A connector found. `problem` says why it cannot be used; then `manifest` may be missing."""

    name: str
    package: str
    source: str
    folder: Path | None
    manifest: Manifest | None
    problem: str | None


def connectors(*, probe: bool = True) -> dict[str, Entry]:
    """Every connector by name, sorted. `probe` also imports its code, so that one that would fail to load shows it."""
    found: dict[str, Entry] = {}
    for folder in _folders():
        found[folder.name] = _entry(folder.name, f"{BUILT_IN}.{folder.name}", "built-in", folder, probe)
    for point in entry_points(group=GROUP):
        entry = _outside(point, probe)
        if point.name in found:
            entry = entry._replace(
                problem=f'the name "{point.name}" is taken by a {found[point.name].source} one'
            )
            found[f"{point.name} ({entry.source})"] = entry
        else:
            found[point.name] = entry
    return dict(sorted(found.items()))


def matrix_text() -> str:
    """What the built-in connectors can do, as Markdown (matrix.py)."""
    found = [one for one in connectors(probe=False).values() if one.source == "built-in"]
    return matrix([one.manifest for one in found if one.manifest is not None])


def load(name: str) -> tuple[type[Connector], Manifest]:
    """The connector's class and manifest. Raises NotFound for an unknown name, ConnectionBroken when it cannot load."""
    entry = _built_in(name) or connectors(probe=False).get(name)
    if entry is None:
        known = connectors(probe=False)
        guess = nearest(name, known)
        fix = f'did you mean "{guess}"?' if guess else f"known: {', '.join(known) or 'none'}"
        raise NotFound(f'there is no connector "{name}"', fix=fix)
    if entry.manifest is None or entry.problem:
        raise ConnectionBroken(f'the connector "{name}" cannot be loaded', cause=entry.problem)
    found, problem = _import(entry.package)
    if found is None:
        raise ConnectionBroken(f'the connector "{name}" cannot be loaded', cause=problem)
    return found, entry.manifest


def build(
    name: str,
    connection: ConnectionView,
    *,
    deadline: Callable[[], float] | None = None,
    budget: Callable[[], None] | None = None,
    allow_private: bool = True,
    ca_file: str | None = None,
) -> Connector:
    """A connector ready for one job: settings checked and completed, secrets watched by the redactor of its Http.

    `deadline` gives the seconds that remain of the lease; `budget` may sleep or raise RateLimited before a call.
    `allow_private` and `ca_file` are keys of the connection: may private addresses be called, and which PEM file of
    authorities is trusted instead of the public ones. Raises WrongUse for a wrong setting, ConnectionBroken when the
    connector cannot load.
    """
    kind, manifest = load(name)
    return assemble(
        kind,
        manifest,
        connection,
        deadline=deadline,
        budget=budget,
        allow_private=allow_private,
        ca_file=ca_file,
    )


def assemble(
    kind: type[Connector],
    manifest: Manifest,
    connection: ConnectionView,
    *,
    deadline: Callable[[], float] | None = None,
    budget: Callable[[], None] | None = None,
    allow_private: bool = True,
    **http_options: Any,
) -> Connector:
    """As `build`, for a class at hand (the test kit has connectors that are in no registry)."""
    redactor = Redactor()
    secret = redactor.watching(connection.secret)
    settings = _settings(kind, connection, secret)
    view = ConnectionView(
        name=connection.name,
        settings=settings,
        secret=secret,
        timezone=connection.timezone,
        files=connection.files,
        tokens=connection.tokens,
    )
    http = Http(
        redactor=redactor, deadline=deadline, budget=budget, allow_private=allow_private, **http_options
    )
    return kind(view, http=http, manifest=manifest)


def _settings(
    kind: type[Connector], connection: ConnectionView, secret: Callable[[str], str | None]
) -> dict[str, Any]:
    """The checked settings without the secret ones: those are only had by calling `secret`."""
    spec = kind.spec()
    hidden = {one.name for one in spec if one.kind == "secret"}
    given = {name: value for name, value in connection.settings.items() if name not in hidden}
    checked = check_settings(spec, given | {name: MASK for name in hidden if secret(name)})
    return {name: value for name, value in checked.items() if name not in hidden}


def _built_in(name: str) -> Entry | None:
    """A built-in connector by name, without a look at what else is installed: that takes a while, and these win."""
    folder = next((one for one in _folders() if one.name == name), None)
    return _entry(name, f"{BUILT_IN}.{name}", "built-in", folder, False) if folder else None


def _folders() -> list[Path]:
    package = importlib.import_module(BUILT_IN)
    places = [Path(one) for one in package.__path__]
    return sorted(
        folder for place in places for folder in place.iterdir() if (folder / "manifest.toml").is_file()
    )


def _outside(point: EntryPoint, probe: bool) -> Entry:
    source = point.dist.name if point.dist else "installed"
    try:
        spec = importlib.util.find_spec(point.module)
    except Exception as error:  # outside code runs while parents are imported: whatever it raises, list it
        return Entry(point.name, point.module, source, None, None, _say(error))
    places = list(spec.submodule_search_locations or ()) if spec else []
    if not places:
        return Entry(point.name, point.module, source, None, None, f"{point.module} is not a package")
    return _entry(point.name, point.module, source, Path(places[0]), probe)


def _entry(name: str, package: str, source: str, folder: Path, probe: bool) -> Entry:
    manifest: Manifest | None = None
    problem: str | None = None
    try:
        manifest = read_manifest(folder, name=name)
    except HubError as error:
        problem = str(error)
    if manifest and probe:
        problem = _import(package)[1]
    return Entry(name, package, source, folder, manifest, problem)


def _import(package: str) -> tuple[type[Connector] | None, str | None]:
    """The one concrete Connector class in `<package>.connector`, or the reason why there is none."""
    try:
        module = importlib.import_module(f"{package}.connector")
    except Exception as error:  # a connector's import may raise anything; the others must still be listed
        return None, _say(error)
    classes = [
        one
        for one in vars(module).values()
        if inspect.isclass(one)
        and issubclass(one, Connector)
        and one.__module__ == module.__name__
        and not inspect.isabstract(one)
    ]
    if len(classes) != 1:
        return None, f"{package}.connector must define exactly one Connector class, not {len(classes)}"
    return classes[0], None


def _say(error: Exception) -> str:
    return str(error) if isinstance(error, HubError) else f"{type(error).__name__}: {error}"
