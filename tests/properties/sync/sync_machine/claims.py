"""What must hold once a history has come to rest (sync.md, first paragraph), judged from the trace."""

from __future__ import annotations

from sync_machine.hub import Hub
from sync_machine.remotes import PATHS
from sync_machine.trace import Act, Broken, Key, Trace, taint

from hub.sync.binding import MISSING


def check(hub: Hub, trace: Trace) -> None:
    no_record_created_twice(hub, trace)
    every_field_agrees(hub, trace)
    no_edit_is_gone(hub, trace)


def no_record_created_twice(hub: Hub, trace: Trace) -> None:
    for (system, marker), times in trace.creates.items():
        if times > 1:
            raise Broken(f"{system} got {times} records for home {marker}")


def every_field_agrees(hub: Hub, trace: Trace) -> None:
    """Each pushable field shows golden as that system renders it, or there is a named reason."""
    for key, binding in hub.bindings.items():
        remote = hub.remotes[key[0]]
        golden = hub.golden(hub.cluster_of(key))
        raws = remote.records[key[1]]
        if binding.seen != raws:
            raise Broken(f"{key} is known as {binding.seen}, but is {raws}")
        for path in remote.policy.pushable:
            want, raw = golden.get(path, MISSING), raws[path]
            if want is MISSING:
                if raw and taint(raw) not in trace.typed[key, path] and raw != remote.defaults.get(path):
                    raise Broken(f"a value of ours is left in {path} of {key}: {raw}")
            elif raw not in (remote.render(path, want), want):
                reason = _excuse(hub, trace, key, path)
                if reason is None:
                    raise Broken(
                        f"{path} of {key} is {raw!r}, golden {want!r}, sent {binding.sent.get(path)!r}"
                    )
                trace.counts[f"differs: {reason}"] += 1


def _excuse(hub: Hub, trace: Trace, key: Key, path: str) -> str | None:
    remote = hub.remotes[key[0]]
    if path in remote.policy.own and hub.siblings(key)[0]:
        return "identifying field of a second record"
    last = max((act for act in trace.acts if act.key == key and act.path == path), default=None)
    if last is None:
        return None
    if last.taint is None and path not in remote.policy.clear | remote.policy.refill | remote.policy.outward:
        return "blank there, rule ignore"
    return "edit before the read-back" if _in_read_back(trace, last) else None


def no_edit_is_gone(hub: Hub, trace: Trace) -> None:
    """Each edit was taken (and then won or left an entry), was followed by another in its place, or fell in a
    window."""
    told = {(key, entry.path, taint(entry.theirs)) for key, entry in hub.entries}
    last: dict[tuple[Key, str], Act] = {}
    for act in trace.acts:
        last[act.key, act.path] = act
    for (key, path), act in last.items():
        remote = hub.remotes[key[0]]
        if not act.edit or act.taint is None or path in remote.policy.outward or key not in hub.bindings:
            continue
        trace.counts["edits"] += 1
        if (key, path, act.taint) in trace.taken | told or _contributes(hub, act):
            continue
        window = _window(hub, trace, act)
        if window is None:
            raise Broken(f"the edit {act} is gone without an entry")
        trace.counts[f"window: {window}"] += 1


def _contributes(hub: Hub, act: Act) -> bool:
    said = hub.bindings[act.key].contribution.get(act.path)
    return said is not None and taint(said.value) == act.taint


def _window(hub: Hub, trace: Trace, act: Act) -> str | None:
    """The windows of "Honest limits", proven: our write was decided on a reading older than the edit it fell
    upon."""
    if not hub.remotes[act.key[0]].policy.conditional:
        landings = [one for one in trace.landings if one.key == act.key and one.path == act.path]
        over = min((one for one in landings if one.at >= act.at), default=None)
        if over is not None and over.read_at <= act.at:
            return "between our read and our write"
    return "before the read-back" if _in_read_back(trace, act) else None


def _in_read_back(trace: Trace, act: Act) -> bool:
    return any(
        back.key == act.key and act.path in back.paths and back.landed <= act.at <= back.at
        for back in trace.read_backs
    )


__all__ = ["PATHS", "check"]
