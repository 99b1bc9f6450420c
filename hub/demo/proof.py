"""The proof at the end: the ERP read by its own API against the golden records, and everything computed again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hub.canonical.normalise import normalise
from hub.demo import erp_desk
from hub.demo.play import Play
from hub.flows import exports, rebuild
from hub.flows.wiring import Stream
from hub.sync.scope import membership
from hub.sync.where import Facts

NOT_COMPARED = frozenset({"source_updated_at"})  # a time of the ERP's, no value of a customer

COLUMNS = ("field", "compared", "equal", "excused", "unequal", "neither has it", "why excused")
READ_ONLY = "read only in the map"
FROZEN = "outside the ERP's where: frozen"
SECOND = "identifying: a second party keeps its own"


@dataclass(slots=True)
class Tally:
    """One mapped field over all parties. excused: reason → how many; unequal: (party, golden, ERP); neither: parties
    where golden and the ERP both have nothing, which proves little and is not counted as equal.
    """

    equal: int = 0
    neither: int = 0
    excused: Counter[str] = field(default_factory=Counter)
    unequal: list[tuple[str, str, str]] = field(default_factory=list)

    @property
    def compared(self) -> int:
        return self.equal + self.excused.total() + len(self.unequal)


def read_back(play: Play) -> str:
    """Every party of the ERP against its golden record, field by field."""
    wiring = play.wiring()
    stream = next(one for one in wiring.streams.values() if one.connection == "erp")
    there = erp_desk.parties(play.erp)
    found = compare(there, customer_of=_customers(play), goldens=_goldens(play), stream=stream)
    play.figures["read_back"] = found
    equal = sum(one.equal for one in found.values())
    excused = sum(one.excused.total() for one in found.values())
    unequal = [(path, *one) for path, tally in found.items() for one in tally.unequal]
    total = equal + excused + len(unequal)
    play.tell(f"{len(there)} parties with {len(found)} mapped fields: {total:,} values compared")
    play.tell(f"{equal:,} equal, {excused:,} excused by a rule that the table names, {len(unequal)} unequal")
    wanted = {id for id, golden in _goldens(play).items() if "b2b" in golden["tags"].split("; ")}
    missing = wanted - set(_customers(play).values())
    play.tell(
        f"{len(wanted)} customers have the tag b2b, and {len(wanted) - len(missing)} of them a party there"
    )
    play.expect(not missing, f"{len(missing)} customers that the ERP should have are not there")
    unlinked = set(there) - set(_customers(play))
    play.expect(not unlinked, f"{len(unlinked)} parties of the ERP belong to no customer")
    for path, party, golden, remote in unequal[:10]:
        play.expect(False, f"party {party}: {path} is {remote!r} in the ERP and {golden!r} in golden")
    return f"{total:,} values: {equal:,} equal, {excused:,} excused, {len(unequal)} unequal"


def compare(
    there: Mapping[str, Mapping[str, Any]],
    *,
    customer_of: Mapping[str, str],
    goldens: Mapping[str, Mapping[str, str]],
    stream: Stream,
) -> dict[str, Tally]:
    """Equal, excused and unequal values for every field of the map."""
    first: dict[str, str] = {}
    for party in sorted(there, key=int):
        first.setdefault(customer_of.get(party, ""), party)
    found = {path: Tally() for path in sorted(stream.map.pull_paths - NOT_COMPARED)}
    for party, fields in there.items():
        customer = customer_of.get(party, "")
        golden = goldens.get(customer, {})
        for path, tally in found.items():
            ours, theirs = golden.get(path, ""), canonical(path, fields[path])
            reason = _excuse(path, golden, stream, second=first[customer] != party)
            if not ours and not theirs:
                tally.neither += 1
            elif ours == theirs:
                tally.equal += 1
            elif reason:
                tally.excused[reason] += 1
            else:
                tally.unequal.append((party, ours, theirs))
    return found


def _excuse(path: str, golden: Mapping[str, str], stream: Stream, *, second: bool) -> str | None:
    """The rule by which this field of this party need not be golden's; None: it must be."""
    if path not in stream.policy.pushable & stream.policy.creatable:
        return READ_ONLY
    facts = Facts(tags=frozenset(golden.get("tags", "").split("; ")))
    if not membership(stream.scope, facts, bound=True).deliver:
        return FROZEN
    return SECOND if second and path in stream.policy.own else None


def canonical(path: str, value: Any) -> str:
    """The ERP's text in the form that the hub exports: +49 30 901820 → +4930901820."""
    if value in (None, "", []):
        return ""
    return exports.cell(normalise(path, value), verbatim=True)


def table(found: Mapping[str, Tally]) -> Sequence[tuple[str | int, ...]]:
    """A row per field, in the order of COLUMNS."""
    return [
        (
            path,
            one.compared,
            one.equal,
            one.excused.total(),
            len(one.unequal),
            one.neither,
            "; ".join(f"{count} {reason}" for reason, count in one.excused.items()),
        )
        for path, one in found.items()
    ]


def check_derived(play: Play) -> str:
    """What `hub rebuild --check` does."""
    found = rebuild.check(play.db, play.wiring(), say=lambda done: play.stage.moving(f"{done:,} records"))
    play.tell(
        f"features, keys, clusters, golden records and debts computed again: {len(found)} differ",
        deviations=len(found),
    )
    for one in found[:10]:
        play.expect(False, f"rebuild --check: {one.what} of {one.subject}: {one.detail}")
    return f"{len(found)} differences"


def _customers(play: Play) -> dict[str, str]:
    return {id: customer for (connection, id), customer in play.links().items() if connection == "erp"}


def _goldens(play: Play) -> dict[str, dict[str, str]]:
    """Customer id → path → text: what `hub export customers --format csv` writes."""
    rows = exports.customer_table(play.db, verbatim=True)
    head = next(rows)
    return {row[0]: dict(zip(head, row, strict=True)) for row in rows}
