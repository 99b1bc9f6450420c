"""How the conformance suite reaches Pipedrive by its own means (hub/testkit/adapter.py)."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from pipedrive_server import HOOK_SECRET, KEY, PipedriveServer

from hub.testkit.adapter import Adapter, Refused, Setup, Wrong
from hub.testkit.fake_rest import Unfit


class PipedriveAdapter(Adapter):
    objects = ("customer",)
    url_setting = "url"
    cannot = {
        "money_is_exact": "persons have no amounts",
        "webhooks_are_verified": "a password proves the sender, not the body or its time: test_pipedrive_webhooks.py",
        "oversize_webhook_is_rejected": "the password stands in a header, so a body cannot be wrongly signed",
    }

    def start(self, folder: str) -> None:
        self.server = PipedriveServer().start()

    def stop(self) -> None:
        self.server.stop()
        assert not self.server.objections, self.server.objections

    def setup(self) -> Setup:
        return Setup({"url": self.server.url}, {"key": KEY, "webhook_secret": HOOK_SECRET})

    def wrong(self) -> Sequence[Wrong]:
        right = self.setup()
        return (
            Wrong("a wrong key", right._replace(secrets={"key": "not-the-key-7731"})),
            Wrong("no key", right._replace(secrets={})),
            Wrong("nobody there", right._replace(settings={"url": "http://127.0.0.1:9"})),
        )

    def payload(self, object: str, number: int, *, text: str | None = None) -> Mapping[str, Any]:
        name = f"Person {number}" if text is None else text
        return {"name": name, "email": f"person{number}@example.org", "phone": f"+4930{number:07d}"}

    def text_of(self, object: str, raw: Mapping[str, Any]) -> str | None:
        return raw.get("name")

    def seed(self, object: str, payload: Mapping[str, Any]) -> str:
        try:
            return self.server.put(_lists(payload))
        except Unfit as error:
            raise Refused(str(error)) from None

    def seed_at(self, object: str, payload: Mapping[str, Any], moment: float) -> str:
        return self.server.put(_lists(payload), at=moment)

    def blank(self, object: str, number: int) -> Mapping[str, Any]:
        return {"name": f"Blank{number}"}

    def read(self, object: str, external_id: str) -> Mapping[str, Any] | None:
        return self.server.shown(external_id)

    def comparable(self, object: str, raw: Mapping[str, Any]) -> Mapping[str, Any]:
        """Without what the connector shows besides (test_pipedrive_persons.py), and what follows from the name."""
        derived = {"email", "phone", "first_name", "last_name"}
        return {name: value for name, value in raw.items() if name not in derived}

    def change(self, object: str, external_id: str, *, text: str) -> None:
        at = max(
            self.server.now(), self.server.rows[external_id]["changed"] + 1
        )  # whole seconds: never the same twice
        self.server.put({"name": text}, id=external_id, at=at)

    def remove(self, object: str, external_id: str) -> None:
        self.server.erase(external_id)

    def refused(self, object: str, number: int) -> Mapping[str, Any]:
        return {"name": "", "email": f"nobody{number}@example.org"}

    def count(self, object: str, text: str) -> int:
        return sum(row.get("name") == text for row in self.server.rows.values())

    def skew(self, seconds: float) -> AbstractContextManager[None]:
        return self.server.skew(seconds)

    def habit(self, name: str) -> AbstractContextManager[None]:
        return self.server.habit(name)

    def no_answers(self) -> Sequence[bytes]:
        return (b'{"success": false, "error": "this account is locked", "errorCode": 402}',)

    def webhook(self, object: str, external_id: str, *, age: float = 0.0) -> tuple[Mapping[str, str], bytes]:
        return self.server.webhook(external_id)

    def signed(self, body: bytes) -> tuple[Mapping[str, str], bytes]:
        return self.server.signed(body)


def _lists(payload: Mapping[str, Any]) -> dict[str, Any]:
    """A payload as a person there would have filled the lists."""
    fields = dict(payload)
    for name in ("email", "phone"):
        if name in fields:
            fields[f"{name}s"] = [{"label": "work", "value": fields.pop(name), "primary": True}]
    return fields
