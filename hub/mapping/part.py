"""One part of a compiled map: the main record, or the organisation in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from hub.canonical import moment
from hub.canonical.paths import kind_of
from hub.canonical.unfit import Unfit, rejected, shown
from hub.errors import WrongUse
from hub.mapping.digest import implied_countries, line_digests
from hub.mapping.pull import PullCompiler, Source, list_source
from hub.mapping.push import SKIP, PushPlan, Writer, compile_push
from hub.mapping.raw import is_blank
from hub.mapping.spec import ABSENT, MAIN, ORGANISATION, Context, MapSpec, Part


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
        self.consts = _consts(part, organisations=len(spec.parts) > 1)
        self._timezone = context.timezone or "UTC"
        self._updated = next(
            (compiler.source(line) for line in read if line.path == "source_updated_at"), None
        )
        self._updated_plainly = not spec.blank and any(
            line.path == "source_updated_at" and not line.via for line in read
        )
        sources = [compiler.source(line) for line in read if line.path != "source_updated_at"]
        if part.name == MAIN:
            sources += [list_source(spec, found, context=context) for found in spec.lists if found.pull]
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
        self._lenient = [line.path for line in read if line.lenient]
        self._countries = implied_countries(part, context)
        plan = compile_push(spec, part, context=context)
        self._plan: PushPlan = plan
        self._blank_as = spec.blank_as
        self.pull_paths = frozenset([*self._sources, *self.consts, *(path for path, _, _ in self._countries)])
        self.push_paths = frozenset(plan.update)
        self.create_paths = frozenset(plan.create)
        self.not_pushed: Mapping[str, str] = plan.not_pushed
        self.push_needs: Mapping[str, tuple[str, ...]] = plan.needs
        self.line_digest: Mapping[str, str] = line_digests(spec, part, context=context)

    def pull(self, raw: Mapping[str, Any]) -> Pulled:
        """Run the lines over one raw record. Raises RecordRejected naming path, value and what is expected."""
        values = self.consts.copy()
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
            return moment.seconds(given if self._updated_plainly else source.finish(given), self._timezone)
        except Unfit as unfit:
            raise unfit.of(given) from None

    def _notes(self, values: Mapping[str, Any], seen: Mapping[str, Any]) -> tuple[str, ...]:
        notes = [
            f"{path}: {shown(seen[path])} has no translation"
            for path in self._enums
            if path in seen and values.get(path) == "unknown"
        ]
        notes += [
            f"{path}: {shown(seen[path])} cannot be read, and counts as blank"
            for path in self._lenient
            if path in seen and path not in values and not is_blank(seen[path])
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
                        out[writer.remote] = [] if writer.listed else self._blank_as
                    elif (made := writer.write(value)) is not SKIP:
                        out[writer.remote] = self._blank_as if made is None else made
        except Unfit as unfit:
            raise rejected(path, value, unfit) from None
        return out

    def _write_all(
        self, writer: Writer, values: Mapping[str, Any], out: dict[str, Any], *, create: bool
    ) -> None:
        lacking = [path for path in writer.paths if path not in values]
        if lacking and not create:
            raise WrongUse(
                f"'{writer.remote}' is written from several paths: {', '.join(lacking)} must be given too"
            )
        found = [values.get(path) for path in writer.paths]
        made = None if all(value is None for value in found) else writer.write(found)
        out[writer.remote] = self._blank_as if made is None or made == "" else made


def _consts(part: Part, *, organisations: bool) -> dict[str, Any]:
    kinds = {"kind": "organisation" if part.name == ORGANISATION else "person"}
    own = {line.path: line.const for line in part.pull if not line.sources}
    said = any(line.path == "kind" for line in part.pull)
    return {**(kinds if organisations and not said else {}), **own}
