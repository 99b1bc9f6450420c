"""The systems map: where each system stands around the hub, and how thick its two lines are. Numbers only; the SVG is
drawn by `_map.html`."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

WIDTH, HEIGHT = 480, 320
_HUB = 34.0  # radius, in units of the drawing
_NODE = 24.0
_APART = 7.0  # between a system's two lines
_THIN, _THICK = 1.5, 8.0
_MIDDLE = HEIGHT / 2 - 8  # of the hub, down
_MUCH = 4.0  # decimal digits of changes that make the thickest line


class Line(NamedTuple):
    """One direction. changes: of today. From (x1, y1) to (x2, y2), where the head is."""

    direction: str
    changes: int
    width: float
    x1: float
    y1: float
    x2: float
    y2: float
    head: str


class Node(NamedTuple):
    """A system in the map. (mx, my): the middle of its lines. lines: in, and out if the hub writes to it."""

    name: str
    state: str
    x: float
    y: float
    mx: float
    my: float
    lines: list[Line]


def systems(
    connections: Sequence[Mapping[str, Any]], today: Mapping[tuple[str, str], int], writes: frozenset[str]
) -> list[Node]:
    """The nodes, evenly around the hub from the left. today: (name, in | out) → changes. writes: what is written to."""
    found = []
    for one, (across, down) in zip(connections, _around(len(connections)), strict=True):
        x = WIDTH / 2 + across * (WIDTH / 2 - 56)
        y = _MIDDLE + down * (_MIDDLE - 30)
        lines = [_line("in", today.get((one["name"], "in"), 0), x, y)]
        if one["name"] in writes:
            lines.append(_line("out", today.get((one["name"], "out"), 0), x, y))
        mx, my = round((x + WIDTH / 2) / 2, 1), round((y + _MIDDLE) / 2, 1)
        found.append(Node(one["name"], one["state"], round(x, 1), round(y, 1), mx, my, lines))
    return found


def _around(count: int) -> list[tuple[float, float]]:
    """Places evenly around (0, 0), stretched so that the outermost are at ±1."""
    if count <= 2:
        return [(-1.0, 0.0), (1.0, 0.0)][:count]
    turn = 0.5 if count == 4 else 0
    angles = [math.pi + (place + turn) * 2 * math.pi / count for place in range(count)]
    wide = max(abs(math.cos(one)) for one in angles)
    high = max(abs(math.sin(one)) for one in angles)
    return [(math.cos(one) / wide, math.sin(one) / high) for one in angles]


def _line(direction: str, count: int, x: float, y: float) -> Line:
    hx, hy = WIDTH / 2, _MIDDLE
    length = math.hypot(hx - x, hy - y)
    ux, uy = (hx - x) / length, (hy - y) / length
    side = 1 if direction == "in" else -1
    ox, oy = -uy * _APART * side, ux * _APART * side
    width = _THIN + (_THICK - _THIN) * min(math.log10(count + 1) / _MUCH, 1.0) if count else _THIN
    near = (x + ux * (_NODE + 5) + ox, y + uy * (_NODE + 5) + oy)
    far = (hx - ux * (_HUB + 5) + ox, hy - uy * (_HUB + 5) + oy)
    start, end = (near, far) if direction == "in" else (far, near)
    dx, dy = (ux, uy) if direction == "in" else (-ux, -uy)
    size = 4 + width
    tip = (end[0], end[1])
    back = (end[0] - dx * size, end[1] - dy * size)
    half = size * 0.6
    head = " ".join(
        f"{px:.1f},{py:.1f}"
        for px, py in (
            tip,
            (back[0] - dy * half, back[1] + dx * half),
            (back[0] + dy * half, back[1] - dx * half),
        )
    )
    ends = [round(n, 1) for n in (*start, *back)]
    return Line(direction, count, round(width, 1), ends[0], ends[1], ends[2], ends[3], head)
