"""`hub sync`: pulls, then all they cause, to the end; here when no worker lives, else by the workers."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from hub.errors import NotFound
from hub.flows import pulling, pushing, rails
from hub.flows.rehearsal import rehearse
from hub.flows.report import Outcome, Progress, SyncReport
from hub.flows.wiring import Stream, Wiring, load_wiring
from hub.settings import Settings
from hub.store.queries import heartbeats
from hub.store.session import Database

OBJECT_ORDER = {"customer": 0, "order": 1, "interaction": 2}


def sync(  # noqa: PLR0913  # the flags of `hub sync`
    db: Database,
    settings: Settings,
    *,
    connections: Sequence[str] = (),
    object: str | None = None,
    full: bool = False,
    dry_run: bool = False,
    diff: bool = False,
    confirm: bool = False,
    wait: bool = True,
    strict: bool = False,
    say: Callable[[Progress], None] = lambda progress: None,
) -> SyncReport:
    """Bring the named connections (all active ones by default) in and out. Raises NotFound for an unknown name."""
    report = SyncReport(strict=strict)
    if dry_run:
        with rehearse(db) as rehearsal:
            ask = pulling.Ask(rehearsal, settings, report, full=full, confirm=confirm, say=say)
            pulling.here(ask, chosen(load_wiring(rehearsal), connections, object=object), keep=False)
            wiring = load_wiring(rehearsal)
            for stream in chosen(wiring, (), object=object):
                report.differences += rails.differences(rehearsal, wiring, stream, states=("waiting", "held"))
        return report
    ask = pulling.Ask(db, settings, report, full=full, confirm=confirm, say=say)
    streams = chosen(load_wiring(db), connections, object=object)
    if heartbeats.alive(db, now=time.time(), kind="worker pull"):
        if not wait:
            pulling.ring(ask, streams)
            return report
        streams = pulling.by_workers(ask, streams)
    pulling.here(ask, streams)
    pushing.push(db, settings, report, confirm=confirm, say=say)
    return report


def chosen(wiring: Wiring, names: Sequence[str], *, object: str | None) -> list[Stream]:
    """The streams to pull: of active connections, customers before what refers to them. Raises NotFound."""
    known = wiring.live
    for name in names:
        if name not in known:
            raise NotFound(
                f"There is no connection {name!r}.", fix=f"Known: {', '.join(sorted(known)) or 'none'}."
            )
    streams = [
        one
        for one in wiring.streams.values()
        if one.active and one.rules.pull and (not names or one.connection in names)
    ]
    if object is not None:
        streams = [one for one in streams if one.object == object]
    return sorted(streams, key=lambda one: (OBJECT_ORDER.get(one.object, 9), one.connection_id))


__all__ = ["Outcome", "Progress", "SyncReport", "chosen", "sync"]
