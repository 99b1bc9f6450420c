"""The rules of survivorship, compiled once: `config/survivorship.toml` with an admin's own rules over it."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from hashlib import blake2b
from typing import Any, NamedTuple

from hub.canonical.paths import UnknownPath, group, known, parse
from hub.errors import WrongFile

NAMED = ("latest", "priority", "frequent", "complete", "verified", "manual")
Rule = str | tuple[str, ...]
"""A named rule, or connections in order of preference."""


class Rules(NamedTuple):
    """default: the rule of a field that has none. rules: by group or field. owners: connection by group.
    version: a digest, so that what was decided under other rules is known."""

    default: Rule
    rules: Mapping[str, Rule]
    owners: Mapping[str, str]
    version: str

    @property
    def manual(self) -> bool:
        """Whether any field waits for a person's decision."""
        return "manual" in (self.default, *self.rules.values())

    def of(self, group_text: str) -> Rule:
        """The rule of a group: its own, else that of its field (`address` for `address[billing]`), else the
        default."""
        found = self.rules.get(group_text)
        if found is None and self.rules:
            found = self.rules.get(group_text.partition("[")[0])
        return self.default if found is None else found


def compile_rules(
    data: Mapping[str, Any],
    *,
    overrides: Mapping[str, Any] | None = None,
    owners: Mapping[str, str] | None = None,
    file: str = "config/survivorship.toml",
    overrides_file: str = "[survivorship]",
) -> Rules:
    """Compile parsed `survivorship.toml`.

    overrides: rule per path, over those of the file. owners: connection per path (a connection's
    `owner.PATH`). Raises WrongFile for an unknown key, path or rule, with the nearest right word.
    """
    for key in data:
        if key not in ("version", "default", "rules"):
            raise WrongFile(
                f"unknown key {key}", file=file, fix=_nearest(key, ("version", "default", "rules"))
            )
    own = data.get("rules", {})
    if not isinstance(own, Mapping):
        raise WrongFile("rules must be a table", file=file)
    rules = {_place(path, file): _rule(path, rule, file) for path, rule in own.items()}
    for path, rule in (overrides or {}).items():
        rules[_place(path, overrides_file)] = _rule(path, rule, overrides_file)
    default = _rule("default", data.get("default", "latest"), file)
    owned = {_place(path, "owner"): connection for path, connection in (owners or {}).items()}
    text = repr((data.get("version"), default, sorted(rules.items()), sorted(owned.items())))
    return Rules(default, rules, owned, blake2b(text.encode(), digest_size=6).hexdigest())


def _place(path: str, file: str) -> str:
    """The group a rule's path stands for. Raises WrongFile for a path no customer has."""
    if path == "name" or any(one.startswith((f"{path}.", f"{path}[")) for one in known()):
        return path
    try:
        return group(parse(path).text)
    except UnknownPath as wrong:
        raise WrongFile(wrong.message, file=file, fix=wrong.fix) from wrong


def _rule(path: str, rule: Any, file: str) -> Rule:
    if isinstance(rule, str) and rule in NAMED:
        return rule
    if isinstance(rule, list) and rule and all(isinstance(name, str) for name in rule):
        return tuple(rule)
    raise WrongFile(
        f"{path}: {rule!r} is no rule",
        file=file,
        fix=_nearest(str(rule), NAMED) or f"one of {', '.join(NAMED)}, or a list of connections",
    )


def _nearest(word: str, right: tuple[str, ...]) -> str | None:
    near = get_close_matches(word, right, n=1)
    return f"did you mean {near[0]}?" if near else None
