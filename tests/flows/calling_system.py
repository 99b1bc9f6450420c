"""A system in memory that calls: signed webhooks as it would send them, and a door of the hub to send them to."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import orjson
from flows.flow_hub import Hub
from flows.memory_system import MemoryConnector, MemorySystem

from hub.errors import RecordRejected
from hub.flows import drain, upkeep, webhook
from hub.flows.receiving import Door
from hub.flows.wiring import load_wiring
from hub.flows.work import run_pull, run_push
from hub.sdk.connector import Hint, Setting
from hub.sdk.manifest import ObjectCapabilities
from hub.sdk.signing import sign, verify, verify_moment

SECRET = "memory-hook-4411"
SIGNATURE, MOMENT = "X-Signature", "X-Moment"


class CallingConnector(MemoryConnector):
    """Its messages: {"id": …, "changed": [ids], "deleted": [ids]}, signed with their time; an id may be missing."""

    @classmethod
    def spec(cls) -> Sequence[Setting]:
        return (
            Setting("key", "secret", "the key"),
            Setting("webhook_secret", "secret", "the secret"),
            Setting("webhook_secret_old", "secret", "the one before"),
        )

    def verify_webhook(self, headers: Mapping[str, str], body: bytes) -> Sequence[Hint]:
        given = {name.lower(): value for name, value in headers.items()}
        moment = given.get(MOMENT.lower(), "")
        secrets = [self.connection.secret(name) for name in ("webhook_secret", "webhook_secret_old")]
        verify(moment.encode() + body, given.get(SIGNATURE.lower()), secrets=secrets)
        verify_moment(float(moment), now=time.time())
        try:
            said = orjson.loads(body)
            ids = [(id, False) for id in said["changed"]] + [(id, True) for id in said.get("deleted", ())]
        except (orjson.JSONDecodeError, KeyError, TypeError):
            raise RecordRejected("the webhook's body is not as agreed") from None
        return [Hint(said.get("object", "customer"), id, gone, said.get("id")) for id, gone in ids]

    def answer_challenge(self, query: Mapping[str, str]) -> bytes | None:
        return query["challenge"].encode() if query.get("token") == "agreed" else None


def message(
    *changed: str, deleted: Sequence[str] = (), id: str | None = None, secret: str = SECRET, age: float = 0.0,
    **more: Any,
) -> tuple[dict[str, str], bytes]:  # fmt: skip
    """Headers and body of a webhook, signed `age` seconds ago."""
    body = orjson.dumps({"id": id, "changed": list(changed), "deleted": list(deleted), **more})
    moment = str(time.time() - age)
    return {MOMENT: moment, SIGNATURE: sign(moment.encode() + body, secret)}, body


class Bells:
    """A queue that only remembers what was rung for."""

    def __init__(self) -> None:
        self.rung: list[tuple[str, int | str, str]] = []

    def dispatch(self, kind: str, id: int | str, lane: str = "bulk") -> bool:
        self.rung.append((kind, id, lane))
        return True

    def close(self) -> None:
        pass


class Doorstep:
    """The door of a hub, and workers that do what is rung for."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self.bells = Bells()
        self.door = Door(hub.settings, lambda: hub.db, queue=self.bells)  # type: ignore[arg-type]

    def send(self, name: str, *changed: str, **options: Any) -> bool:
        headers, body = message(*changed, **options)
        return self.door.receive(name, headers, body=body)

    def id(self, name: str) -> int:
        return int(self.hub.one("SELECT id FROM connection WHERE name = :name", name=name))

    def work(self, name: str) -> dict[str, int]:
        """The job of one connection; its counts. What it rings for is in `bells`."""
        counts: Counter[str] = Counter()
        wiring, goes_on = load_wiring(self.hub.db), True
        while goes_on:
            worked = webhook.work(self.hub.db, self.hub.settings, self.id(name), wiring=wiring, bucket=None)
            goes_on = worked is not None and worked.goes_on
            if worked is not None:
                counts += worked.counts
                self.bells.rung += worked.calls
        self.bells.rung += upkeep.urgent(self.hub.db, time.time())
        return dict(counts)

    def drain(self, *lanes: str) -> None:
        """What is rung for in these lanes goes out (without: in all), and what is owed a reading is read."""
        wiring = load_wiring(self.hub.db)
        for id in wiring.names:
            if of := wiring.of(id):
                run_push(self.hub.db, self.hub.settings, wiring, of=of, lanes=lanes or drain.LANES)  # type: ignore[arg-type]

    def pull(self) -> None:
        """The pulls that were rung for."""
        for kind, id, _ in self.bells.rung:
            if kind == "pull":
                run_pull(self.hub.db, self.hub.settings, int(id))

    def inbox(self) -> list[tuple[str, int]]:
        """State and times of every row, in the order they came."""
        return [(row[0], row[1]) for row in self.hub.rows("SELECT state, times FROM inbox ORDER BY id")]


ANN = {"first": "Ann", "last": "Lee", "mail": "ann@x.org", "city": "Bonn", "phone": "+49 30 901820"}
SECRETS = 'webhook_secret = "file:hook"\nwebhook_secret_old = "file:hook-old"'


class Company(NamedTuple):
    """A shop that calls and a crm that does not, with one customer each, who is the same, in agreement."""

    hub: Hub
    shop: MemorySystem
    crm: MemorySystem
    step: Doorstep


def capable(**changes: Any) -> ObjectCapabilities:
    return replace(MemorySystem("any").capabilities, **changes)
