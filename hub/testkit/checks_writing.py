"""Conformance: updates, creates and finding again what a create made."""

from __future__ import annotations

from hub.errors import Unsupported
from hub.testkit.adapter import NotApplicable
from hub.testkit.bench import Bench
from hub.testkit.contents import TEXTS


def update_changes_only_what_it_says(bench: Bench, object: str) -> None:
    """Each update is done with one receipt; the system shows the new text, and nothing else of the record has
    changed.
    """
    ids = bench.seed(object, 3)
    before = {one: dict(bench.adapter.comparable(object, bench.there(object, one))) for one in ids}
    changes = [bench.update(object, one, text=f"Updated {one}") for one in ids]
    for one, receipt in zip(ids, bench.push(object, *changes), strict=True):
        assert (receipt.outcome, receipt.external_id) == ("done", one), receipt
        there = bench.there(object, one)
        assert bench.text(object, there) == f"Updated {one}", (
            f"the system still says {bench.text(object, there)!r}"
        )
        assert bench.text(object, bench.shown(object, receipt).raw) == f"Updated {one}"
        now = dict(bench.adapter.comparable(object, there))
        old_text, new_text = bench.text(object, before[one]), bench.text(object, there)
        other = {name for name, value in now.items() if before[one].get(name) != value}
        strangers = [name for name in other if not _tells(now[name], new_text) and not _moves(name)]
        assert not strangers, f"the update of {old_text!r} also changed {strangers}"


def update_of_a_missing_record_is_no_success(bench: Bench, object: str) -> None:
    """An update of a record that is gone is refused with its cause; the others of its batch go through."""
    ids = bench.seed(object, 2)
    changes = [bench.update(object, one, text=f"Beside {one}") for one in ids]
    try:
        bench.adapter.remove(object, ids[0])
    except NotApplicable:
        changes[0] = changes[0]._replace(external_id=f"{ids[0]}987654")
    gone, beside = bench.push(object, *changes)
    assert gone.outcome in {"refused", "not_landed"}, f"the record is gone, the receipt says {gone.outcome}"
    assert beside.outcome == "done", f"{beside.outcome}: {beside.cause}"
    assert bench.text(object, bench.there(object, ids[1])) == f"Beside {ids[1]}"


def stale_update_does_not_land(bench: Bench, object: str) -> None:
    """An update on condition of a version that is no longer there does not land, and says so."""
    (one,) = bench.seed(object, 1)
    change = bench.update(object, one, text="Too Late")
    assert change.version, "conditional, but records have no version"
    bench.adapter.change(object, one, text="A Person Was Faster")
    (receipt,) = bench.push(object, change)
    assert receipt.outcome == "not_landed", f"{receipt.outcome}: {receipt.cause}"
    assert bench.text(object, bench.there(object, one)) == "A Person Was Faster"
    (receipt,) = bench.push(object, bench.update(object, one, text="In Time"))
    assert receipt.outcome == "done", receipt
    assert bench.text(object, bench.there(object, one)) == "In Time"


def nothing_to_push_is_nothing(bench: Bench, object: str) -> None:
    """An empty list of changes gives an empty list of receipts."""
    assert list(bench.connector().push(object, [])) == []


def undeclared_create_is_refused(bench: Bench, object: str) -> None:
    """Where only updates are declared, a create is refused or Unsupported, and makes nothing."""
    if bench.manifest.can(object, "create"):
        raise NotApplicable("creates are declared")
    try:
        (receipt,) = bench.push(object, bench.create(object))
    except Unsupported as error:
        bench.raised(error)
        return
    assert receipt.outcome == "refused", f"creates are not declared, yet one is {receipt.outcome}"


