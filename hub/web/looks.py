"""How things look the same everywhere: the colour and mark of a connection, the four states."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from hub.web.say import lazy_gettext

COLOURS = 10  # classes c0 … c9 of hub.css


class Look(NamedTuple):
    """A connection's colour (a number of a class) and two-letter mark."""

    name: str
    colour: int
    mark: str


class State(NamedTuple):
    """kind: well | busy | needs | stopped, the four of ui.md. icon: a name in _icons.html."""

    kind: str
    icon: str
    word: str


STATES: Mapping[str, State] = {
    "active": State("well", "check", lazy_gettext("healthy")),
    "done": State("well", "check", lazy_gettext("done")),
    "running": State("busy", "working", lazy_gettext("working")),
    "queued": State("busy", "working", lazy_gettext("queued")),
    "needs": State("needs", "alert", lazy_gettext("needs you")),
    "held": State("needs", "alert", lazy_gettext("held")),
    "broken": State("needs", "broken", lazy_gettext("broken")),
    "needs_reauth": State("needs", "broken", lazy_gettext("broken")),
    "failed": State("needs", "broken", lazy_gettext("failed")),
    "paused": State("stopped", "paused", lazy_gettext("stopped")),
    "cancelled": State("stopped", "paused", lazy_gettext("cancelled")),
    "removed": State("stopped", "paused", lazy_gettext("removed")),
}


def state_of(word: str) -> State:
    """The look of a state; an unknown one is shown by its own word."""
    return STATES.get(word) or State("stopped", "paused", word)


def looks(names: Iterable[tuple[int, str]]) -> dict[str, Look]:
    """(id, name) of every connection there ever was → its look. By id, so that a new one changes no other's."""
    found: dict[str, Look] = {}
    taken: set[str] = set()
    for id, name in sorted(names):
        mark = next((one for one in _marks(name) if one not in taken), name[:2].upper())
        taken.add(mark)
        found[name] = Look(name, (id - 1) % COLOURS, mark)
    return found


def _marks(name: str) -> Iterable[str]:
    words = [word for word in name.replace("_", "-").replace(".", "-").split("-") if word]
    if not words:
        return
    if len(words) > 1:
        yield (words[0][0] + words[1][0]).upper()
    flat = "".join(words).upper()
    yield from (flat[0] + letter for letter in flat[1:])
    yield from (flat[0] + digit for digit in "123456789")
