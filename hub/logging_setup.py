"""Logging of a process: one handler on stderr, text or JSON lines, and nothing secret or personal in them (DESIGN §9).

The cleaning works on what is about to be written, with arguments, exceptions, stack and extra fields in it: whatever a
library logs, and however, passes here. A person is named in logs by id only, so e-mail addresses and phone numbers go.
"""

from __future__ import annotations

import json
import logging
import re
import sys
import time
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from hub.sdk.redaction import Redactor

_STANDARD = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}
_QUIET = {"urllib3": "WARNING", "alembic": "WARNING", "rq.worker": "WARNING", "granian.access": "WARNING"}

_EMAIL = re.compile(r"[^\s@<>\"'(),;:=/*\[\]{}|]+(?:@|%40)[\w-]+(?:\.[\w-]+)+")
# International (+49 …, 0049 …) or national with separators; plain numbers are ids, counts and times.
_PHONE = re.compile(
    r"(?<![\w.+-])(?:\+|00)\d(?:[\s()./-]{0,2}\d){6,14}\b|\(0\d{1,5}\)[\s/-]?\d(?:[\s/-]?\d){3,9}\b"
)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\x85\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def configure(
    process: str, *, level: str = "info", style: str = "text", stream: TextIO | None = None
) -> logging.Handler:
    """Send every log record of this process to `stream` (stderr), cleaned. A second call replaces the first.

    `process` ("web", "worker pull") stands in each line, for the parts of `hub up` share one terminal.
    """
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(CleanFormatter(process, style=style))
    root = logging.getLogger()
    for old in [h for h in root.handlers if isinstance(h.formatter, CleanFormatter)]:
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(level.upper())
    for name, quiet in _QUIET.items():
        logging.getLogger(name).setLevel(quiet if level != "debug" else logging.NOTSET)
    logging.captureWarnings(True)
    return handler


def learn(secret: str | None) -> None:
    """Never log this value, in any usual spelling: to be called with each secret when it is resolved."""
    for handler in logging.getLogger().handlers:
        if isinstance(handler.formatter, CleanFormatter):
            handler.formatter.redactor.learn(secret)


class CleanFormatter(logging.Formatter):
    """One record = one line (a traceback: indented lines below it), without secrets and personal data."""

    def __init__(self, process: str, *, style: str = "text") -> None:
        super().__init__()
        self._process = process
        self._json = style == "json"
        self._redactor: Redactor | None = None

    @property
    def redactor(self) -> Redactor:
        if self._redactor is None:  # imported late: a quick command that logs nothing does not pay for it
            from hub.sdk.redaction import Redactor

            self._redactor = Redactor()
        return self._redactor

    def clean(self, text: object) -> str:
        """`text` as it may be written: masked, and without control characters that could forge or hide lines."""
        shown = self.redactor.text(text if isinstance(text, str) else _spell(text))
        shown = _PHONE.sub("<phone>", _EMAIL.sub("<email>", shown))
        return _CONTROL.sub(lambda m: f"\\x{ord(m[0]):02x}", shown)

    def format(self, record: logging.LogRecord) -> str:
        message = self.clean(_message(record))
        extra = {k: self._field(k, v) for k, v in record.__dict__.items() if k not in _STANDARD}
        trace = self.clean(self._trace(record))
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created)) + f".{int(record.msecs):03d}Z"
        if self._json:
            entry: dict[str, Any] = {"at": stamp, "level": record.levelname.lower(), "process": self._process}
            entry |= {"logger": self.clean(record.name), "message": message, **extra}
            if trace:
                entry["trace"] = trace
            return json.dumps(entry, ensure_ascii=False)
        fields = "".join(f" {key}={value}" for key, value in extra.items())
        head = f"{stamp} {record.levelname.lower():7} [{self._process}] {self.clean(record.name)}: "
        below = "".join(f"\n    {line}" for line in trace.split("\n")) if trace else ""
        return head + message.replace("\n", "\\n") + fields.replace("\n", "\\n") + below

    def _field(self, name: str, value: object) -> str:
        """An extra field: masked whole where its name alone says that it is secret."""
        from hub.sdk.redaction import MASK, sensitive

        return MASK if sensitive(name) else self.clean(value)

    def _trace(self, record: logging.LogRecord) -> str:
        parts = []
        if record.exc_info and record.exc_info[0] is not None:
            parts.append(self.formatException(record.exc_info))
        elif record.exc_text:
            parts.append(record.exc_text)
        if record.stack_info:
            parts.append(record.stack_info)
        return "\n".join(parts)


def _message(record: logging.LogRecord) -> str:
    """The finished message; bytes among the arguments as text, so that what they hold is seen by the cleaning."""
    args = record.args
    if isinstance(args, tuple):
        args = tuple(_spell(a) if isinstance(a, bytes | bytearray) else a for a in args)
    try:
        return str(record.msg) % args if args else str(record.msg)
    except (TypeError, ValueError, KeyError):
        return f"{record.msg} {record.args!r}"


def _spell(value: object) -> str:
    return bytes(value).decode("utf-8", "replace") if isinstance(value, bytes | bytearray) else str(value)
