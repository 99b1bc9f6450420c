"""A write by API: a reading of the hub's own connection `api`, bound to the customer's home id (sync.md, "A write by
API")."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from sqlalchemy import Connection

from hub.canonical.contribution import Contribution
from hub.canonical.ids import show
from hub.canonical.normalise import normalise
from hub.canonical.paths import NAME_GROUP, SLOTS, group, parse
from hub.errors import HubError, Moved, NotFound, RecordRejected, Stale, TooLarge, WrongUse
from hub.flows import owing
from hub.flows.absorb import Evidence, absorb
from hub.flows.bindings import load_bindings
from hub.flows.wiring import Wiring
from hub.store.documents import dump
from hub.store.golden_row import decode_doc
from hub.store.queries import connections, customers, matching, numbers, records
from hub.store.session import Database
from hub.sync.binding import Binding
from hub.sync.written import written

API = "api"
OBJECT = "customer"
FIELDS = 200  # in one write

_SYSTEMS_ONLY = frozenset({"external_ref", "source_updated_at"})
_WHOLES = frozenset({"full_name", "display_name"})
_FIRST_SEEN_AFTER = 0.001  # seconds; the customer's own record stays its anchor


class Origin(NamedTuple):
    """Where records of writes by API stand."""

    connection_id: int
    connection: str = API
    object: str = OBJECT


class Written(NamedTuple):
    """What became of a write. overruled: path → the rule that chose another value."""

    customer_id: int
    overruled: dict[str, str]


class Unfit(RecordRejected):
    """Some fields of a write cannot be taken; nothing was. `fields`: path → why."""

    def __init__(self, fields: Mapping[str, str]) -> None:
        super().__init__(f"{len(fields)} of the fields cannot be taken; nothing was written.")
        self.fields = dict(fields)


def origin(db: Database, *, now: float) -> Origin:
    """The connection `api`; made at the first write. The wiring of a write is loaded after it."""
    with db.read() as conn:
        found = connections.by_name(conn, API)
    if found is None:
        with db.write() as conn:
            return Origin(connections.built_in(conn, API, now=now))
    return Origin(found.id)


def canonical(given: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a write as canonical values; None clears. Raises Unfit, TooLarge, WrongUse for none at all."""
    if not given:
        raise WrongUse(
            "There is no field to write.", fix='Write {"fields": {"email": "ann@x.org", "job_title": null}}.'
        )
    if len(given) > FIELDS:
        raise TooLarge(f"{len(given)} fields are too many for one write.", fix=f"At most {FIELDS}.")
    values: dict[str, Any] = {}
    wrong: dict[str, str] = {}
    for path, value in given.items():
        try:
            values[path] = _canonical(path, value)
        except HubError as error:
            wrong[path] = f"{error.message} {error.fix or error.cause or ''}".strip()
    if wrong:
        raise Unfit(wrong)
    return values


def write(
    db: Database,
    wiring: Wiring,
    customer_id: int,
    *,
    at: Origin,
    values: Mapping[str, Any],
    by: str,
    now: float,
    version: int | None = None,
) -> Written:
    """Take what a downstream system wrote to one customer. `values` as `canonical` gives them.

    version: that which the writer knew; Stale if it is another by now. Raises NotFound, Moved for an id that answers to
    another.
    """
    with db.write() as conn:
        fields = _current(conn, customer_id, version=version)
        external_id = show("cus", customer_id)
        known = records.digests(conn, at.connection_id, at.object, external_ids=[external_id])
        record_id, first_seen, before = _place(conn, at, customer_id, values=values, known=known, now=now)
        taken = written(_whole(before, fields, values, now=now), values, now=now)
        evidence = Evidence(
            record_id,
            at,
            external_id,
            "",
            first_seen,
            before,
            replace(taken.binding, created_for=customer_id),
            taken.edits,
        )
        connections.note(conn, "customer.write", external_id, by=by, detail=sorted(values), now=now)
        done = absorb(conn, wiring, [evidence], now=now, lane=owing.REALTIME)
    golden = done.recomputed.goldens[customer_id]
    return Written(
        customer_id,
        {
            path: golden.why[path].rule if path in golden.why else "survivorship"
            for path, value in values.items()
            if golden.fields.get(path) != value
        },
    )


