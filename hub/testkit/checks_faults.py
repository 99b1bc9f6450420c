"""Conformance: what happens when the way to the system, or the system, fails. A faulty proxy stands between."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any

from hub.errors import ConnectionBroken, HubError, NeedsReauth, RateLimited, RetryLater, Unsupported
from hub.sdk.connector import Change, Connector
from hub.sdk.limits import Limits
from hub.testkit.adapter import NotApplicable
from hub.testkit.bench import PAGE, Bench, Pulled
from hub.testkit.loopback import Fault, Request
from hub.testkit.proxy import Proxy

MANY = 1000
_STRANGE = (
    b"{}",
    b"[]",
    b"null",
    b"0",
    b'"x"',
    b"",
    b'{"error": "busy"}',
    b'{"rows": [{"id"',
    b"\xff\xfe\x00",
)


def check_survives_faults(bench: Bench, object: str) -> None:
    """Whatever stands at the address, check() ends in a failed step with a fix; it raises nothing."""
    with bench.faulty() as proxy:
        for fault in (
            Fault("html", times=MANY),
            Fault("status", status=401, times=MANY),
            Fault("status", status=404, times=MANY),
            Fault("status", status=503, times=MANY),
            Fault("reset", times=MANY),
            *(Fault("json", body=body, times=MANY) for body in _STRANGE),
        ):
            proxy.arm(fault)
            what = f"{fault.kind} {fault.status} {fault.body!r}"
            try:
                findings = list(bench.connector(url=proxy.address).check())
            except HubError as error:
                bench.raised(error)
                raise AssertionError(f"{what}: check() raised: {error}") from None
            assert findings and not findings[-1].ok, f"{what}: check() is content"
            assert findings[-1].fix, f"{what}: {findings[-1].detail} has no fix"
            bench.overheard(repr(findings))


def pull_survives_a_hiccup(bench: Bench, object: str) -> None:
    """One 503, 429 or drop at any of the first calls loses nothing: repeated at once, or by the next run."""
    start = bench.pull(object).cursor
    ids = bench.seed(object, PAGE * 2 + 1)
    with bench.faulty() as proxy:
        for skip in range(3):
            for fault in (
                Fault("status", status=503, skip=skip),
                Fault("status", status=429, skip=skip),
                Fault("status", status=429, retry_after="0", skip=skip),
                Fault("reset", skip=skip),
            ):
                proxy.arm(fault)
                pulled = Pulled({}, [], [])
                error = _until_error(bench, object, bench.connector(url=proxy.address), pulled, cursor=start)
                assert error is None or isinstance(error, RetryLater), (
                    f"{fault.kind} {fault.status}: {error!r}"
                )
                proxy.calm()
                reached = pulled.cursor if pulled.cursor is not None else start
                rest = bench.pull(object, reached) if error else Pulled({}, [], [])
                lost = set(ids) - set(pulled.records) - set(rest.records)
                assert not lost, f"{fault.kind} {fault.status} at call {skip + 1} lost {lost}"


def pull_honours_retry_after(bench: Bench, object: str) -> None:
    """A long Retry-After is not slept through but handed up; without one, it is still RateLimited."""
    bench.seed(object, 1)
    with bench.faulty() as proxy:
        proxy.arm(Fault("status", status=429, retry_after="120", times=MANY))
        error = _pull_error(bench, object, proxy)
        assert isinstance(error, RateLimited), repr(error)
        assert error.after == 120.0, f"asked to wait 120 s, says {error.after}"
        proxy.arm(Fault("status", status=429, times=MANY))
        assert isinstance(_pull_error(bench, object, proxy), RateLimited)


def pull_refuses_a_web_page(bench: Bench, object: str) -> None:
    """A web page where data should be is an error that says so, at any of the first calls."""
    bench.seed(object, PAGE + 1)
    with bench.faulty() as proxy:
        for skip in range(2):
            proxy.arm(Fault("html", times=MANY, skip=skip))
            error = _pull_error(bench, object, proxy)
            assert isinstance(error, ConnectionBroken | RetryLater), repr(error)
            assert "page" in str(error).lower() or "html" in str(error).lower(), (
                f"it does not say so: {error}"
            )


def pull_refuses_strange_answers(bench: Bench, object: str) -> None:
    """An answer of another shape than agreed ends in one of our errors, never in a crash or a circle."""
    bench.seed(object, PAGE + 1)
    with bench.faulty() as proxy:
        for skip in range(3):
            for body in _STRANGE:
                proxy.arm(Fault("json", body=body, times=MANY, skip=skip))
                _until_error(bench, object, bench.connector(url=proxy.address), Pulled({}, [], []))


def pull_stops_when_logged_out(bench: Bench, object: str) -> None:
    """A 401 in the middle: a connector that can log in again goes on; otherwise, and if it lasts, NeedsReauth."""
    ids = bench.seed(object, PAGE * 2 + 1)
    with bench.faulty() as proxy:
        proxy.arm(Fault("status", status=401, skip=1))
        pulled = Pulled({}, [], [])
        error = _until_error(bench, object, bench.connector(url=proxy.address), pulled)
        assert error is None or isinstance(error, NeedsReauth), repr(error)
        assert error or set(ids) <= set(pulled.records), "logged in again, but records are lost"
        proxy.arm(Fault("status", status=401, skip=1, times=MANY))
        error = _pull_error(bench, object, proxy)
        assert isinstance(error, NeedsReauth), repr(error)


def pull_ends_with_its_lease(bench: Bench, object: str) -> None:
    """However slow the answer, a call ends when the lease does."""
    bench.seed(object, 1)
    with bench.faulty() as proxy:
        for kind in ("slow", "drip"):
            proxy.arm(Fault(kind, seconds=30.0, times=MANY))
            end = time.monotonic() + 0.7
            source = bench.connector(url=proxy.address, deadline=partial(_left, end))
            error = _until_error(bench, object, source, Pulled({}, [], []))
            late = time.monotonic() - end
            assert isinstance(error, RetryLater), f"{kind}: {error!r}"
            assert late < 3.0, f"{kind}: the call outlived its lease by {late:.1f} s"


def pull_refuses_too_much(bench: Bench, object: str) -> None:
    """An answer beyond the size cap is an error, not a full memory."""
    bench.seed(object, 1)
    with bench.faulty() as proxy:
        proxy.arm(Fault("oversize", times=MANY))
        limits = Limits(max_bytes=256 * 1024, patience=1.0)
        source = bench.connector(url=proxy.address, limits=limits)
        error = _until_error(bench, object, source, Pulled({}, [], []))
        assert isinstance(error, HubError), f"{error!r}"


def absent_system_is_told(bench: Bench, object: str) -> None:
    """Nobody listens: check() says so, pull raises RetryLater, and a write is certainly not done."""
    (one,) = bench.seed(object, 1)
    can_push = bench.manifest.can(object, "push")
    change = bench.update(object, one, text="Never Sent") if can_push else None
    with bench.faulty() as proxy:
        address = proxy.address
    findings = list(bench.connector(url=address).check())
    assert findings and not findings[-1].ok and findings[-1].fix, f"check() says {findings}"
    error = _until_error(bench, object, bench.connector(url=address), Pulled({}, [], []))
    assert isinstance(error, RetryLater), f"{error!r}"
    if change is not None:
        source = bench.connector(url=address)
        outcome = _outcome(bench, object, change, source)
        assert outcome in {"retry", "not_landed"}, f"nothing was sent, the receipt says {outcome}"


def lost_answer_to_an_update_is_unknown(bench: Bench, object: str) -> None:
    """The update landed, its answer did not come: the receipt says unknown, and the same write again settles it."""
    (one,) = bench.seed(object, 1)
    change = bench.update(object, one, text="Landed Unseen")
    with bench.faulty() as proxy:
        proxy.arm(Fault("lost", when=_writes(bench)))
        (receipt,) = bench.push(object, change, connector=bench.connector(url=proxy.address))
        assert receipt.outcome == "unknown", f"no answer came, the receipt says {receipt.outcome}"
    assert bench.text(object, bench.there(object, one)) == "Landed Unseen"
    (receipt,) = bench.push(object, change._replace(version=None))
    assert receipt.outcome == "done", f"the same write again: {receipt.outcome}: {receipt.cause}"


def lost_answer_to_a_create_is_found(bench: Bench, object: str) -> None:
    """The create landed, its answer did not come: unknown; find() gives the one record, and there is no second one."""
    change = bench.create(object, text=f"Created Unseen {bench.number()}")
    text = bench.adapter.text_of(object, change.payload)
    with bench.faulty() as proxy:
        proxy.arm(Fault("lost", when=_writes(bench)))
        (receipt,) = bench.push(object, change, connector=bench.connector(url=proxy.address))
        assert receipt.outcome == "unknown", f"no answer came, the receipt says {receipt.outcome}"
    found = list(bench.connector().find(object, change))
    assert len(found) == 1, f"one record was made, find() gives {len(found)}"
    bench.same(object, found[0])
    try:
        number = bench.adapter.count(object, text or bench.text(object, found[0].raw) or "")
    except NotApplicable:
        return
    assert number == 1, f"{number} records were made by one create"


def failed_write_is_never_done(bench: Bench, object: str) -> None:
    """A write that met an error page, a 5xx or a drop is unknown; one that was told to wait says retry, and when."""
    (one,) = bench.seed(object, 1)
    with bench.faulty() as proxy:
        for fault, allowed in (
            (Fault("status", status=500), {"unknown"}),
            (Fault("status", status=503, retry_after="120"), {"unknown"}),
            (Fault("html"), {"unknown"}),
            (Fault("json", body=b"{"), {"unknown"}),
            (Fault("reset"), {"unknown"}),
            (Fault("status", status=429, retry_after="120"), {"retry"}),
        ):
            change = bench.update(object, one, text=f"After {fault.kind} {fault.status}")
            proxy.arm(fault._replace(times=MANY, when=_writes(bench)))
            source = bench.connector(url=proxy.address)
            outcome = _outcome(bench, object, change, source)
            assert outcome in allowed, (
                f"{fault.kind} {fault.status}: {outcome}, not {' or '.join(sorted(allowed))}"
            )
            proxy.calm()


def no_is_never_yes(bench: Bench, object: str) -> None:
    """An answer with status 200 that says no is no empty list, no good check and no write that is done."""
    bodies = bench.adapter.no_answers()
    (one,) = bench.seed(object, 1)
    with bench.faulty() as proxy:
        for body in bodies:
            proxy.arm(Fault("json", body=body, times=MANY))
            error = _until_error(bench, object, bench.connector(url=proxy.address), Pulled({}, [], []))
            assert isinstance(error, HubError), f"{body!r}: the pull is content"
            findings = list(bench.connector(url=proxy.address).check())
            assert findings and not findings[-1].ok, f"{body!r}: check() is content"
            if not bench.manifest.can(object, "push"):
                continue
            proxy.calm()
            change = bench.update(object, one, text="Never Done")
            proxy.arm(Fault("json", body=body, times=MANY, when=_writes(bench)))
            try:
                outcome = _outcome(bench, object, change, bench.connector(url=proxy.address))
            except HubError as told:
                bench.raised(told)
                continue
            assert outcome != "done", f"{body!r}: the write is called done"


def refused_token_is_renewed(bench: Bench, object: str) -> None:
    """Where access tokens can be renewed, one that is refused in the middle of a pull is, and nothing is lost."""
    try:
        bench.connector().authorisation()
    except Unsupported:
        raise NotApplicable("its credentials are settings: there is nothing to renew") from None
    ids = bench.seed(object, PAGE * 2 + 1)
    with bench.faulty() as proxy:
        for skip in (1, 2):
            proxy.arm(
                Fault("status", status=401, skip=skip, when=lambda request: "token" not in request.path)
            )
            pulled = Pulled({}, [], [])
            error = _until_error(bench, object, bench.connector(url=proxy.address), pulled)
            assert error is None, f"the token was refused at call {skip + 1}, and not renewed: {error!r}"
            assert set(ids) <= set(pulled.records), "renewed, but records are lost"


def broken_batch_is_told_apart(bench: Bench, object: str) -> None:
    """The way fails in the middle of a batch: what is called done is there, and what is called not done is not."""
    for fault in (
        Fault("reset", skip=1, times=MANY),
        Fault("lost", skip=1, times=MANY),
        Fault("status", status=429, retry_after="120", skip=1, times=MANY),
        Fault("status", status=503, skip=1, times=MANY),
    ):
        ids = bench.seed(object, bench.capabilities(object).push_batch)
        changes = [bench.update(object, one, text=f"Midway {one}") for one in ids]
        with bench.faulty() as proxy:
            proxy.arm(fault._replace(when=_writes(bench)))
            receipts = bench.push(object, *changes, connector=bench.connector(url=proxy.address))
        for one, receipt in zip(ids, receipts, strict=True):
            landed = bench.text(object, bench.there(object, one)) == f"Midway {one}"
            what = f"{fault.kind} {fault.status}: {one} is {receipt.outcome}, and landed: {landed}"
            assert landed if receipt.outcome == "done" else receipt.outcome == "unknown" or not landed, what


def _left(end: float) -> float:
    return end - time.monotonic()


def _writes(bench: Bench) -> Callable[[Request], bool]:
    return lambda request: bench.adapter.is_write(request.method, request.path, request.body)


def _pull_error(bench: Bench, object: str, proxy: Proxy) -> HubError:
    error = _until_error(bench, object, bench.connector(url=proxy.address), Pulled({}, [], []))
    assert error is not None, "the pull went through"
    return error


def _until_error(
    bench: Bench, object: str, source: Connector, pulled: Pulled, *, cursor: Any = None
) -> HubError | None:
    """Pull into `pulled`; the error that ended it, or None at the end."""
    try:
        for page in source.pull(object, cursor):
            pulled.records.update({record.external_id: record for record in page.records})
            pulled.cursors.append(page.cursor)
            assert len(pulled.cursors) < 2000, "the pull does not end"
    except HubError as error:
        bench.raised(error)
        return error
    return None


def _outcome(bench: Bench, object: str, change: Change, source: Connector) -> str:
    """The receipt's outcome; an error raised instead means that nothing was sent."""
    try:
        return bench.push(object, change, connector=source)[0].outcome
    except RetryLater as error:
        bench.raised(error)
        return "retry"
