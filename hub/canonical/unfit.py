"""What a normaliser or transform says of a value it cannot take; the caller knows the path and raises for it."""

from __future__ import annotations

from typing import Any

from hub.errors import RecordRejected

_SHOWN = 60


class Unfit(ValueError):
    """`reason` goes behind the value ("is not a date"), `fix` says what is expected. Stays inside the package."""

    def __init__(self, reason: str, *, fix: str | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.fix = fix
        self.value: Any = None
        self.within = ""

    def of(self, value: Any, within: str = "") -> Unfit:
        """The same, said of a part of the value: `value` is what does not fit, `within` the path to it from there."""
        self.value = value if self.value is None else self.value
        self.within = within + self.within
        return self


def shown(value: Any) -> str:
    """The value as a message may show it: quoted, control characters escaped, at most 60 characters."""
    text = value if isinstance(value, str) else str(value)
    short = text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
    return ascii(short) if not short.isprintable() else f"'{short}'"


def rejected(path: str, value: Any, unfit: Unfit) -> RecordRejected:
    """The exception for the record: names the path, the value shortened, and what would be right."""
    wrong = value if unfit.value is None else unfit.value
    return RecordRejected(f"{path}{unfit.within}: {shown(wrong)} {unfit.reason}.", fix=unfit.fix)
