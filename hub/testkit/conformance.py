"""The conformance suite: is what a manifest declares true?

For pytest, the whole test module of a connector that lives outside is:

    MANIFEST = read_manifest(FOLDER, name="acme")

    @pytest.fixture(scope="module")
    def bench(tmp_path_factory):
        with Bench(AcmeAdapter(), Acme, MANIFEST, folder=tmp_path_factory.mktemp("acme")) as bench:
            yield bench

    @pytest.mark.parametrize("case", cases(MANIFEST, AcmeAdapter.objects), ids=str)
    def test_conformance(case, bench):
        try:
            run(case, bench)
        except NotApplicable as reason:
            pytest.skip(str(reason))

A check is a function (bench, object); its docstring is the promise it proves. One that cannot apply raises
NotApplicable
with the reason; a broken promise is an AssertionError. After every check, all that was logged and raised is
searched for secrets.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import NamedTuple

from hub.sdk.manifest import Manifest
from hub.testkit import (
    checks_faults,
    checks_reading,
    checks_static,
    checks_values,
    checks_walking,
    checks_webhooks,
    checks_writing,
)
from hub.testkit.adapter import NotApplicable
from hub.testkit.bench import Bench


class Check(NamedTuple):
    """`needs`: capabilities an object must declare. `driven`: the adapter must be able to seed the object."""

    run: Callable[[Bench, str], None]
    needs: tuple[str, ...] = ()
    driven: bool = True

    @property
    def name(self) -> str:
        return self.run.__name__


class Case(NamedTuple):
    """One check of one object."""

    check: Check
    object: str

    def __str__(self) -> str:
        return f"{self.object}-{self.check.name}"


ONCE: tuple[Check, ...] = (
    Check(checks_static.manifest_and_class_agree, driven=False),
    Check(checks_static.settings_are_documented, driven=False),
    Check(checks_static.readme_states_the_evidence, driven=False),
    Check(checks_static.unknown_objects_are_unsupported, driven=False),
    Check(checks_static.check_succeeds, driven=False),
    Check(checks_static.check_fails_with_a_fix, driven=False),
    Check(checks_static.discover_lists_fields, driven=False),
    Check(checks_static.what_cannot_be_is_known, driven=False),
    Check(checks_faults.check_survives_faults, driven=False),
)

PER_OBJECT: tuple[Check, ...] = (
    Check(checks_static.undeclared_is_unsupported, driven=False),
    Check(checks_reading.pull_brings_everything, ("pull",)),
    Check(checks_reading.pull_resumes_after_any_page, ("pull",)),
    Check(checks_reading.pull_brings_later_changes, ("pull",)),
    Check(checks_reading.pull_keeps_ties, ("pull",)),
    Check(checks_reading.pull_survives_edits_meanwhile, ("pull",)),
    Check(checks_reading.pull_full_forgets_the_cursor, ("pull",)),
    Check(checks_reading.hostile_content_is_read, ("pull",)),
    Check(checks_reading.fetch_shows_present_and_gone, ("fetch",)),
    Check(checks_reading.versions_move_with_edits, ("pull",)),
    Check(checks_reading.deletes_are_told, ("deletes",)),
    Check(checks_reading.webhooks_are_verified, ("webhooks",)),
    Check(checks_webhooks.webhook_secrets_rotate, ("webhooks",)),
    Check(checks_webhooks.repeated_webhook_is_known, ("webhooks",)),
    Check(checks_webhooks.oversize_webhook_is_rejected, ("webhooks",)),
    Check(checks_webhooks.unsigned_ping_is_taken, ("webhooks",)),
    Check(checks_webhooks.signed_rubbish_is_rejected, ("webhooks",)),
    Check(checks_webhooks.vectors_hold, ("webhooks",)),
    Check(checks_walking.pull_ends_when_pages_repeat, ("pull",)),
    Check(checks_walking.pull_walks_over_empty_pages, ("pull",)),
    Check(checks_walking.pull_ends_on_a_repeated_last_page, ("pull",)),
    Check(checks_walking.pull_sees_a_circle, ("pull",)),
    Check(checks_walking.pull_survives_drift, ("pull",)),
    Check(checks_walking.pull_reads_within_its_overlap, ("pull",)),
    Check(checks_walking.pull_survives_a_wrong_clock, ("pull",)),
    Check(checks_walking.pull_ignores_our_time_zone, ("pull",)),
    Check(checks_walking.pull_keeps_the_hour_that_comes_twice, ("pull",)),
    Check(checks_values.money_is_exact, ("pull",)),
    Check(checks_values.blanks_stay_blank, ("pull",)),
    Check(checks_values.unknown_words_stop_nothing, ("pull",)),
    Check(checks_values.map_takes_hostile_content, ("pull",)),
    Check(checks_reading.no_network_in_a_transaction, ("pull",)),
    Check(checks_writing.update_changes_only_what_it_says, ("push",)),
    Check(checks_writing.update_of_a_missing_record_is_no_success, ("push",)),
    Check(checks_writing.stale_update_does_not_land, ("push", "conditional")),
    Check(checks_writing.nothing_to_push_is_nothing, ("push",)),
    Check(checks_writing.undeclared_create_is_refused, ("push",)),
    Check(checks_writing.refusal_stays_with_its_record, ("push",)),
    Check(checks_writing.create_makes_one_record, ("create",)),
    Check(checks_writing.find_meets_what_a_create_made, ("create", "find")),
    Check(checks_writing.find_of_nothing_is_empty, ("create", "find")),
    Check(checks_writing.hostile_content_is_written, ("push",)),
    Check(checks_faults.pull_survives_a_hiccup, ("pull",)),
    Check(checks_faults.pull_honours_retry_after, ("pull",)),
    Check(checks_faults.pull_refuses_a_web_page, ("pull",)),
    Check(checks_faults.pull_refuses_strange_answers, ("pull",)),
    Check(checks_faults.pull_stops_when_logged_out, ("pull",)),
    Check(checks_faults.pull_ends_with_its_lease, ("pull",)),
    Check(checks_faults.pull_refuses_too_much, ("pull",)),
    Check(checks_faults.absent_system_is_told, ("pull",)),
    Check(checks_faults.lost_answer_to_an_update_is_unknown, ("push",)),
    Check(checks_faults.lost_answer_to_a_create_is_found, ("create", "find")),
    Check(checks_faults.failed_write_is_never_done, ("push",)),
    Check(checks_faults.no_is_never_yes, ("pull",)),
    Check(checks_faults.refused_token_is_renewed, ("pull",)),
    Check(checks_faults.broken_batch_is_told_apart, ("push",)),
    Check(checks_writing.same_create_again_meets_its_record, ("create", "marker")),
)


def cases(manifest: Manifest, driven: Collection[str]) -> list[Case]:
    """The checks for what this manifest declares; `driven`: the objects its adapter can seed and read."""
    first = next(iter(manifest.objects))
    result = [Case(check, first) for check in ONCE]
    for object, declared in manifest.objects.items():
        for check in PER_OBJECT:
            if check.driven and object not in driven:
                continue
            known = {
                "conditional": declared.conditional,
                "marker": declared.marker,
                "webhooks": manifest.webhooks,
            }
            if all(known[need] if need in known else manifest.can(object, need) for need in check.needs):
                result.append(Case(check, object))
    return result


def run(case: Case, bench: Bench) -> None:
    """Run one check. Raises AssertionError for a broken promise, NotApplicable with the reason."""
    reason = bench.adapter.cannot.get(case.check.name)
    if reason:
        raise NotApplicable(reason)
    try:
        case.check.run(bench, case.object)
    except Exception as error:
        bench.raised(error)
        raise
    bench.assert_no_secret_told()
