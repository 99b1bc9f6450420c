"""What must hold once a history has come to rest (sync.md, first paragraph), judged from the trace."""

from __future__ import annotations

from typing import Any

from sync_machine.hub import Hub
from sync_machine.manners import LATE
from sync_machine.remotes import REMAPPED, Remote
from sync_machine.trace import Act, Broken, Key, Trace, taint

from hub.sync.binding import MISSING


def check(hub: Hub, trace: Trace) -> None:
    every_field_agrees(hub, trace)
    no_edit_is_gone(hub, trace)
    doubles_are_known(hub, trace)


def every_field_agrees(hub: Hub, trace: Trace) -> None:
    """Each pushable field shows golden as that system renders it, or there is a named reason."""
    for key, binding in hub.bindings.items():
        if binding.gone:
            continue
        remote = hub.remotes[key[0]]
        golden, held, _ = hub.wanted(hub.cluster_of(key))
        raws = remote.records[key[1]]
        if binding.seen != raws:
            raise Broken("all agree", f"{key} is known as {binding.seen}, but is {raws}")
        for path in remote.policy.pushable:
            want, raw = golden.get(path, MISSING), raws[path]
            if want is MISSING:
                foreign = raw and taint(raw) not in trace.typed[key, path]
                if foreign and raw != remote.defaults.get(path) and path not in held:
                    raise Broken("all agree", f"a value of ours is left in {path} of {key}: {raw}")
            elif not _agrees(remote, path, raw, want):
                reason = "held for a person" if path in held else _excuse(hub, trace, key, path, raw)
                if reason is None:
                    raise Broken(
                        "all agree",
                        f"{path} of {key} is {raw!r}, golden {want!r}, sent {binding.sent.get(path)!r}",
                    )
                trace.counts[f"differs: {reason}"] += 1


def _agrees(remote: Remote, path: str, raw: str, want: Any) -> bool:
    """As rendered there, or as it reads by the map in force (or, of the changed line, by the one before)."""
    if path == REMAPPED and want is not None:
        raw, want = raw.replace("-", " "), want.replace("-", " ")
    return raw in (remote.render(path, want), want) or remote.canonical(path, raw) == want


def _excuse(hub: Hub, trace: Trace, key: Key, path: str, raw: str) -> str | None:
    policy = hub.remotes[key[0]].policy
    if path in policy.own and hub.siblings(key)[0]:
        return "identifying field of a second record"
    acts = [act for act in trace.acts if act.key == key and act.path == path]
    if (
        not raw
        and acts
        and acts[-1].taint is None
        and path not in policy.clear | policy.refill | policy.outward
    ):
        return "blank there, rule ignore"
    typed_before_read_back = any(act.taint == taint(raw) and _in_read_back(trace, act) for act in acts)
    return "edit before the read-back" if typed_before_read_back else None


def no_edit_is_gone(hub: Hub, trace: Trace) -> None:
    """Each edit was taken (and then won or left an entry), was followed by another in its place, or fell in a
    window."""
    last: dict[tuple[Key, str], Act] = {}
    for act in trace.acts:
        last[act.key, act.path] = act
    for (key, path), act in last.items():
        remote = hub.remotes[key[0]]
        says = act.taint is not None or path in remote.policy.clear
        if not act.edit or not says or path in remote.policy.outward or key not in hub.bindings:
            continue
        if hub.bindings[key].gone:
            continue
        trace.counts["edits"] += 1
        if trace.noticed.get((key, path, act.taint), -1.0) >= act.at or _stands(hub, act):
            continue
        window = _window(hub, trace, act)
        if window is None:
            raise Broken("no edit is gone", f"the edit {act} is gone without an entry")
        trace.counts[f"window: {window}"] += 1


def doubles_are_known(hub: Hub, trace: Trace) -> None:
    """No second create. Where a system has neither marker nor unique field it can happen (a frozen worker): then both
    records are of one golden, which is how the pair is reported."""
    for (system, home), made in trace.made.items():
        there = [one for one in made if one in hub.remotes[system].records]
        if len(there) < 2:
            continue
        trace.counts["created twice, reported as a pair"] += 1
        if len({hub.anchor(hub.home[system, one]) for one in there}) > 1:
            raise Broken(
                "none twice", f"{system} has two records of home {home}, and nobody is told: {there}"
            )

    for key, home in trace.untold.items():
        if hub.anchor(hub.home[key]) != hub.anchor(home):
            raise Broken("none twice", f"{key} is ours, made for home {home}, and nobody is told of the pair")


def _stands(hub: Hub, act: Act) -> bool:
    """What was typed is what the hub knows the record to say, or is golden anyhow."""
    said = hub.bindings[act.key].contribution.get(act.path)
    golden = hub.golden(hub.cluster_of(act.key)).get(act.path)
    return act.taint in (taint(golden), taint(said.value) if said else None)


def _window(hub: Hub, trace: Trace, act: Act) -> str | None:
    """The windows of "Honest limits", proven: our write was decided on a reading older than the edit it fell
    upon."""
    if not hub.remotes[act.key[0]].policy.conditional:
        landings = [one for one in trace.landings if one.key == act.key and one.path == act.path]
        over = min((one for one in landings if one.at >= act.at), default=None)
        if over is not None and over.read_at <= act.at:
            return "between our read and our write"
    if _in_read_back(trace, act):
        return "before the read-back"
    if _in_doubt(trace, act, coinciding=True):
        return "coincides with a write of ours in doubt"
    before = [old for old in trace.acts if old[1:3] == act[1:3] and old.at < act.at]
    if all(old.taint != act.taint for old in before):
        return None
    if _in_doubt(trace, act):
        return "put back while a write was in doubt"
    unread = before[-1].taint != act.taint and (act.key, act.path, before[-1].taint) not in trace.noticed
    return "changed and put back between two readings" if unread else None


def _in_doubt(trace: Trace, act: Act, *, coinciding: bool = False) -> bool:
    """coinciding: the person had written what was being written then, perhaps unread."""
    return any(
        doubt.key == act.key
        and act.path in doubt.paths
        and (coinciding or doubt.opened <= act.at)
        and act.at <= doubt.closed + LATE
        and (not coinciding or doubt.paths[act.path] == act.taint)
        for doubt in trace.doubts
    )


def _in_read_back(trace: Trace, act: Act) -> bool:
    return any(
        back.key == act.key and act.path in back.paths and back.landed <= act.at <= back.at
        for back in trace.read_backs
    )
