"""The whole conformance suite against the other versions and the other protocol (17 over JSON-RPC: adapter.py)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import odoo_adapters
import pytest

from hub.sdk.registry import load
from hub.testkit.adapter import NotApplicable
from hub.testkit.bench import Bench
from hub.testkit.conformance import Case, cases, run

KIND, MANIFEST = load("odoo")


class Fifteen(odoo_adapters.FakeAdapter):  # type: ignore[misc]
    version = 15


class Nineteen(odoo_adapters.FakeAdapter):  # type: ignore[misc]
    version = 19
    settings: Any = {"protocol": "json2"}


class ByField(odoo_adapters.FakeAdapter):  # type: ignore[misc]
    """Our mark in a field of the admin's; the protocol chosen by the version."""

    version = 19
    settings: Any = {"login": odoo_adapters.LOGIN, "marker_field": "x_hub"}


@pytest.fixture(scope="module", params=[Fifteen, Nineteen, ByField], ids=lambda one: one.__name__.lower())
def bench(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    with Bench(request.param(), KIND, MANIFEST, folder=tmp_path_factory.mktemp("odoo")) as made:
        yield made


@pytest.mark.parametrize("case", cases(MANIFEST, odoo_adapters.FakeAdapter.objects), ids=str)
def test_conformance(bench: Bench, case: Case) -> None:
    try:
        run(case, bench)
    except NotApplicable as reason:
        pytest.skip(str(reason))
