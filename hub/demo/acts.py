"""The second half: people edit on both sides, a merge explains itself, a person takes one apart, two edits collide."""

from __future__ import annotations

from typing import Any

from hub.canonical.ids import show
from hub.canonical.phone import to_phone
from hub.demo import cast, erp_desk
from hub.demo.play import BY, Play
from hub.flows import explain, steward

NEW_MOBILE = "+49 171 3920099"
NEW_ADDRESS = {"street": "Gartenstraße 9", "zip": "20095", "city": "Hamburg"}
CRM_MOBILE, ERP_MOBILE = "+491713920055", "+49 171 3920066"


def change_both_sides(play: Play) -> str:
    """A phone in the ERP, an address in the shop; one sync; both on the other side."""
    caller, mover = play.in_erp(cast.CALLER), play.in_erp(cast.MOVER)
    play.expect(caller is not None and mover is not None, "the ERP lacks a customer that policy asks for")
    if caller is None or mover is None:
        return ""
    erp_desk.change_mobile(play.erp, caller, NEW_MOBILE)
    play.systems["shop"].edit(play.world.id_of("shop", cast.MOVER), NEW_ADDRESS)
    play.systems["shop"].export()
    play.sync()
    crm_id = play.world.id_of("crm", cast.CALLER)
    arrived = play.systems["crm"].came_back(crm_id, "手机")
    play.tell(
        f"ERP → CRM: {_name(play, cast.CALLER)}'s mobile {NEW_MOBILE} came back in write-back/crm as {arrived}"
    )
    play.expect(
        to_phone(arrived, "DE") == to_phone(NEW_MOBILE, "DE"),
        "the phone did not arrive in the CRM's write-back",
    )
    there = erp_desk.parties(play.erp)[mover]
    line = f"{there['address.line1']}, {there['address.postal_code']} {there['address.locality']}"
    play.tell(f"shop → ERP: {_name(play, cast.MOVER)} lives at {line}, says the ERP's own API")
    play.expect(
        line == "{street}, {zip} {city}".format(**NEW_ADDRESS), "the address did not arrive in the ERP"
    )
    play.figures |= {"phone_arrived": arrived, "address_arrived": line}
    play.settle()
    return "both arrived on the other side"


def explain_merge(play: Play) -> str:
    """What `hub customer explain` says of a customer that three systems write in three ways."""
    who = f"crm:{play.world.id_of('crm', cast.DUPLICATE)}"
    told = explain.explained(play.db, play.wiring(), play.meant(who))
    play.tell(
        f"{show('cus', told.customer_id)}: "
        + ", ".join(f"{one['connection']}:{one['external_id']}" for one in told.records)
    )
    play.expect(len(told.records) == 4, f"{who} was not found in all four systems")
    for tie in told.ties:
        play.tell(f"{tie['a']} = {tie['b']}, {tie['points']} points: {'; '.join(tie['reasons'])}")
    for line in told.lines:
        if line.path in ("display_name", "phone[mobile]", "address.line1", "birth_date"):
            lost = ", ".join(
                dict.fromkeys(
                    f"{one.value} ({one.connection})" for one in line.others if one.value != line.value
                )
            )
            origin = line.connection or "the other parts of the name"
            play.tell(f"{line.path} = {line.value}, from {origin}" + (f"; not {lost}" if lost else ""))
    play.figures["explained_records"] = len(told.records)
    return f"{play.world.parties[cast.DUPLICATE].name}: {len(told.records)} records, one customer, and why"


def unmerge(play: Play) -> str:
    """What `hub customer unmerge` does: a person knows that these are father and son."""
    senior, junior = play.world.id_of("crm", cast.SENIOR), play.world.id_of("shop", cast.JUNIOR)
    customer = play.meant(f"crm:{senior}")
    play.expect(play.meant(f"shop:{junior}") == customer, "father and son were not joined to begin with")
    with play.db.read() as conn:
        out, _ = explain.named_records(conn, customer, [f"shop:{junior}"])
    reason = "father and son, the son called"
    effect = steward.unmerge(play.db, play.wiring(), customer, records_out=out, by=BY, reason=reason)
    back = show("cus", play.meant(f"shop:{junior}"))
    play.tell(
        f"shop:{junior} left {show('cus', customer)} and is {back} again, the id it had at first: {reason}"
    )
    for id in effect.after:
        changed = _changes(effect.before.get(id, {}), effect.after[id])
        play.tell(
            f"{id}: {changed}"
            if id in effect.before
            else f"{id}: is back, with {len(effect.after[id])} fields"
        )
    places = sorted({f"{one.connection} {one.path}" for one in effect.writes})
    play.tell(f"{len(effect.writes)} fields go out: {', '.join(places)}")
    play.settle()
    play.expect(
        play.meant(f"shop:{junior}") != play.meant(f"crm:{senior}"), "the machine joined father and son again"
    )
    play.tell("synced: the systems have it; the machine cannot join the two again")
    play.figures |= {"unmerged": back, "unmerge_writes": len(effect.writes)}
    return f"the son has his first id back; {len(effect.writes)} fields put right"


def _changes(before: dict[str, Any], after: dict[str, Any]) -> str:
    changed = [path for path in sorted({*before, *after}) if before.get(path) != after.get(path)]
    return (
        "; ".join(
            f"{path}: {before.get(path) or 'nothing'} → {after.get(path) or 'nothing'}" for path in changed
        )
        or "as it was"
    )


def conflict(play: Play) -> str:
    """Two people edit one field between two syncs: the later edit wins, the other leaves an entry."""
    crm, crm_id = play.systems["crm"], play.world.id_of("crm", cast.DISPUTED)
    erp_id = play.in_erp(cast.DISPUTED)
    play.expect(erp_id is not None, "the ERP lacks a customer that policy asks for")
    if erp_id is None:
        return ""
    crm.edit(crm_id, {"手机": CRM_MOBILE}, ago=90)
    crm.export()
    erp_desk.change_mobile(play.erp, erp_id, ERP_MOBILE)
    play.settle()
    told = explain.explained(play.db, play.wiring(), play.meant(f"crm:{crm_id}"))
    mobile = next(line for line in told.lines if line.path == "phone[mobile]")
    play.tell(
        f"{_name(play, cast.DISPUTED)}'s mobile: {CRM_MOBILE} typed in the CRM, 90 s later {ERP_MOBILE} in the ERP; "
        f"golden is {mobile.value}, from {mobile.connection}",
        disputed=mobile.value,
        entries=[one["kind"] for one in told.entries],
    )
    play.expect(mobile.value == to_phone(ERP_MOBILE, "DE"), "the later edit did not win")
    play.expect(bool(told.entries), "the edit that lost left no entry")
    for entry in told.entries:
        said = entry["detail"]
        play.tell(
            f"entry: {entry['kind']} on {entry['path']} of {entry['record']}: {said['theirs']} met {said['ours']}, "
            f"{said['rule']}"
        )
    play.expect(
        to_phone(crm.rows[crm_id]["手机"], "DE") == mobile.value,
        "the CRM was not brought to the value that won",
    )
    return "the later edit won, the other left an entry"


def _name(play: Play, key: str) -> str:
    return play.world.parties[key].name
