"""Problems grouped by cause: what differs from record to record is left out of the words they are grouped by."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from hub.flows.causes import common
from hub.store.queries.glance import Group
from hub.web.say import lazy_gettext

_TITLES = {
    "record_rejected": lazy_gettext("A record cannot be taken as it is"),
    "same_id_twice": lazy_gettext("One id stands on several records"),
    "needs_steward": lazy_gettext("Somebody has to decide"),
    "unsupported": lazy_gettext("The system cannot do this"),
    "outcome_unknown": lazy_gettext("It is not known whether a write arrived"),
    "remote_unavailable": lazy_gettext("The system did not answer"),
    "rate_limited": lazy_gettext("The system asked to slow down"),
}

_REMOTE = ("outcome_unknown", "remote_unavailable", "rate_limited", "unsupported")


class Example(NamedTuple):
    """One exact cause within a group, and how many records have it. id: of a row in quarantine."""

    id: int
    cause: str
    records: int


class Cause(NamedTuple):
    """What happened (title), why, what to do (fix, as the hub said it; or None), to how many, since when."""

    kind: str
    connection: str
    object: str
    title: str
    why: str
    fix: str | None
    records: int
    first_at: float
    last_at: float
    examples: list[Example]

    @property
    def command(self) -> str:
        """What takes these records again; dead letters go out by themselves once a value changed."""
        if self.kind == "dead":
            return f"hub connection show {self.connection}"
        if self.records == 1:
            return f"hub quarantine retry {self.examples[0].id}"
        if len(self.examples) == 1:
            return f"hub quarantine retry --like {self.examples[0].id}"
        return f"hub quarantine retry --connection {self.connection}"


def grouped(groups: Iterable[Group]) -> list[Cause]:
    """By kind, connection, object and the words of the cause; the most records first."""
    found: dict[tuple[str, ...], list[Group]] = {}
    for one in groups:
        found.setdefault((one.kind, one.connection, one.object, one.code, common(one.cause)), []).append(one)
    causes = [_cause(list(key), many) for key, many in found.items()]
    return sorted(causes, key=lambda one: (-one.records, one.connection, one.why))


def _cause(key: list[str], many: list[Group]) -> Cause:
    alone = len(many) == 1
    why, _, fix = (many[0].cause if alone else key[4]).partition(" Fix: ")
    title = _TITLES.get(key[3]) or lazy_gettext("A record could not be taken")
    if key[0] == "dead" and key[3] not in _REMOTE:
        title = lazy_gettext("A change could not be delivered")
    return Cause(
        key[0],
        key[1],
        key[2],
        str(title),
        why,
        fix or None,
        sum(one.records for one in many),
        min(one.first_at for one in many),
        max(one.last_at for one in many),
        [Example(one.example, one.cause.partition(" Fix: ")[0], one.records) for one in many[:20]],
    )
