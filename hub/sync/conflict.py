"""Edits, and the entries that tell a person when an edit was overruled or met another value (sync.md, readings 5)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal, NamedTuple

from hub.sync.binding import MISSING

EntryKind = Literal["conflict", "overruled", "echo", "out"]


class Edit(NamedTuple):
    """A person's change of one field in one system. at: its own time if the system gives one, else when it was read."""

    path: str
    value: Any
    raw: Any
    at: float


class Entry(NamedTuple):
    """The note a person finds where two values met.

    conflict: an edit met a golden value not yet delivered there, or a write in doubt. overruled: an edit did not win.
    echo: a late write of ours reappeared and golden is written again. out: a difference at a path of direction `out`.
    theirs: the value in the system, ours: golden's; times are epoch seconds UTC, None where unknown. rule: what decided.
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
    """The entries owed for `edits` after golden was computed with them: one for each edit that did not win.

    told: entries the transition itself left (a conflict already names both values). since, rules: per path, since when
    golden has its value and the rule that chose it, for the entry.
    """
    spoken = {entry.path for entry in told if entry.kind == "conflict"}
    since, rules = since or {}, rules or {}
    return tuple(
        Entry(
            "overruled",
            edit.path,
            edit.value,
            edit.at,
            golden.get(edit.path),
            since.get(edit.path),
            rules.get(edit.path, "survivorship"),
        )
        for edit in edits
        if edit.path not in spoken and not stands(golden, edit)
    )


def stands(golden: Mapping[str, Any], edit: Edit) -> bool:
    """Whether golden holds the value of the edit; an edit to nothing stands in a golden without the path."""
    value = golden.get(edit.path, MISSING)
    return value is MISSING if edit.value is None and value is MISSING else bool(value == edit.value)


def same_value(edit_value: Any, golden_value: Any) -> bool:
    """Equality of canonical values where a missing one counts as nothing."""
    left = None if edit_value is MISSING else edit_value
    right = None if golden_value is MISSING else golden_value
    return bool(left == right)
