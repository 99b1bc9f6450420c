"""The conformance suite is only worth something if it fails: each broken connector here must be caught by the check
that is about its fault."""

from __future__ import annotations

import inspect
import subprocess
import sys
import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from unit.testkit.broken_connectors import (
    AlwaysDone,
    BatchFailsWhole,
    BigPages,
    CheckRaises,
    CheckTellsSecret,
    Content,
    Crashes,
    CursorAhead,
    Cuts,
    DiscoversTwice,
    Doubtful,
    DoubtIsRetry,
    DropsLast,
    Endless,
    EndsEarly,
    ErrorTellsSecret,
    FetchForgetsMissing,
    FindsAnybody,
    FindsNothing,
    ForgetsEdits,
    GuessesOrders,
    Hidden,
    IgnoresFull,
    IgnoresVersion,
    InventsReceipts,
    NoFix,
    NotJson,
    NoVersion,
    NoWrites,
    OldWebhooks,
    OneReceiptShort,
    PasswordInTheOpen,
    PullsAnything,
    RepeatsCreates,
    ReprTellsSecret,
    StrictlyAfter,
    SwallowsFaults,
    TakesBusyForEmpty,
    TellsAllDeleted,
    TellsNoneDeleted,
    Trims,
    TrustsWebhooks,
    UndocumentedSetting,
    Unhurried,
    WritesNothing,
    WritesTooMuch,
)

from hub.sdk.connector import (
    Connector,
)
from hub.sdk.manifest import Manifest, read_manifest
from hub.testkit import conformance
from hub.testkit.bench import Bench
from hub.testkit.conformance import ONCE, PER_OBJECT, Case, cases, run
from hub.testkit.hostile.adapter import HostileAdapter
from hub.testkit.hostile.connector import Hostile

HOME = Path(inspect.getfile(Hostile)).parent
HOSTILE = read_manifest(HOME)


def declared(**changes: Any) -> Manifest:
    """The hostile manifest with other capabilities for customers."""
    return replace(
        HOSTILE, objects={**HOSTILE.objects, "customer": replace(HOSTILE.objects["customer"], **changes)}
    )


BROKEN: list[tuple[type[Connector], str, Manifest]] = [
    (DropsLast, "pull_brings_everything", HOSTILE),
    (EndsEarly, "pull_brings_everything", HOSTILE),
    (CursorAhead, "pull_resumes_after_any_page", HOSTILE),
    (CursorAhead, "pull_brings_later_changes", HOSTILE),
    (StrictlyAfter, "pull_keeps_ties", HOSTILE),
    (IgnoresFull, "pull_full_forgets_the_cursor", HOSTILE),
    (Endless, "pull_brings_everything", HOSTILE),
    (BigPages, "pull_brings_everything", HOSTILE),
    (NotJson, "pull_brings_everything", HOSTILE),
    (Trims, "hostile_content_is_read", HOSTILE),
    (NoVersion, "versions_move_with_edits", HOSTILE),
    (Hostile, "versions_move_with_edits", declared(version="none", conditional=False)),
    (FetchForgetsMissing, "fetch_shows_present_and_gone", HOSTILE),
    (TellsAllDeleted, "deletes_are_told", HOSTILE),
    (TellsNoneDeleted, "deletes_are_told", HOSTILE),
    (TrustsWebhooks, "webhooks_are_verified", HOSTILE),
    (OldWebhooks, "webhooks_are_verified", HOSTILE),
    (OneReceiptShort, "create_makes_one_record", HOSTILE),
    (AlwaysDone, "refusal_stays_with_its_record", HOSTILE),
    (AlwaysDone, "update_of_a_missing_record_is_no_success", HOSTILE),
    (AlwaysDone, "failed_write_is_never_done", HOSTILE),
    (AlwaysDone, "lost_answer_to_an_update_is_unknown", HOSTILE),
    (WritesNothing, "update_changes_only_what_it_says", HOSTILE),
    (WritesNothing, "create_makes_one_record", HOSTILE),
    (WritesTooMuch, "update_changes_only_what_it_says", HOSTILE),
    (BatchFailsWhole, "refusal_stays_with_its_record", HOSTILE),
    (IgnoresVersion, "stale_update_does_not_land", HOSTILE),
    (DoubtIsRetry, "lost_answer_to_a_create_is_found", HOSTILE),
    (DoubtIsRetry, "failed_write_is_never_done", HOSTILE),
    (RepeatsCreates, "lost_answer_to_a_create_is_found", HOSTILE),
    (Cuts, "hostile_content_is_written", HOSTILE),
    (FindsNothing, "find_meets_what_a_create_made", HOSTILE),
    (FindsAnybody, "find_of_nothing_is_empty", HOSTILE),
    (GuessesOrders, "undeclared_is_unsupported", HOSTILE),
    (PullsAnything, "unknown_objects_are_unsupported", HOSTILE),
    (Hostile, "undeclared_is_unsupported", declared(find=False)),
    (Hostile, "undeclared_create_is_refused", declared(create=False)),
    (Content, "check_fails_with_a_fix", HOSTILE),
    (Content, "check_survives_faults", HOSTILE),
    (NoFix, "check_fails_with_a_fix", HOSTILE),
    (CheckRaises, "check_fails_with_a_fix", HOSTILE),
    (CheckRaises, "check_survives_faults", HOSTILE),
    (CheckTellsSecret, "check_fails_with_a_fix", HOSTILE),
    (ReprTellsSecret, "pull_brings_everything", HOSTILE),
    (ErrorTellsSecret, "pull_refuses_a_web_page", HOSTILE),
    (Crashes, "pull_refuses_strange_answers", HOSTILE),
    (SwallowsFaults, "pull_refuses_a_web_page", HOSTILE),
    (SwallowsFaults, "pull_stops_when_logged_out", HOSTILE),
    (TakesBusyForEmpty, "pull_survives_a_hiccup", HOSTILE),
    (SwallowsFaults, "pull_honours_retry_after", HOSTILE),
    (SwallowsFaults, "pull_refuses_too_much", HOSTILE),
    (SwallowsFaults, "absent_system_is_told", HOSTILE),
    (Unhurried, "pull_honours_retry_after", HOSTILE),
    (ForgetsEdits, "pull_survives_edits_meanwhile", HOSTILE),
    (InventsReceipts, "nothing_to_push_is_nothing", HOSTILE),
    (Doubtful, "check_succeeds", HOSTILE),
    (Hidden, "no_network_in_a_transaction", HOSTILE),
    (SwallowsFaults, "pull_ends_with_its_lease", HOSTILE),
    (UndocumentedSetting, "settings_are_documented", HOSTILE),
    (PasswordInTheOpen, "settings_are_documented", HOSTILE),
    (DiscoversTwice, "discover_lists_fields", HOSTILE),
    (NoWrites, "manifest_and_class_agree", HOSTILE),
    (Hostile, "manifest_and_class_agree", replace(HOSTILE, webhooks=False)),
    (Hostile, "manifest_and_class_agree", declared(unique=("e_mail",))),
    (Hostile, "readme_states_the_evidence", replace(HOSTILE, evidence="real server 1.0, 2026-01-01")),
]


