"""A binding: the tie between a source record and the hub, with the last agreed state (sync.md, "State of a
binding")."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from hub.canonical.contribution import Contribution


class Missing:
    """The type of `MISSING`: no such key, as opposed to a key whose value is None. Never stored, never equal
    to a value."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "MISSING"


MISSING: Final = Missing()


class Suspect(NamedTuple):
    """What stood in a field of an open intent while its write was in doubt: ours as rendered there, or a
    person's.

    seen_at: when it was read; source_at: the record's own time, already capped at the reading. Epoch seconds
    UTC.
    """

    raw: Any
    value: Any
    seen_at: float
    source_at: float | None


class Echo(NamedTuple):
    """A value of ours that may land (again) late. raw: its rendering there, None if never learned.

    until: from then on (epoch seconds) it can no longer land. The echo itself stays until a reading begun
    after `until` was compared, because a landing before `until` may be read long after.
    """

    raw: Any
    value: Any
    until: float


@dataclass(frozen=True, slots=True)
class Binding:
    """All that the hub knows of one record in one system. Frozen; its mappings are never changed in place.

    Keys of every mapping are canonical paths; values are JSON types; times are epoch seconds UTC of our
    clock.

    seen: the remote's own rendering as we last knew it. sent: the canonical value last brought there or taken
    from there; None = nothing stands there; a missing key = unknown, so golden will be written. contribution:
    what people wrote there. settled_at: up to when this knowledge is ordered (R1). intent: the values being
    written, stored before the call; doubt: a call with this intent ended without a receipt, so it is repeated
    unchanged (R3); call_ends_at: by when its last call is over for us, at the latest with its lease; refused:
    that call, a repetition, was refused. suspects: per field, oldest first. before: the canonical value that
    stood there before our first write (None = blank), for a value of ours that leaves golden by unmerge or
    unpin. reread: a reading was dropped, read the record again. gone: deleted there. digest: of the last
    reading that was taken whole.
    """

    seen: Mapping[str, Any]
    sent: Mapping[str, Any]
    contribution: Mapping[str, Contribution]
    settled_at: float
    version: str | None = None
    created_for: int | None = None
    intent: Mapping[str, Any] | None = None
    doubt: bool = False
    call_ends_at: float = 0.0
    refused: bool = False
    suspects: Mapping[str, tuple[Suspect, ...]] = field(default_factory=dict)
    echoes: Mapping[str, tuple[Echo, ...]] = field(default_factory=dict)
    before: Mapping[str, Any] = field(default_factory=dict)
    lease_until: float = 0.0
    fence: int = 0
    reread: bool = False
    gone: bool = False
    digest: bytes | None = None
