"""`hub customer`: find, show, explain; and a person's acts: merge, unmerge, pin."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from hub.cli.office import Office, pass_office
from hub.cli.show import json_line, print_line, record, records, say, table, text_of

_WHO = click.argument("who", metavar="CUSTOMER")
_SOURCE = ("connection", "object", "external_id", "part", "first_seen", "gone")
_REASON = click.option("--reason", help="Why; it stays with the decision.")
_PREVIEW = click.option(
    "--preview", "--dry-run", "preview", is_flag=True, help="Say what would change where, and change nothing."
)


@click.group()
def customer() -> None:
    """A CUSTOMER is named by cus_…, by CONNECTION:EXTERNAL_ID, or by an e-mail or phone that one has alone."""


@customer.command()
@click.argument("text", nargs=-1, required=True)
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True)
@pass_office
def find(office: Office, text: tuple[str, ...], limit: int) -> None:
    """By name, e-mail, phone, id or record. E-mail and phone are looked up; words of a name are searched for."""
    from hub.flows import find as finding

    with office.store() as db:
        found = finding.find(db, " ".join(text), limit=limit)
    records(
        office,
        [_hit(one) for one in found],
        ("id", "name", "kind", "email", "phone", "records"),
        empty="Nobody.",
    )


@customer.command()
@_WHO
@pass_office
def show(office: Office, who: str) -> None:
    """The golden record, the source of each value, and the records behind it."""
    from hub.flows import explain, find

    with office.store() as db, db.read() as conn:
        row = explain.shown(conn, find.meant(conn, who))
    if row["moved_from"]:
        say(f"{row['moved_from']} was merged: it is {row['id']} now.")
    if office.as_json:
        record(office, row)
        return
    record(office, row, order=("id", "version", "created_at", "updated_at", "orders", "interactions"))
    print_line("")
    sources = row["sources"]
    table(
        [
            {"field": path, "value": row["fields"][path], **sources.get(path, {})}
            for path in sorted(row["fields"])
        ],
        ("field", "value", "source", "rule"),
    )
    for field, values in row["also"].items():
        print_line(f"also {field}: {text_of(values)}")
    print_line("")
    table(row["records"], ("connection", "object", "external_id", "part", "first_seen", "gone"))


@customer.command()
@_WHO
@pass_office
def explain(office: Office, who: str) -> None:
    """Why each value is right, what lost to it, and why the records are one customer."""
    from hub.canonical.ids import show as shown
    from hub.flows import explain as explaining
    from hub.flows import find
    from hub.flows.wiring import load_wiring

    with office.store() as db:
        wiring = load_wiring(db)
        with db.read() as conn:
            meant = find.meant(conn, who)
        told = explaining.explained(db, wiring, meant.customer_id)
    if office.as_json:
        _explained_lines(told)
        return
    print_line(shown("cus", meant.customer_id))
    _explained_text(told)


@customer.command()
@click.argument("a", metavar="CUSTOMER")
@click.argument("b", metavar="CUSTOMER")
@_REASON
@_PREVIEW
@pass_office
def merge(office: Office, a: str, b: str, reason: str | None, preview: bool) -> None:
    """Say that two customers are one. The id that came first stays, the other leads to it."""
    from hub.flows import find, steward
    from hub.flows.wiring import load_wiring

    with office.store() as db:
        wiring = load_wiring(db)
        with db.read() as conn:
            left, right = (find.meant(conn, one).customer_id for one in (a, b))
        effect = steward.merge(db, wiring, a=left, b=right, by=office.user, reason=reason, preview=preview)
    tell(office, effect, preview=preview)


@customer.command()
@_WHO
@click.argument("out", metavar="CONNECTION:EXTERNAL_ID…", nargs=-1, required=True)
@_REASON
@_PREVIEW
@pass_office
def unmerge(office: Office, who: str, out: tuple[str, ...], reason: str | None, preview: bool) -> None:
    """Say that the named records are somebody else than the rest of the customer. The machine cannot rejoin them."""
    from hub.errors import NotFound
    from hub.flows import explain, find, steward
    from hub.flows.wiring import load_wiring

    with office.store() as db:
        wiring = load_wiring(db)
        with db.read() as conn:
            meant = find.meant(conn, who)
            ids, unknown = explain.named_records(conn, meant.customer_id, out)
        if unknown:
            raise NotFound(
                f"{', '.join(unknown)}: no record of this customer.", fix=f"See: hub customer show {who}"
            )
        effect = steward.unmerge(
            db, wiring, meant.customer_id, records_out=ids, by=office.user, reason=reason, preview=preview
        )
    tell(office, effect, preview=preview)


@customer.command()
@_WHO
@click.argument("field", metavar="FIELD[=VALUE]")
@click.option("--remove", is_flag=True, help="Let the rules decide again.")
@_REASON
@_PREVIEW
@pass_office
def pin(office: Office, who: str, field: str, remove: bool, reason: str | None, preview: bool) -> None:
    """Fix the value of a field: FIELD=VALUE; FIELD= fixes it as absent."""
    from hub.flows import find, steward
    from hub.flows.wiring import load_wiring

    path, equals, value = field.partition("=")
    if remove == bool(equals):
        raise click.UsageError("Write FIELD=VALUE, or FIELD --remove.")
    with office.store() as db:
        wiring = load_wiring(db)
        with db.read() as conn:
            id = find.meant(conn, who).customer_id
        if remove:
            effect = steward.remove_pin(db, wiring, id, path=path, by=office.user, preview=preview)
        else:
            effect = steward.set_pin(
                db, wiring, id, path=path, value=value or None, by=office.user, reason=reason, preview=preview
            )
    tell(office, effect, preview=preview)


def _hit(one: Any) -> dict[str, Any]:
    from hub.canonical.ids import show as shown

    fields: Mapping[str, Any] = one.fields
    name = next(
        (fields[p] for p in ("display_name", "full_name", "name", "legal_name") if fields.get(p)), None
    )
    if name is None:  # an author of whom nothing but the account is known
        name = next((v for p, v in fields.items() if p.startswith("social[") and p.endswith("]")), None)
    return {
        "id": shown("cus", one.customer_id),
        "name": name,
        "kind": fields.get("kind"),
        "email": fields.get("email"),
        "phone": fields.get("phone") or fields.get("phone[mobile]"),
        "records": one.records,
    }


def _explained_lines(told: Any) -> None:
    for one in told.records:
        json_line({"record": "source", **{key: one[key] for key in _SOURCE}})
    for line in told.lines:
        json_line(_line(line))
    for pair in told.pairs:
        json_line({"record": "pair", **pair})
    for tie in told.ties:
        json_line({"record": "tie", **tie})
    for entry in told.entries:
        json_line({**entry, "source": entry["record"], "record": "entry"})


def _explained_text(told: Any) -> None:
    for text in told.text.split("\n"):
        print_line(text)
    print_line("")
    print_line("Records" if len(told.records) > 1 else "One record")
    for one in told.records:
        gone = ", gone there" if one["gone"] else ""
        print_line(f"    {one['connection']}:{one['external_id']}, first seen {one['first_seen']}{gone}")
    for tie in told.ties:
        points = "" if tie["points"] is None else f", {tie['points']} points"
        verdict = "the same" if tie["verdict"] == "same" else "different"
        print_line(f"    {tie['a']} and {tie['b']} are {verdict}, says {tie['by']}{points}")
        for reason in tie["reasons"]:
            print_line(f"        {reason}")
    joined = {(tie["a"], tie["b"]) for tie in told.ties}
    for pair in told.pairs:
        if (pair["a"], pair["b"]) not in joined:
            print_line(
                f"    {pair['a']} and {pair['b']}: {pair['points']} points by themselves ({pair['verdict']})"
            )
            for reason in pair["reasons"]:
                print_line(f"        {reason['detail']} ({reason['points']:+d})")
    for entry in told.entries:
        print_line(
            f"    {entry['at']} {entry['kind']} {entry['path']} of {entry['record']}: {text_of(entry['detail'])}"
        )


def _line(line: Any) -> dict[str, Any]:
    why = line.why
    return {
        "record": "field",
        "path": line.path,
        "value": line.value,
        "connection": line.connection,
        "rule": why.rule,
        "pinned_by": why.pinned_by,
        "derived": why.derived,
        "others": [
            {"value": one.value, "connection": one.connection, "kind": one.kind, "lost_by": one.lost_by}
            for one in line.others
        ],
    }


def tell(office: Office, effect: Any, *, preview: bool) -> None:
    """Before, after, which ids stay, and what each system will receive."""
    if office.as_json:
        ids = {"kept": effect.kept, "back": effect.back, "lead": dict(effect.leads)}
        record(
            office,
            {
                "preview": preview,
                "before": effect.before,
                "after": effect.after,
                "ids": ids,
                "systems": effect.systems(),
                "writes": [_write(one) for one in effect.writes],
                "spared": [_write(one) for one in effect.spared],
                "act": None if preview else effect.act,
            },
        )
        return
    for id in dict.fromkeys([*effect.before, *effect.after]):
        before, after = effect.before.get(id), effect.after.get(id)
        lead = f" leads to {effect.leads[id]} now" if id in effect.leads else ""
        print_line(f"{id}{lead}{'' if before is not None else ' is back'}")
        for path in sorted({*(before or {}), *after}) if after is not None else ():
            old, new = (before or {}).get(path), after.get(path)
            if old != new:
                print_line(f"    {path}: {text_of(old) or '(nothing)'} → {text_of(new) or '(nothing)'}")
    for name, count in effect.systems().items():
        paths = ", ".join(f"{path} {n}" for path, n in count["fields"].items())
        print_line(f"{name}: {count['updates']} brought up to date, {count['creates']} created ({paths})")
    for word, many in (("to", effect.writes), ("no longer to", effect.spared)):
        for one in map(_write, many):
            where = (
                f"{one['connection']}:{one['external_id']}"
                if one["external_id"]
                else f"{one['connection']} (new)"
            )
            print_line(f"    {word} {where}: {one['path']} = {text_of(one['new']) or '(nothing)'}")
    if preview:
        say("Nothing was changed.")
        return
    say(f"Done (act {effect.act}). What is owed to the systems goes with the next sync.")


def _write(one: Any) -> dict[str, Any]:
    return {
        "connection": one.connection,
        "external_id": one.external_id,
        "customer_id": one.customer_id,
        "path": one.path,
        "old": one.old,
        "new": one.new,
    }
