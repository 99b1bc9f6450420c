from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from pipedrive_server import HOOK_SECRET, KEY, PipedriveServer

from connectors.pipedrive.connector import PipedriveConnector
from hub.sdk import ConnectionView, Limits
from hub.sdk.registry import assemble, load


@pytest.fixture
def pipedrive() -> Iterator[PipedriveServer]:
    """A fake account; a request that the vendor's documents do not allow fails the test."""
    with PipedriveServer() as running:
        yield running
    assert running.objections == []


@pytest.fixture
def connect(pipedrive: PipedriveServer) -> Callable[..., PipedriveConnector]:
    def make(**secrets: str) -> PipedriveConnector:
        kept = {"key": KEY, "webhook_secret": HOOK_SECRET, **secrets}
        kind, manifest = load("pipedrive")
        view = ConnectionView("crm", {"url": pipedrive.url}, kept.get)
        made = assemble(kind, manifest, view, limits=Limits(patience=0.5), sleep=lambda seconds: None)
        assert isinstance(made, PipedriveConnector)
        return made

    return make
