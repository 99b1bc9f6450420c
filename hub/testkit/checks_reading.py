"""Conformance: pulling, fetching, deletes and webhooks."""

from __future__ import annotations

from typing import Any

from hub import guard
from hub.errors import RecordRejected, RetryLater
from hub.testkit.adapter import NotApplicable, Refused
from hub.testkit.bench import PAGE, Bench, Pulled
from hub.testkit.contents import TEXTS


def pull_brings_everything(bench: Bench, object: str) -> None:
    """A pull from nothing brings every record, each as the system has it, in JSON types."""
    ids = bench.seed(object, PAGE * 2 + 1)
    pulled = bench.pull(object)
    _all_there(ids, pulled)
    for one in ids:
        bench.same(object, pulled.records[one])


def pull_resumes_after_any_page(bench: Bench, object: str) -> None:
    """Whichever page was the last one stored, going on from its cursor with a new connector loses nothing."""
    ids = bench.seed(object, PAGE * 2 + 1)
    pages = len(bench.pull(object).cursors)
    for taken in {1, 2, pages // 2, pages - 1, pages}:
        if not 1 <= taken <= pages:
            continue
        first = bench.pull(object, pages=taken)
        rest = bench.pull(object, first.cursor)
        _all_there(ids, first, rest)


def pull_brings_later_changes(bench: Bench, object: str) -> None:
    """From the last cursor on: what was changed or made since comes, and the pull ends."""
    old = bench.seed(object, 2)
    cursor = bench.pull(object).cursor
    bench.adapter.change(object, old[0], text="Changed Later")
    new = bench.seed(object, 1)
    later = bench.pull(object, cursor)
    _all_there([old[0], *new], later)
    assert bench.text(object, later.records[old[0]].raw) == "Changed Later"
    # Nothing has changed since: whatever still comes is repetition, and the cursor can be used again.
    bench.pull(object, later.cursor if later.cursor is not None else cursor)


def pull_keeps_ties(bench: Bench, object: str) -> None:
    """Many records of one modification time, more than a page, come whole, from any cursor between them."""
    payloads = [bench.adapter.payload(object, bench.number()) for _ in range(PAGE * 3 + 1)]
    before = bench.pull(object).cursor
    ids = bench.adapter.seed_together(object, payloads)
    pulled = bench.pull(object, before)
    _all_there(ids, pulled)
    for taken in range(1, len(pulled.cursors)):
        first = bench.pull(object, before, pages=taken)
        rest = bench.pull(object, first.cursor if first.cursor is not None else before)
        _all_there(ids, first, rest)


def pull_survives_edits_meanwhile(bench: Bench, object: str) -> None:
    """Records that are edited, so that they move in the list, while it is read: none of the others is missed,
    and the next
    pull brings the edits."""
    ids = bench.seed(object, PAGE * 3)

    def edit(page: int) -> None:
        if page <= 3:
            bench.adapter.change(object, ids[(page - 1) * 2], text=f"Moved {page}")

    pulled = bench.pull(object, between=edit)
    _all_there(ids, pulled)
    after = bench.pull(object, pulled.cursor)
    for page in (1, 2, 3):
        one = ids[(page - 1) * 2]
        newest = after.records.get(one) or pulled.records[one]
        assert bench.text(object, newest.raw) == f"Moved {page}", f"the edit of {one} during the pull is lost"


def pull_full_forgets_the_cursor(bench: Bench, object: str) -> None:
    """`full` brings everything, whatever the cursor."""
    ids = bench.seed(object, PAGE + 1)
    cursor = bench.pull(object).cursor
    _all_there(ids, bench.pull(object, cursor, full=True))


def hostile_content_is_read(bench: Bench, object: str) -> None:
    """Whatever text the system takes comes out of a pull as the system shows it, and nothing is lost beside it."""
    expected: dict[str, str] = {}
    for what, text in TEXTS.items():
        payload = bench.adapter.payload(object, bench.number(), text=text)
        try:
            expected[bench.adapter.seed(object, payload)] = what
        except Refused:
            continue
    if not expected:
        raise NotApplicable("the system takes none of the texts")
    pulled = bench.pull(object)
    for one, what in expected.items():
        record = pulled.records.get(one)
        if record is None:
            said = [str(rejected) for rejected in pulled.rejected]
            assert any(one in text for text in said), (
                f"{what}: {one} neither came nor was rejected with its cause"
            )
            continue
        bench.same(object, record)


def fetch_shows_present_and_gone(bench: Bench, object: str) -> None:
    """fetch() gives each id once: as it is now, or deleted=True for one that is not there."""
    ids = bench.seed(object, 2)
    bench.adapter.change(object, ids[0], text="Fetched Now")
    missing = _missing(bench, object)
    asked = [*ids, missing][: bench.capabilities(object).fetch_batch]
    found = {record.external_id: record for record in bench.connector().fetch(object, asked)}
    assert sorted(found) == sorted(asked), f"asked for {asked}, got {sorted(found)}"
    for one in set(asked) & set(ids):
        assert not found[one].deleted
        bench.same(object, found[one])
    alone = list(bench.connector().fetch(object, [missing]))
    assert [(one.external_id, one.deleted) for one in alone] == [(missing, True)], alone
    assert list(bench.connector().fetch(object, [])) == []


def versions_move_with_edits(bench: Bench, object: str) -> None:
    """Where the manifest declares a version, every record has one, and an edit changes it."""
    declared = bench.capabilities(object)
    (one,) = bench.seed(object, 1)
    before = bench.pull(object).records[one]
    if declared.version == "none":
        assert before.version is None, "the manifest declares no version, but records have one"
        return
    assert before.version, f"{one} has no version"
    bench.adapter.change(object, one, text="Another Version")
    after = bench.pull(object).records[one]
    assert after.version != before.version, "an edit left the version as it was"


def deletes_are_told(bench: Bench, object: str) -> None:
    """deletes() tells what was removed, and never a record that is there; its cursor can be stored and used again."""
    connector = bench.connector()
    ids = bench.seed(object, 4)
    bench.pull(object, connector=connector)
    start = bench.stored(connector.deletes(object, None, list(ids)).cursor)
    bench.adapter.remove(object, ids[0])
    bench.adapter.remove(object, ids[2])
    told = bench.connector().deletes(object, start, iter(ids))
    assert {ids[0], ids[2]} <= set(told.external_ids), (
        f"{ids[0]} and {ids[2]} are gone; told: {told.external_ids}"
    )
    assert not {ids[1], ids[3]} & set(told.external_ids), f"told as deleted, but there: {told.external_ids}"
    again = bench.connector().deletes(object, bench.stored(told.cursor), [ids[1], ids[3]])
    assert not {ids[1], ids[3]} & set(again.external_ids)


def webhooks_are_verified(bench: Bench, object: str) -> None:
    """A signed webhook gives its hints; one that is altered, unsigned, wrongly signed or old is rejected."""
    (one,) = bench.seed(object, 1)
    headers, body = bench.adapter.webhook(object, one)
    connector = bench.connector()
    hints = connector.verify_webhook(headers, body)
    assert [(hint.object, hint.external_id) for hint in hints] == [(object, one)]
    shouted = {name.upper(): value for name, value in headers.items()}
    assert connector.verify_webhook(shouted, body) == hints, "header names are not case-sensitive"
    for what, altered, content in (
        ("a changed body", headers, body + b" "),
        ("no headers", {}, body),
        ("a changed signature", {name: value[:-4] + "0000" for name, value in headers.items()}, body),
        ("a signature that is no signature", dict.fromkeys(headers, "\u00e9=,"), body),
        ("an empty body", headers, b""),
    ):
        _rejects(bench, what, altered, content)
    _rejects(bench, "an old message", *bench.adapter.webhook(object, one, age=86_400))


def no_network_in_a_transaction(bench: Bench, object: str) -> None:
    """A remote call inside a database transaction is refused before anything is sent."""
    bench.seed(object, 1)
    with bench.faulty() as proxy:
        connector = bench.connector(url=proxy.address)
        try:
            with guard.transaction():
                list(connector.pull(object, None))
        except RuntimeError:
            assert not proxy.requests, f"{len(proxy.requests)} calls were made inside a transaction"
            return
    raise AssertionError("a pull inside a transaction was not refused")


def _all_there(ids: list[str], *pulls: Pulled) -> None:
    got: set[str] = set()
    for pulled in pulls:
        got |= {one for one, record in pulled.records.items() if not record.deleted}
    lost = [one for one in ids if one not in got]
    assert not lost, f"lost: {lost}"


def _missing(bench: Bench, object: str) -> str:
    """The id of a record that was there."""
    (one,) = bench.seed(object, 1)
    try:
        bench.adapter.remove(object, one)
    except NotApplicable:
        return f"{one}987654"
    return one


def _rejects(bench: Bench, what: str, headers: Any, body: bytes) -> None:
    try:
        bench.connector().verify_webhook(headers, body)
    except RecordRejected as error:
        bench.raised(error)
        return
    except RetryLater as error:
        raise AssertionError(f"{what}: would be tried again: {error}") from None
    raise AssertionError(f"{what} was taken for a good webhook")
