"""The push half of a compiled map: which remote fields are written from which paths, and how."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from hub.canonical import money
from hub.canonical.paths import kind_of
from hub.canonical.unfit import Unfit
from hub.mapping.pull import PullCompiler, chain
from hub.mapping.raw import is_flat
from hub.mapping.spec import MAIN, Context, ListLines, MapSpec, Part, PullLine, PushLine
from hub.mapping.transforms import TRANSFORMS
from hub.mapping.turns import Turn, same

SKIP: Final = object()
"""What a writer returns when there is nothing to say: an enumeration's `unknown`."""

_OWN_WORDS = frozenset({"country", "language", "currency", "bool", "tags", "timezone", "custom"})


class Writer(NamedTuple):
    """Writes one remote field. One path: `write(value)`; several: `write([values in the order of paths])`.

    listed: it is a list of objects, whose "there is none" is an empty list.
    """

    remote: str
    paths: tuple[str, ...]
    write: Turn
    listed: bool = False


class PushPlan(NamedTuple):
    """`update`: path → its writers; `create`: the same with [push.only_on_create]; `consts`: written on create."""

    update: Mapping[str, tuple[Writer, ...]]
    create: Mapping[str, tuple[Writer, ...]]
    consts: Mapping[str, Any]
    not_pushed: Mapping[str, str]
    needs: Mapping[str, tuple[str, ...]]


def compile_push(spec: MapSpec, part: Part, *, context: Context) -> PushPlan:
    """Explicit lines first; then each pull line that can be turned round and whose remote field is still free."""
    pull = PullCompiler(spec, part.pull, context=context, object=spec.object)
    taken = {line.remote for line in (*part.push, *part.create)}
    said = {path for line in (*part.push, *part.create) for path in line.paths}
    update = [_explicit(spec, line, context=context) for line in part.push]
    create = [_explicit(spec, line, context=context) for line in part.create if line.paths]
    not_pushed: dict[str, str] = {}
    for line in part.pull:
        if line.path in said or line.path == "source_updated_at":
            continue
        reason = _why_not(line) or _occupied(line, taken)
        if reason:
            not_pushed[line.path] = reason
            continue
        made = _reverse(spec, line, pull, context=context)
        taken.update(writer.remote for writer in made)
        update += made
    for listed in spec.lists if part.name == MAIN else ():
        if listed.push:
            update.append(_list_writer(spec, listed, listed.push, context=context))
        if listed.create:
            create.append(_list_writer(spec, listed, (*listed.push, *listed.create), context=context))
        if not listed.push and not listed.create:
            not_pushed[listed.path] = f'a list is written by a sub-map of its own: [push."{listed.path}[]"]'
    once = {path for writer in create for path in writer.paths} - {path for w in update for path in w.paths}
    not_pushed.update(dict.fromkeys(sorted(once), "written on create only"))
    return PushPlan(
        _by_path(update),
        _by_path([*update, *create]),
        {line.remote: line.const for line in part.create if not line.paths},
        not_pushed,
        {**_needs(update), **{listed.path: listed.needs for listed in spec.lists if listed.needs}},
    )


def _by_path(writers: Sequence[Writer]) -> dict[str, tuple[Writer, ...]]:
    found: dict[str, list[Writer]] = {}
    for writer in writers:
        for path in writer.paths:
            found.setdefault(path, []).append(writer)
    return {path: tuple(mine) for path, mine in found.items()}


def _needs(writers: Sequence[Writer]) -> dict[str, tuple[str, ...]]:
    found: dict[str, dict[str, None]] = {}
    for writer in writers:
        for path in writer.paths:
            others = {other: None for other in writer.paths if other != path}
            if others:
                found.setdefault(path, {}).update(others)
    return {path: tuple(others) for path, others in found.items()}


def _why_not(line: PullLine) -> str | None:
    if not line.push:
        return "the map says push = false"
    if not line.sources:
        return "a constant"
    lost = [step.name for step in line.via if not TRANSFORMS[step.name].invertible]
    if lost:
        return f"{', '.join(lost)} cannot be turned round"
    if len(line.sources) > 1:
        return "several sources cannot be told apart again"
    source = line.sources[0]
    if "[]" in source or any(bit.isdecimal() for bit in source.split(".")):
        return f"{source} is a place in a list"
    return None


def _occupied(line: PullLine, taken: set[str]) -> str | None:
    return f"{line.sources[0]} is written by another line" if line.sources[0] in taken else None