def refusal_stays_with_its_record(bench: Bench, object: str) -> None:
    """A change the system refuses is refused with its cause, and the others of the batch go through."""
    bad = bench.adapter.refused(object, bench.number())
    if bench.manifest.can(object, "create"):
        changes = [bench.create(object), bench.create(object)._replace(payload=bad), bench.create(object)]
    else:
        changes = [bench.update(object, one, text=f"Good {one}") for one in bench.seed(object, 3)]
        changes[1] = changes[1]._replace(payload=bad)
    first, refused, last = bench.push(object, *changes)
    assert refused.outcome == "refused", f"the system refuses it, the receipt says {refused.outcome}"
    for receipt in (first, last):
        assert receipt.outcome == "done", f"beside a refused one: {receipt.outcome}: {receipt.cause}"


def create_makes_one_record(bench: Bench, object: str) -> None:
    """Each create makes one record, as asked, and its receipt (or a read-back) shows it as the system has it."""
    changes = [bench.create(object, text=f"Created {number}") for number in range(3)]
    receipts = bench.push(object, *changes)
    assert len({receipt.external_id for receipt in receipts}) == len(changes), "two creates, one record"
    for number, receipt in enumerate(receipts):
        shown = bench.shown(object, receipt)
        assert bench.text(object, shown.raw) == f"Created {number}"
        bench.same(object, shown)
    pulled = bench.pull(object) if bench.manifest.can(object, "pull") else None
    for receipt in receipts:
        assert pulled is None or receipt.external_id in pulled.records, (
            f"{receipt.external_id} is not in a pull"
        )


def find_meets_what_a_create_made(bench: Bench, object: str) -> None:
    """After a create, find() for the same change gives that record, and no other one."""
    bench.seed(object, 2)
    first, second = bench.create(object), bench.create(object)
    made = bench.push(object, first, second)
    for change, receipt in zip((first, second), made, strict=True):
        found = [record.external_id for record in bench.connector().find(object, change)]
        assert found == [receipt.external_id], f"{change.key} is {receipt.external_id}, find() says {found}"


def find_of_nothing_is_empty(bench: Bench, object: str) -> None:
    """find() for a create that was never made gives nothing."""
    bench.seed(object, 2)
    found = list(bench.connector().find(object, bench.create(object)))
    assert found == [], f"nothing was created, find() says {[one.external_id for one in found]}"


def same_create_again_meets_its_record(bench: Bench, object: str) -> None:
    """A create repeated with its mark, for want of a search, meets the record it made; there is no second one."""
    if bench.manifest.can(object, "find"):
        raise NotApplicable("the hub looks for the record before it repeats a create")
    change = bench.create(object)
    (first,) = bench.push(object, change)
    (again,) = bench.push(object, change)
    assert (again.outcome, again.external_id) == ("done", first.external_id), (
        f"the same create again: {again}"
    )


def hostile_content_is_written(bench: Bench, object: str) -> None:
    """Any text is either written as it is, or refused with its cause; never changed or cut in silence."""
    ids = bench.seed(object, len(TEXTS))
    for one, (what, text) in zip(ids, TEXTS.items(), strict=True):
        (receipt,) = bench.push(object, bench.update(object, one, text=text))
        there = bench.there(object, one)
        if receipt.outcome == "done":
            expected = bench.adapter.expected(object, text)
            assert bench.text(object, there) == expected, (
                f"{what}: {text!r} became {bench.text(object, there)!r}"
            )
            shown = bench.shown(object, receipt)
            assert bench.text(object, shown.raw) == expected, f"{what}: the receipt shows another text"
        else:
            assert receipt.outcome == "refused", f"{what}: {receipt.outcome}: {receipt.cause}"
            assert bench.text(object, there) != text, f"{what}: refused, and written all the same"


def _tells(value: object, text: str | None) -> bool:
    """Whether a changed field is just another view of the new text (a display name)."""
    return bool(text) and str(text) in str(value)


def _moves(name: str) -> bool:
    """Fields that any write moves."""
    return any(
        word in name.lower()
        for word in ("rev", "version", "etag", "updated", "modified", "write_", "timestamp")
    )
