"""What a line of a map may say; each refusal carries the place, the reason and the nearest right word."""

from __future__ import annotations

import re
from typing import Any, NamedTuple, NoReturn

from hub.canonical import vocabulary
from hub.canonical.normalise import normaliser
from hub.canonical.paths import UnknownPath, kind_of, nearest, parse
from hub.canonical.unfit import Unfit, shown
from hub.errors import WrongFile
from hub.mapping.spec import Context, Step
from hub.mapping.transforms import TRANSFORMS

_STEP = re.compile(r"\s*([A-Za-z_][A-Za-z0-9_]*)\s*(?:\((.*)\))?\s*", re.DOTALL)
_NOWHERE = Context()


class At(NamedTuple):
    """A place in a file."""

    file: str
    line: int | None

    def refuse(self, message: str, *, fix: str | None = None) -> NoReturn:
        """Raise WrongFile here."""
        raise WrongFile(message, file=self.file, line=self.line, fix=fix)


def refuse_key(key: str, allowed: tuple[str, ...], at: At, *, what: str) -> NoReturn:
    """An unknown key."""
    near = nearest(key, allowed)
    at.refuse(
        f"{what} has no key '{key}'",
        fix=f"Did you mean '{near}'?" if near else f"Keys: {', '.join(allowed)}.",
    )


def refuse_word(word: str, allowed: tuple[str, ...], at: At, *, what: str) -> NoReturn:
    """A word that is not among those allowed there."""
    near = nearest(word, allowed)
    at.refuse(
        f"'{word}' is no {what}",
        fix=f"Did you mean '{near}'?" if near else f"Expected one of: {', '.join(allowed)}.",
    )


def path(text: str, object: str, at: At) -> str:
    """The kind of the path. Refuses one that the object does not have."""
    try:
        return kind_of(text, object=object)
    except UnknownPath as unknown:
        at.refuse(unknown.message, fix=unknown.fix)


def names(found: Any, key: str, at: At) -> tuple[str, ...]:
    """One name or a list of names."""
    listed = found if isinstance(found, list) else [found]
    if not listed or any(not isinstance(name, str) or not name.strip() for name in listed):
        at.refuse(f"'{key}' must be a name or a list of names", fix=f'Write {key} = "name".')
    return tuple(listed)


def via(found: Any, at: At) -> tuple[Step, ...]:
    """The steps of `via`, each a transform that exists with brackets it takes."""
    if isinstance(found, str):
        found = [found]
    if not isinstance(found, list) or any(not isinstance(step, str) for step in found):
        at.refuse("'via' must be a list of transforms", fix='Write via = ["trim"].')
    return tuple(_step(step, at) for step in found)


def _step(text: str, at: At) -> Step:
    shape = _STEP.fullmatch(text)
    if not shape:
        at.refuse(f"'{text}' is no transform", fix="Write name or name(argument).")
    name, argument = shape[1], shape[2]
    entry = TRANSFORMS.get(name)
    if entry is None:
        refuse_word(name, tuple(TRANSFORMS), at, what="transform")
    if entry.argument is None and argument is not None:
        at.refuse(f"'{name}' takes no brackets", fix=f"Write {name}.")
    if entry.argument is not None and not entry.argument.endswith("?") and argument is None:
        at.refuse(f"'{name}' needs brackets", fix=f"Write {name}({entry.argument}).")
    try:
        entry.build(argument, _NOWHERE)
    except ValueError as wrong:
        at.refuse(f"'{text}': {wrong}")
    return Step(name, argument)


def gathers(sources: tuple[str, ...], steps: tuple[Step, ...], at: At) -> None:
    """Several sources need a transform that makes one value of them."""
    if len(sources) > 1 and not any(TRANSFORMS[step.name].gathers for step in steps):
        gatherers = [name for name, entry in TRANSFORMS.items() if entry.gathers]
        at.refuse(
            "several names need a transform that makes one value of them",
            fix=f"Add one of: {', '.join(gatherers)}.",
        )


def const(text: str, object: str, *, value: Any, at: At) -> Any:
    """A constant or a word of a value table, as its path's canonical value."""
    if isinstance(value, (dict, list)) or value is None:
        at.refuse(f"'{text}' takes a plain value here")
    try:
        found = normaliser(text, object=object)(value)
    except Unfit as unfit:
        at.refuse(f"{text}: {shown(value)} {unfit.reason}", fix=unfit.fix)
    if found == "unknown" and value != "unknown":
        taken = parse(text, object=object)
        words = vocabulary.ENUMS.get(vocabulary.enum_name(object, taken.field, taken.sub), ())
        refuse_word(str(value), words, at, what=f"{text}")
    return found
