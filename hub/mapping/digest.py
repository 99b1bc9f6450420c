"""What a value depends on, as digests: of the whole map for a record, of one line for a field."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any

from hub.canonical.paths import kind_of
from hub.mapping.spec import MAIN, Context, MapSpec, Part, PullLine

REVISION = 1
"""Part of every digest: raised when the same map would give other values than before."""


def implied_countries(part: Part, context: Context) -> list[tuple[str, str, frozenset[str]]]:
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


def _seal(found: Any) -> bytes:
    text = json.dumps([REVISION, found], sort_keys=True, ensure_ascii=True, default=str)
    return hashlib.blake2b(text.encode(), digest_size=16).digest()


def map_digest(spec: MapSpec, context: Context) -> bytes:
    """16 bytes over all that decides what a raw record means."""
    parts = [[part.name, part.pull, part.push, part.create] for part in spec.parts]
    return _seal([spec.object, parts, spec.lists, spec.values, spec.blank, spec.blank_as, context])


def line_digests(spec: MapSpec, part: Part, *, context: Context) -> dict[str, str]:
    """Per path all that makes its value from the raw: its line, its words, the blanks, what of the context it uses."""
    currency = [line for line in part.pull if line.path == "currency"]
    found = {}
    for line in part.pull:
        kind = kind_of(line.path, object=spec.object)
        own = line._replace(push=True)
        found[line.path] = _seal(
            [own, spec.values.get(line.path), spec.blank, _used(kind, line, context, currency)]
        ).hex()
    for listed in [one for one in spec.lists if one.pull] if part.name == MAIN else ():
        words = {path: table for path, table in spec.values.items() if path.startswith(f"{listed.path}[].")}
        read = (listed.path, listed.source, listed.pull)
        found[listed.path] = _seal([read, words, spec.blank, context, currency]).hex()
    for path, value, _ in implied_countries(part, context):
        found[path] = _seal([path, value]).hex()
    return found


def _used(kind: str, line: PullLine, context: Context, currency: Sequence[PullLine]) -> Any:
    if kind == "phone":
        return context.country
    if kind == "money":
        return [context.currency, [other._replace(push=True) for other in currency]]
    zoned = kind == "instant" or any(step.name == "datetime" for step in line.via)
    return context.timezone if zoned else None