def _list_writer(spec: MapSpec, listed: ListLines, lines: Sequence[PushLine], *, context: Context) -> Writer:
    """A list of objects, written whole: per item the lines that it has values for. Items with none are left out."""
    writers = [_explicit(spec, line, context=context, within=listed.path) for line in lines if line.paths]
    besides = {line.paths[0]: line.beside for line in lines if line.beside}
    consts = {line.remote: line.const for line in lines if not line.paths}

    def write(items: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        return [{**consts, **made} for item in items if (made := _item(writers, item, besides))]

    return Writer(listed.target, (listed.path,), write, listed=True)


def _item(writers: Sequence[Writer], item: Mapping[str, Any], besides: Mapping[str, str]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for writer in writers:
        found = [item.get(path) for path in writer.paths]
        if all(value is None for value in found):
            continue
        try:
            value = writer.write(found[0] if len(found) == 1 else found)
        except Unfit as unfit:
            raise unfit.of(found[0], f"[].{writer.paths[0]}") from None
        if value is not SKIP:
            made[writer.remote] = value
    made |= {name: item[path]["currency"] for path, name in besides.items() if item.get(path)}
    return made


def _explicit(spec: MapSpec, line: PushLine, *, context: Context, within: str = "") -> Writer:
    """`within`: the list whose item the line writes."""
    one = len(line.paths) == 1
    starts = [_start(spec, path, within=within) for path in line.paths]
    turns: list[Turn] = []
    gathered = one
    for step in line.via:
        entry = TRANSFORMS[step.name]
        gathered = gathered or entry.gathers
        write = entry.build(step.argument, context).write
        turns.append(write if gathered else _each(write))
    rest = chain(turns) if turns else same

    def write_one(value: Any) -> Any:
        start = starts[0](value)
        return start if start is SKIP else rest(start)

    def write_all(values: Sequence[Any]) -> Any:
        return rest(
            [None if v is None else _shown(start(v)) for start, v in zip(starts, values, strict=True)]
        )

    minor = any(step.name == "minor" for step in line.via)
    return Writer(line.remote, line.paths, (_minor if minor else write_one) if one else write_all)


def _shown(value: Any) -> Any:
    return None if value is SKIP else value


def _start(spec: MapSpec, path: str, *, within: str = "") -> Turn:
    """From the canonical value to what the transforms write: the remote's word, the amount of money."""
    kind = kind_of(path, object=f"{spec.object}.{within}" if within else spec.object)
    named = f"{within}[].{path}" if within else path
    table = spec.values.get(named)
    if table:
        return _words(named, table, kind)
    if kind == "money":
        return lambda value: value["amount"]
    if kind == "enum":
        return lambda value: SKIP if value == "unknown" else value
    return same


def _words(path: str, table: Mapping[str, Any], kind: str) -> Turn:
    back: dict[Any, str] = {}
    for word, value in table.items():
        back.setdefault(_key(value), word)

    def write(value: Any) -> Any:
        if isinstance(value, list):
            return [write(item) for item in value]
        found = back.get(_key(value))
        if found is not None:
            return found
        if kind == "enum" and value == "unknown":
            return SKIP
        if kind in _OWN_WORDS:
            return value
        raise Unfit("has no word there", fix=f"Add it to [values.{path}] of the map or overlay.")

    return write


def _key(value: Any) -> Any:
    return (
        (type(value), value)
        if isinstance(value, bool)
        else value
        if not isinstance(value, (list, dict))
        else repr(value)
    )


def _reverse(spec: MapSpec, line: PullLine, pull: PullCompiler, *, context: Context) -> list[Writer]:
    source = line.sources[0]
    if kind_of(line.path, object=spec.object) == "money":
        return _money(line, pull, context=context)
    writes = [TRANSFORMS[step.name].build(step.argument, context).write for step in reversed(line.via)]
    start = _start(spec, line.path)
    rest = chain(writes) if writes else None

    def write(value: Any) -> Any:
        begun = start(value)
        return begun if begun is SKIP or rest is None else rest(begun)

    return [Writer(source, (line.path,), start if rest is None else write)]


def _minor(value: Mapping[str, str]) -> int:
    return money.to_minor(value["amount"], value["currency"])


def _money(line: PullLine, pull: PullCompiler, *, context: Context) -> list[Writer]:
    """The amount to its field; its currency to the field beside, or checked against the only one there is."""
    beside = line.beside
    fixed = None if beside or pull.currency_source() else pull.fixed_currency()
    steps = [step for step in reversed(line.via) if step.name != "minor"]
    rest = chain([same, *(TRANSFORMS[step.name].build(step.argument, context).write for step in steps)])
    minor = len(steps) < len(line.via)

    def write(value: Mapping[str, str]) -> Any:
        if fixed and value["currency"] != fixed:
            raise Unfit(f"is not in {fixed}, the one currency there; nothing is converted")
        return rest(_minor(value) if minor else value["amount"])

    writers = [Writer(line.sources[0], (line.path,), write)]
    if beside and is_flat(beside.replace(".", "")):
        writers.append(Writer(beside, (line.path,), lambda value: value["currency"]))
    return writers


def _each(turn: Turn) -> Turn:
    return lambda values: [None if value is None else turn(value) for value in values]
