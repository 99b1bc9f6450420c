"""Keeps secrets out of every message. Whatever is written about a call (errors, logs, causes) goes through a
Redactor.
"""

from __future__ import annotations

import base64
import json
import logging
import re
from collections.abc import Callable, Iterable, Mapping
from urllib.parse import quote, quote_plus

MASK = "***"

# Shorter "secrets" would mask ordinary words; a real credential is never that short.
_SHORTEST = 4

_WORDS = (
    r"authorization|proxy-authorization|cookie|set-cookie|password|passwd|pwd|secret|token|api[-_]?key|apikey|"
    r"access[-_]?key|private[-_]?key|signature|(?<![a-z])sig(?![a-z])|credential|session|auth(?!or)|hmac|jwt"
)
_NAME = rf"[\w.\-\[\]]*(?:{_WORDS})[\w.\-\[\]]*"
# name=value (query, form), "name": "value" (JSON, Python), Name: value (header)
_PAIR = re.compile(rf"(?i)(?<![\w.\-])({_NAME}|key|code)=([^&\s\"'<>;,)]+)")
_QUOTED = re.compile(rf"""(?i)(["'])({_NAME})\1(\s*:\s*)(?:"(?:[^"\\]|\\.)*"?|'(?:[^'\\]|\\.)*'?|[\d.]+)""")
_HEADER = re.compile(
    rf"(?im)(?<![\w.\-\"'])({_NAME})(\s*:\s+)(?:(?:bearer|basic|token|digest|session)\s+)?[^\s,;\"']+"
)
_SCHEME = re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/=\-]{8,}")
_USERINFO = re.compile(r"(?i)(\b[a-z][a-z0-9+.\-]*://)[^/\s@\"'<>]*@")
_SENSITIVE_NAME = re.compile(rf"(?i)(?:{_NAME}|key)")


def sensitive(name: str) -> bool:
    """Whether a header, parameter or field of this name is never shown."""
    return _SENSITIVE_NAME.fullmatch(name) is not None


class Redactor:
    """Masks the secrets it was taught, in every usual spelling, and values that stand under a sensitive name."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._pattern: re.Pattern[str] | None = None
        self._forms: set[str] = set()
        for one in secrets:
            self.learn(one)

    def __repr__(self) -> str:
        return f"Redactor({len(self._forms)} spellings)"

    def learn(self, secret: str | None) -> None:
        """Never show this value again: as it is, URL-quoted, JSON-escaped or in Base64."""
        if secret is None or len(secret.strip()) < _SHORTEST:
            return
        before = len(self._forms)
        self._forms.update(_spellings(secret))
        if secret.strip() != secret:
            self._forms.update(_spellings(secret.strip()))
        if len(self._forms) != before:
            longest_first = sorted(self._forms, key=len, reverse=True)
            self._pattern = re.compile("|".join(re.escape(one) for one in longest_first), re.IGNORECASE)

    def watching(self, resolve: Callable[[str], str | None]) -> Callable[[str], str | None]:
        """`resolve`, remembering each secret it hands out: what ConnectionView.secret is to be made of."""

        def resolved(name: str) -> str | None:
            value = resolve(name)
            self.learn(value)
            return value

        return resolved

    def text(self, message: object) -> str:
        """`message` without secrets."""
        result = str(message)
        if self._pattern is not None:
            result = self._pattern.sub(MASK, result)
        result = _USERINFO.sub(rf"\1{MASK}@", result)
        result = _SCHEME.sub(rf"\1 {MASK}", result)
        result = _QUOTED.sub(rf'\1\2\1\3"{MASK}"', result)
        result = _PAIR.sub(rf"\1={MASK}", result)
        return _HEADER.sub(rf"\1\2{MASK}", result)

    def mapping(self, values: Mapping[str, object]) -> dict[str, str]:
        """Headers or parameters fit to be shown."""
        return {name: MASK if sensitive(name) else self.text(value) for name, value in values.items()}


class RedactingFilter(logging.Filter):
    """Masks a log record's finished message; for loggers of libraries that print whole URLs."""

    def __init__(self, redactor: Redactor) -> None:
        super().__init__()
        self._redactor = redactor

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg = self._redactor.text(record.getMessage())
        record.args = None
        return True


def _spellings(secret: str) -> set[str]:
    raw = secret.encode()
    forms = {secret, quote(secret, safe=""), quote(secret), quote_plus(secret)}
    forms.add(json.dumps(secret)[1:-1])
    forms.add(json.dumps(secret, ensure_ascii=False)[1:-1])
    forms.add(repr(secret)[1:-1])
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        for lead in range(3):
            # Base64 of a text that contains the secret (user:secret) shows it at one of three alignments.
            inner = encode(b"\0" * lead + raw).decode().rstrip("=")
            cut = inner[(0, 2, 3)[lead] : len(inner) - (1 if (len(raw) + lead) % 3 else 0)]
            if len(cut) >= _SHORTEST * 2:
                forms.add(cut)
    forms.add(raw.hex())
    return {one for one in forms if len(one) >= _SHORTEST}
