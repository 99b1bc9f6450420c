"""A map compiled once, then run per record: raw → canonical values on pull, those → remote fields on push."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from hub.canonical import moment
from hub.canonical.country import COUNTRIES, to_country
from hub.canonical.moment import zone
from hub.canonical.money import to_currency
from hub.canonical.paths import kind_of
from hub.canonical.unfit import Unfit, rejected, shown
from hub.errors import WrongUse
from hub.mapping.pull import PullCompiler, Source, list_source
from hub.mapping.push import SKIP, PushPlan, compile_push
from hub.mapping.raw import names_in
from hub.mapping.spec import ABSENT, MAIN, ORGANISATION, Context, MapSpec, Part, PullLine

__all__ = ["ABSENT", "CompiledMap", "CompiledPart", "Context", "Pulled", "compile_map"]

REVISION = 1
"""Part of every digest: raised when the same map would give other values than before."""


class Pulled(NamedTuple):
    """What one part of a raw record says.

    part: "" (main) or "organisation". values: path → canonical value. seen: path → the raw rendering its line reads
    (a scalar for one source, a list for several; constants have none). blanks: paths seen as blank. source_at: the
    record's own modification time, epoch seconds. customer_record: an order's customer, as an external id.
    notes: words that an enumeration does not know, and local times that the clock showed twice.
    """

    part: str
    values: dict[str, Any]
    seen: dict[str, Any]
    blanks: tuple[str, ...]
    source_at: float | None
    customer_record: str | None
    notes: tuple[str, ...] = ()


class CompiledPart:
    """The lines of one part, ready to run. Attributes as those of CompiledMap, which shows the main part's."""

    def __init__(self, spec: MapSpec, part: Part, *, context: Context) -> None:
        self.name = part.name
        compiler = PullCompiler(spec, part.pull, context=context, object=spec.object)
        read = [line for line in part.pull if line.sources]
        self._consts = _consts(part, organisations=len(spec.parts) > 1)
        self._timezone = context.timezone or "UTC"
        self._updated: Source | None = None
        sources = []
        for line in read:
            source = compiler.source(line)
            if line.path == "source_updated_at":
                self._updated = source
            else:
                sources.append(source)
        if part.name == MAIN:
            sources += [list_source(spec, found, context=context) for found in spec.lists]
        self._plain = [
            (source.path, source.plain, source.finish) for source in sources if source.plain is not None
        ]
        self._gathered = [
            (source.path, source.gather, source.finish) for source in sources if source.plain is None
        ]
        self._sources = {source.path: source for source in sources}
        self._enums = [path for path in self._sources if kind_of(path, object=spec.object) == "enum"]
        self._instants = [
            line.path
            for line in read
            if kind_of(line.path, object=spec.object) == "instant"
            and all(step.name == "datetime" for step in line.via)
        ]
        self._countries = _implied_countries(part, context)
        plan = compile_push(spec, part, context=context)
        self._plan: PushPlan = plan
        self._blank_as = spec.blank_as
        self.pull_paths = frozenset(
            [*self._sources, *self._consts, *(path for path, _, _ in self._countries)]
        )
        self.push_paths = frozenset(plan.update)
        self.create_paths = frozenset(plan.create)
        self.not_pushed: Mapping[str, str] = {
            **plan.not_pushed,
            **{found.path: "a list of objects is not written" for found in spec.lists if part.name == MAIN},
        }
        self.push_needs: Mapping[str, tuple[str, ...]] = plan.needs
        self.line_digest: Mapping[str, str] = _line_digests(spec, part, context=context)

    def pull(self, raw: Mapping[str, Any]) -> Pulled:
        """Run the lines over one raw record. Raises RecordRejected naming path, value and what is expected."""
        values = self._consts.copy()
        seen: dict[str, Any] = {}
        blanks: list[str] = []
        path, given = "", None
        try:
            for path, name, finish in self._plain:
                if name in raw:
                    given = seen[path] = raw[name]
                    if given is None or given == "" or (value := finish(given)) is None:
                        blanks.append(path)
                    else:
                        values[path] = value
            for path, gather, finish in self._gathered:
                given = None
                if (given := gather(raw)) is ABSENT:
                    continue
                seen[path] = given
                if given is None or given == "" or (value := finish(given)) is None:
                    blanks.append(path)
                else:
                    values[path] = value
            path = "source_updated_at"
            source_at = None if self._updated is None else self._time(self._updated, raw)
        except Unfit as unfit:
            raise rejected(path, given, unfit) from None
        for country, value, siblings in self._countries:
            if not siblings.isdisjoint(values):
                values[country] = value
        record = values.get("customer_record")
        return Pulled(self.name, values, seen, tuple(blanks), source_at, record, self._notes(values, seen))

    def _time(self, source: Source, raw: Mapping[str, Any]) -> float | None:
        given = source.gather(raw)
        if given is ABSENT or given is None or given == "":
            return None
        try:
            text = source.finish(given)
        except Unfit as unfit:
            raise unfit.of(given) from None
        return None if text is None else moment.epoch(text)

    def _notes(self, values: Mapping[str, Any], seen: Mapping[str, Any]) -> tuple[str, ...]:
        notes = [
            f"{path}: {shown(seen[path])} has no translation"
            for path in self._enums
            if path in seen and values.get(path) == "unknown"
        ]
        for path in self._instants:
            given = seen.get(path)
            if path not in values or not isinstance(given, str) or moment.has_offset(given):
                continue
            if moment.ambiguous(values[path], self._timezone):
                notes.append(
                    f"{path}: {shown(given)} was twice there when the clocks went back; the earlier is taken"
                )
        return tuple(notes)

    def rendering(self, path: str, raw: Mapping[str, Any]) -> Any:
        """The raw value(s) the path's line reads; ABSENT (false) if the record lacks them or no line reads any."""
        source = self._sources.get(path)
        return ABSENT if source is None else source.gather(raw)

    def value(self, path: str, rendering: Any) -> Any:
        """The canonical value of such a rendering; None if it is blank. Raises RecordRejected."""
        try:
            return self._sources[path].finish(rendering)
        except Unfit as unfit:
            raise rejected(path, rendering, unfit) from None

    def push(self, values: Mapping[str, Any], *, create: bool) -> dict[str, Any]:
        """Remote name → value to write for `values` (None: there is none). Raises RecordRejected, WrongUse."""
        out: dict[str, Any] = dict(self._plan.consts) if create else {}
        writers = self._plan.create if create else self._plan.update
        path, value = "", None
        try:
            for path, value in values.items():
                for writer in writers.get(path, ()):
                    if len(writer.paths) > 1:
                        if writer.remote not in out:
                            self._write_all(writer, values, out, create=create)
                    elif value is None:
                        out[writer.remote] = self._blank_as
                    elif (made := writer.write(value)) is not SKIP:
                        out[writer.remote] = self._blank_as if made is None else made
        except Unfit as unfit:
            raise rejected(path, value, unfit) from None
        return out

    def _write_all(
        self, writer: Any, values: Mapping[str, Any], out: dict[str, Any], *, create: bool
    ) -> None:
        lacking = [path for path in writer.paths if path not in values]
        if lacking and not create:
            raise WrongUse(
                f"'{writer.remote}' is written from several paths: {', '.join(lacking)} must be given too"
            )
        found = [values.get(path) for path in writer.paths]
        made = None if all(value is None for value in found) else writer.write(found)
        out[writer.remote] = self._blank_as if made is None or made == "" else made


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
        self.digest = _digest(spec, context)
        self.line_digest = main.line_digest
        self.pull_paths = main.pull_paths
        self.push_paths = main.push_paths
        self.create_paths = main.create_paths
        self.not_pushed = main.not_pushed
        self.push_needs = main.push_needs
        self._main = main
        self._organisation = self.parts.get(ORGANISATION)
        self._read = _names_read(spec)
        self._listed = {found.source: frozenset(_names_of(found.pull)) for found in spec.lists}
        self._ignored = tuple(spec.ignore)

    def pull(self, raw: Mapping[str, Any]) -> list[Pulled]:
        """The parts of a raw record, main first; an organisation only if the record says anything of it."""
        found = [self._main.pull(raw)]
        if self._organisation is not None:
            other = self._organisation.pull(raw)
            if not other.values.keys() <= self._organisation._consts.keys():
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
        return name in self._read or any(_covers(ignored, name) for ignored in self._ignored)

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


