"""Conformance: what a connector says about itself, and its connection check."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import Any

from hub.canonical.paths import parse
from hub.errors import HubError, Unsupported, WrongUse
from hub.sdk.connector import Change, Connector, Finding
from hub.sdk.redaction import sensitive
from hub.sdk.rest.connector import RestConnector
from hub.sdk.spec import KINDS
from hub.testkit.adapter import NotApplicable
from hub.testkit.bench import Bench

_METHODS = {
    "push": "push", "create": "push", "find": "find", "deletes": "deletes", "merges": "merges", "fetch": "fetch",
}  # fmt: skip


def manifest_and_class_agree(bench: Bench, object: str) -> None:
    """A declared capability has its method, a method its declaration; paths and objects are words of ours."""
    manifest, kind = bench.manifest, bench.kind
    for capability, method in _METHODS.items():
        declared = any(manifest.can(one, capability) for one in manifest.objects)
        own = getattr(kind, method) is not getattr(Connector, method)
        assert own or not declared, (
            f"the manifest declares {capability}, but {kind.__name__} has no {method}()"
        )
    for method, flag in (("discover", manifest.discover), ("verify_webhook", manifest.webhooks)):
        own = getattr(kind, method) is not getattr(Connector, method)
        # A declared connector has every method, and goes by its manifest (unknown_objects_are_unsupported).
        assert own == flag or (own and issubclass(kind, RestConnector)), (
            f"the manifest says {flag} to {method}, the class says {own}"
        )
    for one, capabilities in manifest.objects.items():
        for path in (*capabilities.unique, *capabilities.identifying):
            parse(path, object=one)


def settings_are_documented(bench: Bench, object: str) -> None:
    """Every setting has a known kind, a help text and a line in the README; secrets are declared as such."""
    readme = _readme(bench)
    names = [setting.name for setting in bench.kind.spec()]
    assert len(names) == len(set(names)), "a setting is declared twice"
    for setting in bench.kind.spec():
        assert setting.kind in KINDS, f"{setting.name}: there is no kind {setting.kind!r}"
        assert setting.help.strip(), f"{setting.name} has no help"
        assert f"`{setting.name}`" in readme, f"README.md does not mention `{setting.name}`"
        if setting.kind == "text" and setting.name not in {"user", "username"}:
            assert not sensitive(setting.name), f"{setting.name} sounds like a secret: declare it as one"
        assert not (setting.kind == "secret" and setting.default), f"{setting.name}: a secret has no default"


def readme_states_the_evidence(bench: Bench, object: str) -> None:
    """README.md says how the connector was verified, with a date, in the manifest's words."""
    evidence = bench.manifest.evidence
    lines = [line.removeprefix("Evidence:").strip() for line in _readme(bench).splitlines()]
    assert evidence in lines, f'README.md lacks the line "Evidence: {evidence}"'
    assert re.search(r"\b20\d\d-\d\d-\d\d\b", evidence), f"the evidence has no date: {evidence}"


def undeclared_is_unsupported(bench: Bench, object: str) -> None:
    """What the manifest does not declare for an object raises Unsupported, with a text; nothing is guessed."""
    for capability, call in _calls(bench, object).items():
        if not bench.manifest.can(object, capability):
            _unsupported(call, f"{capability} of {object}", bench)


def unknown_objects_are_unsupported(bench: Bench, object: str) -> None:
    """An object the connector does not know is Unsupported everywhere."""
    for capability, call in _calls(bench, "nonsense").items():
        _unsupported(call, f"{capability} of nonsense", bench)
    if not bench.manifest.discover:
        _unsupported(bench.connector().discover, "discover", bench)
    if not bench.manifest.webhooks:
        _unsupported(lambda: bench.connector().verify_webhook({}, b"{}"), "verify_webhook", bench)


