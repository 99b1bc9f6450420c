"""The `where` expression of creation policy: `tag|source|segment|consent[CHANNEL]`, `=`, `!=`, `and`, `or`,
brackets."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from typing import NamedTuple

from hub.errors import WrongUse


class Facts(NamedTuple):
    """What a `where` may ask of a golden: its tags, the connections with a live record of it, its segments,
    and the status of its consents by channel (granted, denied, …; a channel nobody spoke of is missing)."""

    tags: frozenset[str] = frozenset()
    sources: frozenset[str] = frozenset()
    segments: frozenset[str] = frozenset()
    consents: Mapping[str, str] = {}  # a default that nobody changes


Where = Callable[[Facts], bool]

SUBJECTS = ("tag", "source", "segment", "consent[CHANNEL]")
CHANNELS = ("email", "sms", "phone", "post", "whatsapp", "wechat", "social", "profiling")

_TOKEN = re.compile(
    r"""\s*(?:(?P<sign>!=|=|\(|\))|"(?P<double>[^"]*)"|'(?P<single>[^']*)'|(?P<word>[^\s"'=!()]+))"""
)


class _Token(NamedTuple):
    text: str
    quoted: bool
    at: int

    def is_word(self, word: str) -> bool:
        return not self.quoted and self.text.lower() == word


def parse_where(text: str) -> Where:
    """Compile a condition; `and` binds tighter than `or`. Raises WrongUse with the position and what would be
    right.

    `tag = "b2b" and consent[email] != withdrawn`. `=` on tag, source and segment asks whether it is one of
    them.
    """
    parser = _Parser(text)
    condition = parser.alternatives()
    if parser.here.text or parser.here.quoted:
        raise parser.wrong("the condition ends before this", fix='Join two conditions with "and" or "or".')
    return condition


class _Parser:
    """One pass over the tokens; one method per level of the grammar."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = _tokens(text)
        self.next = 0

    @property
    def here(self) -> _Token:
        return self.tokens[self.next]

    def step(self) -> _Token:
        token = self.here
        self.next += 1
        return token

    def wrong(self, what: str, *, fix: str) -> WrongUse:
        return _wrong(self.text, self.here.at, self.here.text, what, fix=fix)

    def alternatives(self) -> Where:
        options = [self.conjunction()]
        while self.here.is_word("or"):
            self.step()
            options.append(self.conjunction())
        return options[0] if len(options) == 1 else lambda facts: any(option(facts) for option in options)

    def conjunction(self) -> Where:
        terms = [self.term()]
        while self.here.is_word("and"):
            self.step()
            terms.append(self.term())
        return terms[0] if len(terms) == 1 else lambda facts: all(term(facts) for term in terms)

    def term(self) -> Where:
        if not self.here.is_word("("):
            return self.comparison()
        self.step()
        inner = self.alternatives()
        if not self.here.is_word(")"):
            raise self.wrong("a bracket is not closed", fix='Put ")" here.')
        self.step()
        return inner

    def comparison(self) -> Where:
        asks = self.subject()
        if self.here.quoted or self.here.text not in ("=", "!="):
            raise self.wrong("no comparison", fix='Use "=" or "!=".')
        equal = self.step().text == "="
        if not self.here.quoted and self.here.text.lower() in ("", "=", "!=", "(", ")", "and", "or"):
            raise self.wrong("no value", fix='Write a value, such as "b2b".')
        value = self.step().text
        return lambda facts: asks(facts, value) is equal

    def subject(self) -> Callable[[Facts, str], bool]:
        token = self.here
        name, bracket, rest = token.text.partition("[")
        simple: dict[str, Callable[[Facts, str], bool]] = {
            "tag": lambda facts, value: value in facts.tags,
            "source": lambda facts, value: value in facts.sources,
            "segment": lambda facts, value: value in facts.segments,
        }
        if not token.quoted and not bracket and name in simple:
            self.step()
            return simple[name]
        if not token.quoted and name == "consent" and rest.endswith("]"):
            channel = rest[:-1]
            if channel not in CHANNELS:
                raise self.wrong(f"no such channel: {channel!r}", fix=_nearest(channel, CHANNELS))
            self.step()
            return lambda facts, value: facts.consents.get(channel) == value
        raise self.wrong("nothing a where can ask", fix=_nearest(name, SUBJECTS))


def _tokens(text: str) -> list[_Token]:
    tokens, at, end = [], 0, len(text.rstrip())
    while at < end:
        match = _TOKEN.match(text, at)
        if match is None:
            at += len(text[at:]) - len(text[at:].lstrip())
            raise _wrong(
                text, at, text[at], "no word, sign or closed quote", fix="Close the quote, or quote it."
            )
        kind = match.lastgroup or "word"
        tokens.append(_Token(match[kind], kind in ("double", "single"), match.start(kind)))
        at = match.end()
    return [*tokens, _Token("", False, end)]


def _wrong(text: str, at: int, found: str, what: str, *, fix: str) -> WrongUse:
    shown = repr(found) if found else "the end"
    return WrongUse(f"where, position {at + 1}, at {shown}: {what}.", cause=f"The where is: {text}", fix=fix)


def _nearest(word: str, allowed: tuple[str, ...]) -> str:
    close = get_close_matches(word, [option.partition("[")[0] for option in allowed], n=1)
    meant = f"Did you mean {close[0]}? " if close else ""
    return f"{meant}Use one of: {', '.join(allowed)}."
