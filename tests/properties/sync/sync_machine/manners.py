"""The three systems of a history; together they have every manner that sync.md must survive.

`ledger` is exact, has ETags and conditional writes, and keeps our marker in a field. `shouter` upper-cases and
reformats phones, has no version and no marker, but keeps e-mail unique; its clock runs 90 s ahead and knows only tens
of seconds. `stub` cuts long values, is read by offset only, answers a write without showing the record, tells no time,
and may carry a call out long after it was given up; `bare` is a stub that keeps no marker either.
"""

from __future__ import annotations

from typing import Any, ClassVar

from sync_machine.remotes import Remote

from hub.sync.policy import Manners

LATE = 60.0
CUT = 9


class Ledger(Remote):
    name = "ledger"
    manners = Manners(conditional=True, version="etag", marker=True, identifying=("email",))
    blanks: ClassVar = {"phone": "clear"}
    directions: ClassVar = {"company": "in"}


class Shouter(Remote):
    name = "shouter"
    skew = 90.0
    grain = 10.0
    page_size = 3
    manners = Manners(unique=("email",), read_after_write_seconds=3.0)
    blanks: ClassVar = {"department": "refill"}

    def render(self, path: str, value: Any) -> str:
        if not value:
            return ""
        return f"[{value}]" if path == "phone" and not str(value).startswith("[") else str(value).upper()

    def canonical(self, path: str, raw: str) -> Any:
        return raw.strip("[]") if path == "phone" else super().canonical(path, raw)


class Stub(Remote):
    name = "stub"
    late = LATE
    page_size = 2
    shows_record = False
    tells_time = False
    manners = Manners(marker=True, identifying=("email",), lands_late_seconds=LATE)
    directions: ClassVar = {"company": "out"}
    defaults: ClassVar = {"department": "somewhere"}

    def render(self, path: str, value: Any) -> str:
        return ("" if value is None else str(value)) if path == "email" else str(value or "")[:CUT]


class Bare(Stub):
    """No marker, nothing unique, no version, late landings: a create is found again by its e-mail only."""

    manners = Stub.manners._replace(marker=False)


def systems(seed: int) -> tuple[type[Remote], ...]:
    return (Ledger, Shouter, Bare if seed % 4 == 3 else Stub)
