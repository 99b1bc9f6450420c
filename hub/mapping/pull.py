"""The pull half of a compiled map: closures made once per line, then run per record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from hub.canonical import money
from hub.canonical.clean import as_text
from hub.canonical.normalise import normaliser
from hub.canonical.paths import kind_of
from hub.canonical.phone import to_phone
from hub.canonical.unfit import Unfit
from hub.mapping.raw import Blanks, Gather, getter, is_blank, is_flat, several
from hub.mapping.spec import ABSENT, Context, ListLines, MapSpec, PullLine
from hub.mapping.transforms import TRANSFORMS
from hub.mapping.turns import Turn, same


class Source(NamedTuple):
    """A compiled line. `plain`: the one flat name it reads, if that is all; `finish` gives None for a blank.

    `outside`: reads, from the record around a list's item, what the rendering ends with.
    """

    path: str
    plain: str | None
    gather: Gather
    finish: Turn
    outside: Gather | None = None


def chain(turns: Sequence[Turn]) -> Turn:
    """One after the other; a None on the way ends it."""
    steps = tuple(turns)
    if len(steps) == 1:
        return steps[0]

    def run(value: Any) -> Any:
        for step in steps:
            if value is None:
                return None
            value = step(value)
        return value

    return run


def translator(table: Mapping[str, Any]) -> Turn:
    """The remote's word → ours, exactly or else without regard to case; a word without translation goes on as it is."""
    exact = {word.strip(): value for word, value in table.items()}
    folded = {word.casefold(): value for word, value in reversed(exact.items())}

    def translate(value: Any) -> Any:
        if isinstance(value, (list, tuple)):
            return [translate(item) for item in value]
        text = as_text(value).strip()
        if text in exact:
            return exact[text]
        return folded.get(text.casefold(), value)

    return translate


class PullCompiler:
    """Makes the Sources of one list of lines: a part's, or (with `around`) those of a list in it."""

    def __init__(
        self,
        spec: MapSpec,
        lines: Sequence[PullLine],
        *,
        context: Context,
        object: str,
        around: PullCompiler | None = None,
    ) -> None:
        self.lines = lines
        self.context = context
        self.object = object
        self.around = around
        prefix = "" if around is None else object.partition(".")[2] + "[]."
        self.tables = {
            path.removeprefix(prefix): table for path, table in spec.values.items() if path.startswith(prefix)
        }
        self.blanks = Blanks(spec.blank)

    def source(self, line: PullLine) -> Source:
        """Compile one line that is no constant. Raises Unfit for a currency of the connection that does not exist."""
        kind = kind_of(line.path, object=self.object)
        beside = line.beside
        outside: str | None = None
        if kind == "money" and beside is None:
            beside = self.currency_source()
            if beside is None and self.around is not None:
                outside = self.around.currency_source()
        paired = beside is not None or outside is not None
        names = line.sources if beside is None else (*line.sources, beside)
        single = len(names) == 1 and outside is None
        finish = self._paired(line, kind) if paired else chain([*self._value(line), self._end(line)])
        if line.lenient:
            finish = _leniently(finish)
        return Source(
            line.path,
            names[0] if single and is_flat(names[0]) else None,
            getter(names[0]) if single else several(names, count=len(line.sources)),
            self._blank_first(finish, count=len(line.sources), listed=not single, kind=kind),
            getter(outside) if outside else None,
        )

    def currency_source(self) -> str | None:
        """The source of this level's own `currency` field, for amounts that name no other."""
        own = next((found for found in self.lines if found.path == "currency"), None)
        return own.sources[0] if own and len(own.sources) == 1 and not own.via else None

    def fixed_currency(self) -> str | None:
        """The currency of amounts that have none beside them: the map's constant, else the connection's."""
        own = next(
            (found.const for found in self.lines if found.path == "currency" and not found.sources), None
        )
        if own is None and self.around is not None:
            return self.around.fixed_currency()
        return own or money.to_currency(self.context.currency)

    def _value(self, line: PullLine) -> list[Turn]:
        """The steps of via and the value table."""
        entries = [(TRANSFORMS[step.name], step.argument) for step in line.via]
        gathered = not any(entry.gathers for entry, _ in entries)
        turns: list[Turn] = []
        for entry, argument in entries:
            gathered = gathered or entry.gathers
            read = entry.build(argument, self.context).read
            turns.append(read if gathered else _each(read))
        if table := self.tables.get(line.path):
            turns.append(translator(table))
        return turns

    def _end(self, line: PullLine) -> Turn:
        currency = self.fixed_currency()
        if _is_minor(line):
            return lambda value: money.from_minor(value, currency)
        return normaliser(
            line.path,
            object=self.object,
            country=self.context.country,
            currency=currency,
            timezone=self.context.timezone or "UTC",
        )

    def _paired(self, line: PullLine, kind: str) -> Turn:
        """A rendering that ends with the raw currency (or country) the value stands beside."""
        turns = self._value(line)
        turn = chain(turns) if turns else same
        count = len(line.sources)
        if kind == "money":
            default, to_amount = (
                self.fixed_currency(),
                money.from_minor if _is_minor(line) else money.to_money,
            )

            def end(value: Any, word: Any) -> Any:
                return to_amount(value, _currency(word) or default)

        else:
            home, countries = self.context.country, normaliser("address.country")

            def end(value: Any, word: Any) -> Any:
                return to_phone(value, countries(word) or home)

        def run(given: Any) -> Any:
            value = turn(given[0] if count == 1 else given[:count])
            return None if value is None else end(value, given[count])

        return run

    def _blank_first(self, finish: Turn, *, count: int, listed: bool, kind: str) -> Turn:
        blanks = self.blanks
        if listed:

            def run(given: Any) -> Any:
                if all(is_blank(part) or blanks.has(part) for part in given[:count]):
                    return None
                return finish(given)

            return run
        if kind == "bool":
            blanks = Blanks(list(self.blanks.texts))
        if not blanks:
            return finish
        return lambda value: None if blanks.has(value) else finish(value)


