"""Edits, and the entries that tell a person when an edit was overruled or met another value (sync.md,
readings 5)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal, NamedTuple

EntryKind = Literal["conflict", "overruled", "echo", "out"]


class Edit(NamedTuple):
    """A person's change of one field in one system; value None = emptied, where the blank rule is `clear`.

    at: the record's own time if the system gives one, else when it was read (epoch seconds UTC).
    """

    path: str
    value: Any
    raw: Any
    at: float


class Entry(NamedTuple):
    """The note a person finds where two values met.

    conflict: an edit met a golden value not yet delivered there, or a write of ours in doubt. overruled: an
    edit did not win. echo: a write of ours landed late, golden is written again. out: a difference at a path
    of direction `out`. theirs: the value in the system; ours: golden's, or the one being written. Times are
    epoch seconds UTC, None where unknown. rule: what decided.
    """

    kind: EntryKind
    path: str
    theirs: Any
    theirs_at: float | None
    ours: Any
    ours_at: float | None
    rule: str


def overruled(
    edits: Iterable[Edit],
    golden: Mapping[str, Any],
    *,
    told: Iterable[Entry] = (),
    since: Mapping[str, float] | None = None,
    rules: Mapping[str, str] | None = None,
) -> tuple[Entry, ...]:
    """The entries owed for `edits` once golden was computed with them: one for each edit that did not win.

    told: entries the transition itself left; a conflict names both values already. since, rules: per path,
    since when golden has its value, and the rule that chose it.
    """
    spoken = {entry.path for entry in told if entry.kind == "conflict"}
    since, rules = since or {}, rules or {}
    return tuple(
        Entry(
            "overruled",
            path,
            value,
            at,
            golden.get(path),
            since.get(path),
            rules.get(path, "survivorship"),
        )
        for path, value, _, at in edits
        if path not in spoken and golden.get(path) != value
    )