def _canonical(path: str, value: Any) -> Any:
    if parse(path).field in _SYSTEMS_ONLY:
        raise WrongUse("Only connected systems say this.")
    if value is None:
        return None
    found = normalise(path, value)
    if found is None:
        raise WrongUse("It is blank.", fix="Write null to clear the field.")
    return found


def _current(conn: Connection, id: int, *, version: int | None) -> dict[str, Any]:
    """The golden fields of a living customer."""
    standing = matching.standings(conn, [id]).get(id)
    row = customers.load_many(conn, [id]).get(id)
    if standing is None:
        raise NotFound(f"There is no customer {show('cus', id)}.")
    if standing.customer_id != id or row is None:
        to = show("cus", standing.customer_id)
        raise Moved(f"{show('cus', id)} was merged into {to}.", to=to)
    if version is not None and row.version != version:
        raise Stale(
            f"{show('cus', id)} has version {row.version} by now, not {version}.",
            fix="Read it again, and decide again.",
        )
    return decode_doc(row.doc)[0]


def _place(
    conn: Connection,
    at: Origin,
    customer_id: int,
    *,
    values: Mapping[str, Any],
    known: Mapping[str, list[records.Known]],
    now: float,
) -> tuple[int, float, Binding | None]:
    """(record id, first seen, binding until now) of this customer's record in `api`."""
    external_id = show("cus", customer_id)
    raw = dump(values)
    if external_id in known:
        id = known[external_id][0].id
        records.update_read(conn, [{"id": id, "digest": None, "map_id": 0, "read_at": now, "raw": raw}])
        return id, records.places(conn, [id])[id].first_seen, load_bindings(conn, [id])[id]
    (id,) = numbers.record_ids(conn, 1, now=now)
    home = records.places(conn, [customer_id])[customer_id].first_seen
    first_seen = max(now, home + _FIRST_SEEN_AFTER)
    records.insert(conn, [(id, at.connection_id, at.object, external_id, "", None, 0, first_seen, now, raw)])
    return id, first_seen, None


def _whole(
    before: Binding | None, fields: Mapping[str, Any], values: Mapping[str, Any], *, now: float
) -> Binding:
    """The binding with what the writer saw of the groups it wrote to.

    Fields of a group win together, so a street written alone would win without its town: the writer's record has the
    golden town, which it saw and left as it was.
    """
    old = before or Binding(seen={}, sent={}, contribution={}, settled_at=now)
    touched = {group(path) for path in values}
    kept = {path: one for path, one in old.contribution.items() if group(path) not in touched}
    for path, value in fields.items():
        if path not in values and group(path) in touched and _stays(path, values):
            was = old.contribution.get(path)
            same = was is not None and was.value == value
            kept[path] = (
                was if was is not None and same else Contribution(value, value, "first_sight", now, now)
            )
    return replace(
        old,
        seen={path: one.raw for path, one in kept.items()},
        sent={path: one.value for path, one in kept.items()},
        contribution=kept,
    )


def _stays(path: str, values: Mapping[str, Any]) -> bool:
    """Whether a field that was not given still goes with those of its group that were."""
    name = group(path)
    if name == "name":
        given = NAME_GROUP & values.keys()
        return path not in _WHOLES and not (given & _WHOLES)
    field = parse(path).field
    if field == "address":  # its parts make one another; what was said about it was said of the old one
        return not path.endswith((".verified_at", ".status"))
    if field == "consent":
        return f"{name}.status" not in values  # another word is another act, with its own time and proof
    return field not in SLOTS or name not in values


__all__ = ["API", "Origin", "Unfit", "Written", "canonical", "origin", "write"]