def check_succeeds(bench: Bench, object: str) -> None:
    """With the right settings every step of check() is good and says what it saw."""
    findings = list(bench.connector(full_size=True).check())
    assert findings, "check() found nothing to try"
    for finding in findings:
        assert finding.ok, f"{finding.step}: {finding.detail} {finding.fix or ''}"
        assert finding.detail.strip(), f"{finding.step} says nothing"


def check_fails_with_a_fix(bench: Bench, object: str) -> None:
    """With wrong settings check() ends with one failed step that says how to mend it, and raises nothing."""
    wrongs = bench.adapter.wrong()
    assert wrongs, "the adapter offers nothing wrong"
    for wrong in wrongs:
        findings = _findings(bench, wrong.what, partial(bench.connector, setup=wrong.setup))
        assert findings, f"{wrong.what}: check() says nothing"
        last = findings[-1]
        assert not last.ok, f"{wrong.what}: check() is content"
        assert last.fix, f"{wrong.what}: {last.step} failed without a fix: {last.detail}"
        assert all(one.ok for one in findings[:-1]), f"{wrong.what}: check() went on after a failed step"


def discover_lists_fields(bench: Bench, object: str) -> None:
    """discover() names the record types, ours among them, and their fields, each once."""
    if not bench.manifest.discover:
        raise NotApplicable("the connector does not declare discover")
    shapes = bench.connector(full_size=True).discover()
    assert shapes, "nothing discovered"
    known = {shape.object for shape in shapes}
    assert known & set(bench.manifest.objects), f"none of our objects among {known}"
    for shape in shapes:
        names = [one.name for one in shape.fields]
        assert len(names) == len(set(names)), f"{shape.name} lists a field twice"


def what_cannot_be_is_known(bench: Bench, object: str) -> None:
    """What the adapter excuses are checks of this suite, each with a reason."""
    from hub.testkit.conformance import ONCE, PER_OBJECT

    names = {check.name for check in (*ONCE, *PER_OBJECT)}
    for name, reason in bench.adapter.cannot.items():
        assert name in names, f"there is no check {name!r}"
        assert len(reason.split()) > 2, f"{name}: {reason!r} is no reason"


def _readme(bench: Bench) -> str:
    path = bench.home / "README.md"
    assert path.is_file(), f"{bench.home.name}/README.md is missing"
    return path.read_text(encoding="utf-8")


def _calls(bench: Bench, object: str) -> dict[str, Callable[[], Any]]:
    """A call for each capability; updates and creates are told apart by the external id."""
    connector = bench.connector()
    create = Change("k1", None, {"name": "x"}, marker="cus_0")
    update = create._replace(external_id="1")
    calls: dict[str, Callable[[], Any]] = {
        "pull": lambda: list(connector.pull(object, None)),
        "fetch": lambda: connector.fetch(object, ["1"]),
        "find": lambda: connector.find(object, create),
        "deletes": lambda: connector.deletes(object, None, ["1"]),
        "merges": lambda: connector.merges(object, None),
    }
    if not (bench.manifest.can(object, "push") or bench.manifest.can(object, "create")):
        calls["push"] = lambda: connector.push(object, [update])
        calls["create"] = lambda: connector.push(object, [create])
    return calls


def _unsupported(call: Callable[[], Any], what: str, bench: Bench) -> None:
    try:
        call()
    except Unsupported as error:
        bench.raised(error)
        assert str(error).strip(), f"{what}: Unsupported without a text"
        return
    raise AssertionError(f"{what} is not declared, yet it does not raise Unsupported")


def _findings(bench: Bench, what: str, build: Callable[[], Connector]) -> list[Finding]:
    try:
        connector = build()
    except WrongUse as error:
        # A setting that is missing is refused before there is a connector.
        bench.raised(error)
        return [Finding("settings", False, error.message, error.fix)]
    try:
        findings = list(connector.check())
    except HubError as error:
        bench.raised(error)
        raise AssertionError(f"{what}: check() raised instead of finding: {error}") from None
    for finding in findings:
        bench.overheard(*(str(part) for part in finding))
    return findings
