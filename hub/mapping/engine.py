"""A map compiled once, then run per record: raw → canonical values on pull, those → remote fields on push."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hub.canonical.country import COUNTRIES, to_country
from hub.canonical.moment import zone
from hub.canonical.money import to_currency
from hub.canonical.paths import kind_of
from hub.canonical.unfit import Unfit, shown
from hub.errors import WrongUse
from hub.mapping.digest import map_digest
from hub.mapping.part import CompiledPart, Pulled
from hub.mapping.raw import names_in
from hub.mapping.spec import ABSENT, MAIN, ORGANISATION, Context, MapSpec, PullLine

__all__ = ["ABSENT", "CompiledMap", "CompiledPart", "Context", "Pulled", "compile_map"]


class CompiledMap:
    """A map ready to run for one connection.

    digest: 16 bytes over map, overlay and context. line_digest: path → digest of all that makes its value. pull_paths:
    paths it can give. push_paths: paths written on update; create_paths: those and the ones written on create only.
    not_pushed: path → reason. push_needs: path → the other paths its remote fields are written from. All of these are
    of the main part; `parts` has each by name.
    """

    def __init__(self, spec: MapSpec, *, context: Context) -> None:
        self.spec = spec
        self.object = spec.object
        self.context = context
        self.parts: Mapping[str, CompiledPart] = {
            part.name: CompiledPart(spec, part, context=context) for part in spec.parts
        }
        main = self.parts[MAIN]
        self.digest = map_digest(spec, context)
        self.line_digest = main.line_digest
        self.pull_paths = main.pull_paths
        self.push_paths = main.push_paths
        self.create_paths = main.create_paths
        self.not_pushed = main.not_pushed
        self.push_needs = main.push_needs
        self._main = main
        self._organisation = self.parts.get(ORGANISATION)
        self._read = _names_read(spec)
        self._listed = {found.source: frozenset(_names_of(found.pull)) for found in spec.lists if found.pull}
        self._ignored = (*spec.ignore, *_pieces_read(spec))

    def pull(self, raw: Mapping[str, Any]) -> list[Pulled]:
        """The parts of a raw record, main first; an organisation only if the record says anything of it."""
        found = [self._main.pull(raw)]
        if self._organisation is not None:
            other = self._organisation.pull(raw)
            if not other.values.keys() <= self._organisation.consts.keys():
                found.append(other._replace(source_at=found[0].source_at, customer_record=None))
        return found

    def push(self, values: Mapping[str, Any], *, create: bool, part: str = MAIN) -> dict[str, Any]:
        """Remote name (dotted if nested) → value, for the paths given; None as a value is written as `blank_as` says.

        On update a remote field made of several paths needs them all (`push_needs`). Raises RecordRejected for a value
        without translation, WrongUse if a needed path is not given.
        """
        return self.parts[part].push(values, create=create)

    def rendering(self, path: str, raw: Mapping[str, Any], *, part: str = MAIN) -> Any:
        """The raw value(s) the path's line reads; ABSENT (false) if there is none."""
        return self.parts[part].rendering(path, raw)

    def value(self, path: str, rendering: Any, *, part: str = MAIN) -> Any:
        """The canonical value of a rendering. Raises RecordRejected."""
        return self.parts[part].value(path, rendering)

    def unmapped(self, raw: Mapping[str, Any]) -> set[str]:
        """Remote names in `raw` that no line reads and `ignore` does not name."""
        open_names = {name: value for name, value in raw.items() if name not in self._read}
        found = {name for name in names_in(open_names) if not self._known(name)} if open_names else set()
        for source, read in self._listed.items():
            if found and _mirrors(raw, source):
                found = {name for name in found if name not in read and not self._known_row(name, source)}
        return found

    def _known(self, name: str) -> bool:
        return (
            name in self._read
            or name in self._listed
            or any(_covers(ignored, name) for ignored in self._ignored)
        )

    def _known_row(self, name: str, source: str) -> bool:
        own = name.removeprefix(f"{source}[].")
        return own != name and self._known(own)


def compile_map(spec: MapSpec, *, context: Context) -> CompiledMap:
    """Compile `spec` for a connection. Raises WrongUse for a country, time zone or currency that does not exist."""
    name, word = "country", context.country
    try:
        country = to_country(word)
        if country is not None and country not in COUNTRIES:
            raise Unfit("is no country", fix="Expected an ISO 3166-1 code such as DE, CN or US.")
        name, word = "timezone", context.timezone
        if word:
            zone(word)
        name, word = "currency", context.currency
        currency = to_currency(word)
    except Unfit as unfit:
        raise WrongUse(f"{name}: {shown(word)} {unfit.reason}.", fix=unfit.fix) from None
    return CompiledMap(spec, context=Context(country, context.timezone or None, currency))


def _names_of(lines: Sequence[PullLine]) -> set[str]:
    return {name for line in lines for name in (*line.sources, line.beside) if name}


def _names_read(spec: MapSpec) -> frozenset[str]:
    found = {name for part in spec.parts for name in _names_of(part.pull)}
    for listed in spec.lists:
        found |= {f"{listed.source}[].{name}" for name in _names_of(listed.pull)}
    return frozenset(found)


def _pieces_read(spec: MapSpec) -> Iterator[str]:
    """Names whose value is read with all that is below it: the lines of parcels and refunds."""
    for listed in spec.lists:
        for line in listed.pull:
            if kind_of(line.path, object=f"{spec.object}.{listed.path}") == "pieces":
                yield from (f"{listed.source}[].{name}" for name in line.sources)


def _mirrors(raw: Mapping[str, Any], source: str) -> bool:
    """True if the list at `source` is made of rows of the same file: each has the columns that the record has."""
    items = raw.get(source)
    return (
        isinstance(items, list)
        and bool(items)
        and all(isinstance(row, Mapping) for row in items)
        and (items[0].keys() <= raw.keys())
    )


def _covers(ignored: str, name: str) -> bool:
    if ignored.endswith("*"):
        return name.startswith(ignored[:-1])
    return name == ignored or name.startswith((f"{ignored}.", f"{ignored}[]"))
