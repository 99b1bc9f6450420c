"""kill -9 of the process that sends, while the service has carried the post out and not answered yet, or has not seen
it: whoever takes it over looks first, and there is one post in the end."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from hub.flows import messages
from hub.testkit.loopback import Reply, Request

LEASE = 5  # seconds: the least there is
LANDS_LATE = 30  # of the manifest: for so long nobody may say that a lost post is not there


pytestmark = pytest.mark.slow


@pytest.mark.parametrize("landed", [True, False], ids=["landed", "lost"])
def test_a_killed_process_leaves_one_post(
    desk: Any, network: Any, us: Any, monkeypatch: pytest.MonkeyPatch, landed: bool
) -> None:
    desk.sync()
    (desk.home / "hub.toml").write_text(
        f'database_url = "{desk.db.url}"\nlease_seconds = {LEASE}\n', encoding="utf-8"
    )
    reached = _hold(network, monkeypatch, landed=landed)
    words = ("interaction", "post", "--connection", "social", "--text", "Only once")
    sender = subprocess.Popen(
        [sys.executable, "-m", "hub", "--home", str(desk.home), *words],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
    )
    try:
        assert reached.wait(60.0), "the post never reached the service"
    finally:
        sender.kill()
        sender.wait()
    monkeypatch.undo()
    assert len(_ours(us)) == int(landed)
    ((id,),) = desk.rows("SELECT id FROM interaction_document WHERE asked_by IS NOT NULL")
    assert messages.shown(desk.db, id).step == "begun", "the intent was stored before the call"
    end = time.monotonic() + LEASE + 30 + (0 if landed else LANDS_LATE)
    while messages.shown(desk.db, id).step != "bound" and time.monotonic() < end:
        desk.send(id)
        time.sleep(0.5)
    row = messages.shown(desk.db, id)
    assert row.step == "bound", row
    assert _ours(us) == [row.external_id]


def _hold(network: Any, monkeypatch: pytest.MonkeyPatch, *, landed: bool) -> threading.Event:
    """The next post is carried out (`landed`) or not, and never answered."""
    reached = threading.Event()
    whole: Callable[[Request], tuple[Reply | None, Any]] = network.serve

    def serve(request: Request) -> tuple[Reply | None, Any]:
        if not request.path.endswith("putRecord"):
            return whole(request)
        if landed:
            whole(request)
        reached.set()
        network.pause(LEASE)
        return None, None

    monkeypatch.setattr(network, "serve", serve)
    return reached


def _ours(us: Any) -> list[str]:
    found = us.ask("com.atproto.repo.listRecords", repo=us.did, collection="app.bsky.feed.post", limit=100)
    return [one["uri"] for one in found["records"]]
