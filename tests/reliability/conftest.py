"""Worlds for these tests: each a fresh home and a fresh copy of one seeded ERP."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from reliability.reliability_world import World, seed
from reliability.striking_proxy import StrikingProxy

from hub.demo.erp import Erp


@pytest.fixture(scope="session")
def seeded_erp(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an ERP that has its parties and does not run."""
    folder = tmp_path_factory.mktemp("seeded-erp")
    with Erp.start(folder, progress=print) as erp:
        seed(erp)
    return folder


@pytest.fixture(scope="module")
def make_world(seeded_erp: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., World]]:
    """Makes one, with these settings (HUB_* variables) for all its processes. They end with the module."""
    with ExitStack() as stack:

        def make(**settings: object) -> World:
            folder = tmp_path_factory.mktemp("world")
            shutil.copytree(seeded_erp, folder / "erp")
            erp = stack.enter_context(Erp.start(folder / "erp", fresh=False))
            proxy = stack.enter_context(StrikingProxy(erp.url))
            one = World(folder, erp, proxy, **settings)
            stack.callback(one.end)
            return one

        yield make