@pytest.mark.parametrize(
    ("kind", "name", "manifest"), BROKEN, ids=lambda one: getattr(one, "__name__", str(one)[:45])
)
def test_a_broken_connector_is_caught(
    kind: type[Connector], name: str, manifest: Manifest, tmp_path: Path
) -> None:
    found = [one for one in cases(manifest, HostileAdapter.objects) if one.check.name == name]
    with Bench(HostileAdapter(), kind, manifest, folder=tmp_path, home=HOME) as bench:
        caught = [type(error).__name__ for case in found if (error := failure(case, bench)) is not None]
    # A crash is a failure too, but only where crashing is the fault.
    assert caught and set(caught) <= {"AssertionError", *CRASHING.get(kind, ())}, caught


CRASHING: Mapping[type[Connector], Sequence[str]] = {
    Crashes: ("KeyError", "TypeError", "AttributeError", "IndexError"),
    Hostile: ("UnknownPath",),
}


def failure(case: Case, bench: Bench) -> Exception | None:
    try:
        run(case, bench)
    except Exception as error:
        return error
    return None


def test_every_check_is_in_the_table_and_promises_something() -> None:
    from hub.testkit import (
        checks_faults,
        checks_reading,
        checks_static,
        checks_values,
        checks_walking,
        checks_webhooks,
        checks_writing,
    )

    listed: set[Callable[..., None]] = {check.run for check in (*ONCE, *PER_OBJECT)}
    for module in (
        *(checks_faults, checks_reading, checks_static, checks_values, checks_walking, checks_webhooks),
        checks_writing,
    ):
        for name, function in vars(module).items():
            if (
                inspect.isfunction(function)
                and function.__module__ == module.__name__
                and not name.startswith("_")
            ):
                assert function in listed, f"{name} is never run"
                assert (function.__doc__ or "").strip(), f"{name} promises nothing"


def test_every_check_has_a_broken_connector() -> None:
    from unit.testkit.test_suite_catches_more import PROVEN

    proven = {name for _, name, _ in BROKEN} | PROVEN
    names = {check.name for check in (*ONCE, *PER_OBJECT)}
    assert names - proven == set()


@pytest.mark.slow
def test_the_test_module_in_the_documentation_runs(tmp_path: Path) -> None:
    documentation = conformance.__doc__ or ""
    module = textwrap.dedent(
        documentation.partition("lives outside is:\n")[2].partition("A check is a function")[0]
    )
    head = f"""
import pytest
from pathlib import Path
from hub.sdk.manifest import read_manifest
from hub.testkit.adapter import NotApplicable
from hub.testkit.bench import Bench
from hub.testkit.conformance import cases, run
from hub.testkit.hostile.adapter import HostileAdapter as AcmeAdapter
from hub.testkit.hostile.connector import Hostile as Acme
FOLDER = Path({str(HOME)!r})
"""
    (tmp_path / "test_acme.py").write_text(head + module.replace('name="acme"', 'name="hostile"'))
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-k",
        "readme or fetch or undeclared_create",
    ]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert "2 passed, 1 skipped" in done.stdout
