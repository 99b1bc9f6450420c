"""A network for the conformance suite, reached by people's own sessions, never through the connector. Here the fake
one; test_bluesky_network.py drives the same against a real one."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from hub.testkit.adapter import Adapter, Refused, Setup, Wrong


def beside(name: str) -> ModuleType:
    """A file of this folder as a module, once per session, whoever asks."""
    full = f"bluesky_test_{name}"
    if full not in sys.modules:
        spec = importlib.util.spec_from_file_location(full, Path(__file__).with_name(f"{name}.py"))
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[full] = module
        spec.loader.exec_module(module)
    return sys.modules[full]


class BlueskyAdapter(Adapter):
    """What bob writes to the account of widgetco. Edits are rare there, but the network has them."""

    objects = ("interaction",)
    url_setting = "url"

    def start(self, folder: str) -> None:
        self.fake = beside("fake").FakeNetwork().start()
        self.meet(self.fake.url)

    def meet(self, url: str) -> None:
        people = beside("people")
        self._no = people.SaysNo
        self.url = url
        self.bob = people.Someone(url, "bob.test", "bob-pass")
        self.us = people.Someone(url, "widgetco.test", "widgetco-pass")

    def stop(self) -> None:
        self.fake.stop()

    def setup(self) -> Setup:
        settings = {"url": self.url, "identifier": "widgetco.test", "password": "env:BLUESKY"}
        return Setup(settings, {"password": "widgetco-pass"})

    def wrong(self) -> Sequence[Wrong]:
        right = self.setup()
        other = {**right.settings, "identifier": "nobody.test"}
        return (
            Wrong("a wrong password", right._replace(secrets={"password": "not-the-password"})),
            Wrong("another account", right._replace(settings=other)),
            Wrong("another path", right._replace(settings={**right.settings, "url": f"{self.url}/x"})),
            Wrong("an unknown reason", right._replace(settings={**right.settings, "reasons": ["shout"]})),
        )

    def payload(self, object: str, number: int, *, text: str | None = None) -> Mapping[str, Any]:
        return {"text": f"Post number {number}" if text is None else text}

    def text_of(self, object: str, raw: Mapping[str, Any]) -> str | None:
        text = raw.get("text")
        return None if text is None else str(text)

    def seed(self, object: str, payload: Mapping[str, Any]) -> str:
        return self._seed(payload, at=None)

    def seed_together(self, object: str, payloads: Sequence[Mapping[str, Any]]) -> list[str]:
        at = beside("people").now()
        return [self._seed(payload, at=at) for payload in payloads]

    def _seed(self, payload: Mapping[str, Any], *, at: str | None) -> str:
        try:
            made = self.bob.post(payload["text"], to=self.us.did, at=at)
        except self._no as error:
            raise Refused(str(error)) from None
        try:
            self.us.wait_heard(made["uri"])
        except AssertionError as error:
            if "\x00" not in payload["text"]:
                raise
            raise Refused("the repository takes a NUL, the AppView shows it to nobody") from error
        return str(made["uri"])

    def read(self, object: str, external_id: str) -> Mapping[str, Any] | None:
        value = self.bob.read(external_id)
        if value is None:
            return None
        return {"text": value["text"], "uri": external_id, "at": value["createdAt"]}

    def comparable(self, object: str, raw: Mapping[str, Any]) -> Mapping[str, Any]:
        return {name: raw[name] for name in ("text", "uri", "at")}

    def change(self, object: str, external_id: str, *, text: str) -> None:
        self.bob.edit(external_id, text=text)
        self.us.wait_heard(external_id, text=text)

    def remove(self, object: str, external_id: str) -> None:
        self.bob.delete(external_id)
        self.us.wait_heard(external_id, gone=True)

    def is_write(self, method: str, path: str, body: bytes) -> bool:
        return method == "POST" and "/com.atproto.repo." in path

    def count(self, object: str, text: str) -> int:
        found = self.us.ask(
            "com.atproto.repo.listRecords",
            repo=self.us.did,
            collection="app.bsky.feed.post",
            limit=100,
        )
        return sum(1 for one in found["records"] if one["value"]["text"] == text)
