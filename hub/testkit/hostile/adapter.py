"""The adapter of the hostile system: the example of one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from hub.testkit.adapter import Adapter, NotApplicable, Refused, Setup, Wrong
from hub.testkit.remote import KEY, WEBHOOK_SECRET, HostileRemote, Unfit


class HostileAdapter(Adapter):
    objects = ("customer",)
    url_setting = "url"

    def start(self, folder: str) -> None:
        self.remote = HostileRemote().start()
        self.remote.clock_ahead = 300.0

    def stop(self) -> None:
        self.remote.stop()

    def setup(self) -> Setup:
        return Setup({"url": self.remote.url}, {"key": KEY, "webhook_secret": WEBHOOK_SECRET})

    def wrong(self) -> Sequence[Wrong]:
        right = self.setup()
        return (
            Wrong("a wrong key", right._replace(secrets={"key": "not-the-key-8841"})),
            Wrong("no key", right._replace(secrets={})),
            Wrong("another path", right._replace(settings={"url": f"{self.remote.url}/elsewhere"})),
            Wrong("nobody there", right._replace(settings={"url": "http://127.0.0.1:9"})),
        )

    def payload(self, object: str, number: int, *, text: str | None = None) -> Mapping[str, Any]:
        name = f"Person {number}" if text is None else text
        return {
            "name": name,
            "email": f"person{number}@example.org",
            "phone": f"+4930{number:07d}",
            "status": "Zombie",
        }

    def text_of(self, object: str, raw: Mapping[str, Any]) -> str | None:
        return raw.get("name")

    def seed(self, object: str, payload: Mapping[str, Any]) -> str:
        try:
            return self.remote.put(payload)
        except Unfit as error:
            raise Refused(str(error)) from None

    def seed_together(self, object: str, payloads: Sequence[Mapping[str, Any]]) -> list[str]:
        moment = self.remote.seconds()
        return [self.remote.put(payload, at=moment) for payload in payloads]

    def read(self, object: str, external_id: str) -> Mapping[str, Any] | None:
        return self.remote.shown(external_id)

    def change(self, object: str, external_id: str, *, text: str) -> None:
        self.remote.put({"name": text}, row_id=external_id)

    def remove(self, object: str, external_id: str) -> None:
        self.remote.erase(external_id)

    def refused(self, object: str, number: int) -> Mapping[str, Any]:
        self.remote.put({"name": f"First {number}", "email": f"twin{number}@example.org"})
        return {"name": f"Second {number}", "email": f"twin{number}@example.org"}

    def is_write(self, method: str, path: str, body: bytes) -> bool:
        return path.endswith("/write")

    def webhook(self, object: str, external_id: str, *, age: float = 0.0) -> tuple[Mapping[str, str], bytes]:
        return self.remote.webhook(external_id, age=age)

    def count(self, object: str, text: str) -> int:
        return sum(row.get("name") == text for row in self.remote.rows.values())

    def seed_at(self, object: str, payload: Mapping[str, Any], moment: float) -> str:
        return self.remote.put(payload, at=int(moment))

    @contextmanager
    def skew(self, seconds: float) -> Iterator[None]:
        before, self.remote.clock_ahead = self.remote.clock_ahead, seconds
        try:
            yield
        finally:
            self.remote.clock_ahead = before

    @contextmanager
    def habit(self, name: str) -> Iterator[None]:
        if name != "drift":
            raise NotApplicable("customers are listed by time, without tokens")
        self.remote.drift = 3
        try:
            yield
        finally:
            self.remote.drift = 0

    def no_answers(self) -> Sequence[bytes]:
        return (
            b'{"ok": false, "error": {"code": "suspended", "message": "suspended"}}',
            b'{"error": "busy"}',
        )

    def blank(self, object: str, number: int) -> Mapping[str, Any]:
        return {"name": f"Blank {number}"}

    def strange(self, object: str, number: int) -> Mapping[str, Any]:
        return {**self.payload(object, number), "status": "Schrödinger"}

    def signed(self, body: bytes) -> tuple[Mapping[str, str], bytes]:
        return self.remote.signed(body)
