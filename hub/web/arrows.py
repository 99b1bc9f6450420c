"""The field map of a stream as arrows: what the system calls a field, which way it travels, what it is here."""

from __future__ import annotations

from typing import NamedTuple

from hub.flows.wiring import Stream
from hub.web import fields


class Arrow(NamedTuple):
    """One line of a map. way: in | out | both | const. turns: the transforms on the way. why: if it never goes back."""

    remote: str
    way: str
    path: str
    label: str
    turns: str
    why: str | None


def arrows(stream: Stream) -> list[Arrow]:
    """Every line of the stream's map, in the order people know the fields."""
    found = []
    pushed = stream.policy.pushable if stream.writes else frozenset()
    created = stream.policy.creatable if stream.scope.create != "never" else frozenset()
    for part in stream.map.spec.parts:
        seen = set()
        for line in part.pull:
            seen.add(line.path)
            way = "both" if line.path in pushed or line.path in created else "in"
            turns = ", ".join(f"{one.name}({one.argument})" if one.argument else one.name for one in line.via)
            remote = " + ".join(line.sources)
            if not line.sources:
                remote, way = f"“{line.const}”", "const"
            why = stream.map.not_pushed.get(line.path) if stream.writes and way == "in" else None
            found.append(Arrow(remote, way, line.path, fields.label(line.path), turns, why))
        for push in (*part.push, *part.create):
            for path in push.paths:
                if path not in seen:
                    turns = ", ".join(one.name for one in push.via)
                    found.append(Arrow(push.remote, "out", path, fields.label(path), turns, None))
    return sorted(found, key=lambda one: fields.place(one.path))