def _consts(part: Part, *, organisations: bool) -> dict[str, Any]:
    kinds = {"kind": "organisation" if part.name == ORGANISATION else "person"}
    own = {line.path: line.const for line in part.pull if not line.sources}
    said = any(line.path == "kind" for line in part.pull)
    return {**(kinds if organisations and not said else {}), **own}


def _implied_countries(part: Part, context: Context) -> list[tuple[str, str, frozenset[str]]]:
    """An address whose map has no country stands in the connection's: (its country path, alpha-2, its other paths)."""
    if context.country is None:
        return []
    stems: dict[str, set[str]] = {}
    for line in part.pull:
        head, _, sub = line.path.rpartition(".")
        if sub and head.split("[", 1)[0] in ("address", "billing_address", "shipping_address"):
            stems.setdefault(head, set()).add(line.path)
    return [
        (f"{head}.country", context.country, frozenset(paths))
        for head, paths in stems.items()
        if f"{head}.country" not in paths
    ]


def _names_of(lines: Sequence[PullLine]) -> set[str]:
    return {name for line in lines for name in (*line.sources, line.beside) if name}


def _names_read(spec: MapSpec) -> frozenset[str]:
    found = {name for part in spec.parts for name in _names_of(part.pull)}
    for listed in spec.lists:
        found |= {f"{listed.source}[].{name}" for name in _names_of(listed.pull)}
    return frozenset(found)


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


def _seal(found: Any) -> bytes:
    text = json.dumps([REVISION, found], sort_keys=True, ensure_ascii=True, default=str)
    return hashlib.blake2b(text.encode(), digest_size=16).digest()


def _digest(spec: MapSpec, context: Context) -> bytes:
    parts = [[part.name, part.pull, part.push, part.create] for part in spec.parts]
    return _seal([spec.object, parts, spec.lists, spec.values, spec.blank, spec.blank_as, context])


def _line_digests(spec: MapSpec, part: Part, *, context: Context) -> dict[str, str]:
    """Per path all that makes its value from the raw: its line, its words, the blanks, what of the context it uses."""
    currency = [line for line in part.pull if line.path == "currency"]
    found = {}
    for line in part.pull:
        kind = kind_of(line.path, object=spec.object)
        own = line._replace(push=True)
        found[line.path] = _seal(
            [own, spec.values.get(line.path), spec.blank, _used(kind, line, context, currency)]
        ).hex()
    for listed in spec.lists if part.name == MAIN else ():
        words = {path: table for path, table in spec.values.items() if path.startswith(f"{listed.path}[].")}
        found[listed.path] = _seal([listed, words, spec.blank, context, currency]).hex()
    for path, value, _ in _implied_countries(part, context):
        found[path] = _seal([path, value]).hex()
    return found


def _used(kind: str, line: PullLine, context: Context, currency: Sequence[PullLine]) -> Any:
    if kind == "phone":
        return context.country
    if kind == "money":
        return [context.currency, [other._replace(push=True) for other in currency]]
    zoned = kind == "instant" or any(step.name == "datetime" for step in line.via)
    return context.timezone if zoned else None
