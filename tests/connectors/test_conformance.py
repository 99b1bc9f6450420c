"""Every connector in the tree against the conformance suite. A connector joins by having a folder
`connectors/<system>/` and an adapter `tests/connectors/<system>/adapter.py`; one without an adapter fails here."""

from __future__ import annotations

import importlib.util
import inspect
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from hub.sdk.manifest import Manifest, read_manifest
from hub.sdk.registry import connectors, load
from hub.testkit.adapter import Adapter, NotApplicable, NotAvailable
from hub.testkit.bench import Bench
from hub.testkit.conformance import Case, cases, run
from hub.testkit.hostile import adapter as hostile_adapter
from hub.testkit.hostile.connector import Hostile

HERE = Path(__file__).parent


def manifests() -> dict[str, Manifest]:
    found = {
        name: entry.manifest for name, entry in connectors(probe=False).items() if entry.source == "built-in"
    }
    hostile = read_manifest(Path(inspect.getfile(Hostile)).parent)
    return {**{name: one for name, one in found.items() if one is not None}, "hostile": hostile}


def adapter_module(system: str) -> ModuleType | None:
    if system == "hostile":
        return hostile_adapter
    path = HERE / system / "adapter.py"
    if not path.is_file():
        return None
    spec = importlib.util.spec_from_file_location(f"conformance_adapter_{system}", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def adapter_class(system: str) -> type[Adapter] | None:
    module = adapter_module(system)
    if module is None:
        return None
    (found,) = [
        one
        for one in vars(module).values()
        if inspect.isclass(one) and issubclass(one, Adapter) and not inspect.isabstract(one)
    ]
    return found


MANIFESTS = manifests()
ADAPTERS = {system: adapter_class(system) for system in MANIFESTS}
ALL = [
    pytest.param(system, case, id=f"{system}-{case}")
    for system, manifest in MANIFESTS.items()
    for adapter in [ADAPTERS[system]]
    if adapter is not None
    for case in cases(manifest, adapter.objects)
]


@pytest.fixture(scope="module")
def benches(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Bench | NotAvailable]]:
    """The systems started so far: each once, when its first check comes."""
    started: dict[str, Bench | NotAvailable] = {}
    yield started
    for bench in started.values():
        if isinstance(bench, Bench):
            bench.__exit__(None, None, None)


def bench_for(system: str, benches: dict[str, Bench | NotAvailable], folder: Path) -> Bench:
    if system not in benches:
        adapter = ADAPTERS[system]
        assert adapter is not None
        kind = Hostile if system == "hostile" else load(system)[0]
        try:
            benches[system] = Bench(adapter(), kind, MANIFESTS[system], folder=folder).__enter__()
        except NotAvailable as reason:
            benches[system] = reason
    bench = benches[system]
    if isinstance(bench, NotAvailable):
        pytest.skip(f"{system}: {bench}")
    return bench


@pytest.mark.parametrize(("system", "case"), ALL)
def test_conformance(
    system: str,
    case: Case,
    benches: dict[str, Bench | NotAvailable],
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    bench = bench_for(system, benches, tmp_path_factory.mktemp(system))
    try:
        run(case, bench)
    except NotApplicable as reason:
        pytest.skip(f"{system}: {reason}")


@pytest.mark.parametrize("system", sorted(MANIFESTS))
def test_every_connector_has_an_adapter(system: str) -> None:
    assert ADAPTERS[system] is not None, (
        f"write tests/connectors/{system}/adapter.py (hub/testkit/adapter.py says how)"
    )
