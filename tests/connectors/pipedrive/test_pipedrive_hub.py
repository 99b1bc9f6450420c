"""A hub with a Pipedrive connection: checked, asked for webhooks, read and written; and kept up day by day."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from pipedrive_server import HOOK_SECRET, KEY, PipedriveServer

from hub import settings
from hub.cli.root import run
from hub.flows import webhook_upkeep
from hub.store.session import Database
from hub.testkit.loopback import Loopback, Reply, Request

Hub = Callable[..., tuple[int, str]]


class Door(Loopback):
    """The hub's own address, as the world sees it."""

    def answer(self, request: Request) -> Reply:
        return Reply(200, b"ok")


@pytest.fixture
def home(pipedrive: PipedriveServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PIPE_KEY", KEY)
    monkeypatch.setenv("PIPE_HOOK", HOOK_SECRET)
    folder = tmp_path / "home"
    assert run(["init", str(folder)]) == 0
    words = ["connection", "add", "crm", "pipedrive", f"url={pipedrive.url}", "key=env:PIPE_KEY"]
    assert run(["--home", str(folder), *words, "webhook_secret=env:PIPE_HOOK", "customer.update=true"]) == 0
    return folder


@pytest.fixture
def hub(home: Path, capsys: pytest.CaptureFixture[str]) -> Hub:
    def command(*words: str) -> tuple[int, str]:
        capsys.readouterr()
        code = run(["--home", str(home), *words])
        out = capsys.readouterr()
        return code, out.out + out.err

    return command


def test_a_check_walks_the_whole_way(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    with Door() as door:
        monkeypatch.setenv("HUB_PUBLIC_URL", door.url)
        code, said = hub("--json", "connection", "check", "crm")
        steps = re.findall(r'"step":"([^"]+)","ok":(true|false)', said)
        assert [step for step, _ in steps] == [
            *("name", "host", "encryption", "credentials", "read customer records"),
            *("webhook address", "webhook reach", "persons"),
        ]
        assert [step for step, good in steps if good == "false"] == ["persons"] and code == 1
        assert "hub connection webhooks" in said
        assert hub("connection", "webhooks", "crm", "--register")[0] == 0
        assert hub("connection", "check", "crm")[0] == 0
    code, said = hub("connection", "check", "crm")
    assert code == 0 and "not seen from here" in said, "the door is shut, and that is told"


def test_webhooks_need_an_address_and_a_secret(hub: Hub) -> None:
    code, said = hub("connection", "webhooks", "crm", "--register")
    assert code != 0 and "public_url" in said
    hub("connection", "set", "crm", "webhook_secret=")
    code, said = hub("connection", "webhooks", "crm", "--register")
    assert code != 0 and "webhook_secret" in said


def test_upkeep_renews_them_once_a_day(
    home: Path, pipedrive: PipedriveServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUB_PUBLIC_URL", "https://hub.example.org")
    config = settings.load(home)
    db = Database(config.database_url)
    try:
        day = [1_795_500_000.0 + 600.0 * slot for slot in range(144)]
        runs = [webhook_upkeep.renew_due(db, config, now=now) for now in day]
    finally:
        db.close()
    assert [names for names in runs if names] == [["crm"], ["crm"]], (
        "once a day, and once more in case of a late run"
    )
    (hook,) = pipedrive.webhooks
    assert hook["subscription_url"] == "https://hub.example.org/hooks/crm"


def test_upkeep_outlives_a_system_that_is_down(
    home: Path, pipedrive: PipedriveServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    monkeypatch.setattr(webhook_upkeep.log, "warning", lambda text, *given: told.append(text % given))
    monkeypatch.setenv("HUB_PUBLIC_URL", "https://hub.example.org")
    monkeypatch.setenv("PIPE_KEY", "another-key-5521")
    monkeypatch.setattr(webhook_upkeep, "due", lambda name, now: True)
    config = settings.load(home)
    db = Database(config.database_url)
    try:
        webhook_upkeep.renew_due(db, config, now=1_795_500_000.0)
    finally:
        db.close()
    (line,) = told
    assert "could not be renewed" in line and "5521" not in line
    assert pipedrive.webhooks == []


def test_persons_come_in_and_an_edit_goes_out(hub: Hub, pipedrive: PipedriveServer) -> None:
    mails = [{"label": "work", "value": "zoe@example.org", "primary": True}]
    pipedrive.put({"name": "Zoë Núñez", "emails": mails})
    assert hub("sync", "crm")[0] == 0
    code, said = hub("--json", "customer", "find", "zoe@example.org")
    assert code == 0 and "Núñez" in said
    assert hub("customer", "pin", "crm:1", "display_name=Zoë de Núñez")[0] == 0
    assert hub("sync", "crm", "--confirm")[0] == 0
    assert pipedrive.rows["1"]["name"] == "Zoë de Núñez"
    assert pipedrive.rows["1"]["emails"] == mails