def _leniently(finish: Turn) -> Turn:
    def run(given: Any) -> Any:
        try:
            return finish(given)
        except Unfit:
            return None

    return run


def _currency(word: Any) -> str | None:
    try:
        return money.to_currency(word)
    except Unfit as unfit:
        raise unfit.of(word) from None


def _is_minor(line: PullLine) -> bool:
    return any(step.name == "minor" for step in line.via)


def _each(turn: Turn) -> Turn:
    def run(values: Any) -> Any:
        if isinstance(values, (list, tuple)):
            return [None if value is None else turn(value) for value in values]
        return None if values is None else turn(values)

    return run


def list_source(spec: MapSpec, found: ListLines, *, context: Context) -> Source:
    """A list of objects: its rendering is, per item, the renderings of the sub-map's lines in order."""
    outer = PullCompiler(spec, spec.parts[0].pull, context=context, object=spec.object)
    inner = PullCompiler(
        spec, found.pull, context=context, object=f"{spec.object}.{found.path}", around=outer
    )
    consts = {line.path: line.const for line in found.pull if not line.sources}
    lines = [inner.source(line) for line in found.pull if line.sources]
    get = getter(found.source)

    def gather(raw: Mapping[str, Any]) -> Any:
        items = get(raw)
        if items is ABSENT or is_blank(items):
            return items
        if not isinstance(items, (list, tuple)) or any(not isinstance(item, Mapping) for item in items):
            raise Unfit("is not a list of objects")
        ends = [None if line.outside is None else _null(line.outside(raw)) for line in lines]
        return [[_rendered(line, item, end) for line, end in zip(lines, ends, strict=True)] for item in items]

    def finish(rendering: Any) -> Any:
        if is_blank(rendering):
            return None
        return [made for row in rendering if (made := _item(lines, row, consts))]

    return Source(found.path, None, gather, finish)


def _rendered(line: Source, item: Mapping[str, Any], end: Any) -> Any:
    given = line.gather(item)
    if given is ABSENT:
        return None
    return given if line.outside is None else [*given, end]


def _null(value: Any) -> Any:
    return None if value is ABSENT else value


def _item(lines: Sequence[Source], row: Sequence[Any], consts: Mapping[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for line, given in zip(lines, row, strict=True):
        if given is None or given == "":
            continue
        try:
            value = line.finish(given)
        except Unfit as unfit:
            raise unfit.of(given, f"[].{line.path}") from None
        if value is not None:
            made[line.path] = value
    return {**consts, **made} if made else {}
