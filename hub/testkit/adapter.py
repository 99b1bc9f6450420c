"""What the conformance suite needs to know about a remote system, written once per connector.

An adapter reaches the system *by its own means* (its admin API, its database, the files on disk), never through
the connector under test: that is what makes the comparison worth something. It stands in
`tests/connectors/<system>/adapter.py` as one
concrete subclass of `Adapter`; `tests/connectors/test_conformance.py` finds it by folder. The suite only ever
adds records, each with its own number, and looks for those; a system that already holds others is fine.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, NamedTuple


class NotAvailable(Exception):
    """The system cannot be started here (the reason as text): the suite is skipped, visibly."""


class NotApplicable(Exception):
    """This check says nothing about this system (the reason as text): skipped, visibly."""


class Refused(Exception):
    """The system itself would not take a seeded value."""


class Setup(NamedTuple):
    """A connection as an admin would make it. `files`: as ConnectionView.files. `secrets`: name → value."""

    settings: Mapping[str, Any]
    secrets: Mapping[str, str] = {}
    files: Sequence[Mapping[str, Any]] = ()
    timezone: str = "UTC"


class Wrong(NamedTuple):
    """A connection that must not work: `what` is wrong with it, in words ("a wrong password")."""

    what: str
    setup: Setup


class Vector(NamedTuple):
    """A webhook from the vendor's own documentation or a recording, with the secret that signed it: is it `good`?

    `sent_at`: the moment it was signed, epoch seconds, where that is signed too.
    """

    what: str
    secret: str
    headers: Mapping[str, str]
    body: bytes
    good: bool = True
    sent_at: float | None = None


class Adapter(ABC):
    """One running remote system. Made once per test module: `start`, many checks, `stop`."""

    #: our objects the adapter can seed and read; others of the manifest get the static checks only
    objects: tuple[str, ...] = ("customer",)
    #: the setting that holds an HTTP system's address; None for systems without HTTP. With it, the suite puts a faulty
    #: proxy between connector and system (429, 5xx, web pages, lost answers, slow answers)
    url_setting: str | None = None
    #: checks that this system cannot be put to, each with the reason; they are skipped, visibly
    cannot: Mapping[str, str] = {}

    @abstractmethod
    def start(self, folder: str) -> None:
        """Bring the system up; `folder` is an empty scratch folder. Raises NotAvailable."""

    def stop(self) -> None:
        """Take the system down."""
        return

    @abstractmethod
    def setup(self) -> Setup:
        """The right settings and secrets."""

    @abstractmethod
    def wrong(self) -> Sequence[Wrong]:
        """Connections that check() must fail, at least a wrong credential where the system has any."""

    @abstractmethod
    def payload(self, object: str, number: int, *, text: str | None = None) -> Mapping[str, Any]:
        """A record's remote fields, as Change.payload would hold them for a create: distinct for each `number`, unique
        fields included; `text` goes into its main text field (a name), whose value `text_of` gives back."""

    @abstractmethod
    def text_of(self, object: str, raw: Mapping[str, Any]) -> str | None:
        """The main text field's value in a raw record, as connector and `read` render it."""

    @abstractmethod
    def seed(self, object: str, payload: Mapping[str, Any]) -> str:
        """Create this record there; its external id. Raises Refused if the system will not have it."""

    def seed_together(self, object: str, payloads: Sequence[Mapping[str, Any]]) -> list[str]:
        """Create these with one and the same modification time, as far as the system allows."""
        return [self.seed(object, payload) for payload in payloads]

    @abstractmethod
    def read(self, object: str, external_id: str) -> Mapping[str, Any] | None:
        """The record as it stands there now, by field as RemoteRecord.raw would name them; None: it is gone."""

    @abstractmethod
    def change(self, object: str, external_id: str, *, text: str) -> None:
        """A person there gives the main text field this value."""

    def remove(self, object: str, external_id: str) -> None:
        """A person there deletes the record."""
        raise NotApplicable("records of this system cannot be deleted")

    def refused(self, object: str, number: int) -> Mapping[str, Any]:
        """A payload that the system itself refuses for certain."""
        raise NotApplicable("this system refuses nothing")

    def update(self, object: str, number: int, *, text: str) -> Mapping[str, Any]:
        """The payload of an update that changes the main text field only. Default: what differs of two `payload`s."""
        plain, changed = self.payload(object, number), self.payload(object, number, text=text)
        return {name: value for name, value in changed.items() if plain.get(name) != value}

    def settle(self) -> None:
        """What makes a write visible in systems that take it later (a write-back folder that somebody imports)."""
        return

    def expected(self, object: str, text: str) -> str:
        """What the system makes of this text when it takes it (most keep it as it is)."""
        return text

    def comparable(self, object: str, raw: Mapping[str, Any]) -> Mapping[str, Any]:
        """The part of a raw record on which the connector and `read` must agree. Default: all of it."""
        return raw

    def is_write(self, method: str, path: str, body: bytes) -> bool:
        """Whether this HTTP request changes something there. An RPC system overrides it: every call is a POST there."""
        return method not in {"GET", "HEAD"}

    def webhook(self, object: str, external_id: str, *, age: float = 0.0) -> tuple[Mapping[str, str], bytes]:
        """Headers and body of a webhook about this record, signed `age` seconds ago. For systems that have webhooks."""
        raise NotApplicable("the adapter makes no webhooks")

    def count(self, object: str, text: str) -> int:
        """How many records there have this main text. For systems that can create."""
        raise NotApplicable("the adapter cannot count")

    # --- what a system may show besides; each is skipped where the adapter has nothing to say ----------------

    def seed_at(self, object: str, payload: Mapping[str, Any], moment: float) -> str:
        """Create this record with a time of change of `moment` (epoch seconds, the system's clock)."""
        raise NotApplicable("times of change cannot be set in this system")

    def skew(self, seconds: float) -> AbstractContextManager[None]:
        """The system's clock (its Date header and its times of change) is off by this much for a while."""
        raise NotApplicable("this system's clock cannot be put wrong")

    def habit(self, name: str) -> AbstractContextManager[None]:
        """A bad habit of the system's lists for a while: one of hub.testkit.fake_rest.HABITS."""
        raise NotApplicable(f"this system's lists cannot be taught {name}")

    def no_answers(self) -> Sequence[bytes]:
        """Bodies with status 200 in which this system says that it did not do what was asked."""
        raise NotApplicable("this system says no with a status")

    def blank(self, object: str, number: int) -> Mapping[str, Any]:
        """A payload in which all is left blank that may be: the system then shows how it spells nothing."""
        raise NotApplicable("the adapter makes no blank records")

    def strange(self, object: str, number: int) -> Mapping[str, Any]:
        """A payload with a word, where the system has an enumeration, that no version of it has known so far."""
        raise NotApplicable("the adapter makes no unknown words")

    def priced(self, object: str, number: int, amount: str) -> Mapping[str, Any]:
        """A payload whose amount of money is this decimal."""
        raise NotApplicable("these records have no amounts")

    def amount_of(self, object: str, raw: Mapping[str, Any]) -> Any:
        """That amount in a raw record, as it stands there (a text or a number)."""
        raise NotApplicable("these records have no amounts")

    def signed(self, body: bytes) -> tuple[Mapping[str, str], bytes]:
        """Any body, as this system would sign it: headers and body."""
        raise NotApplicable("the adapter signs no other bodies")

    def webhook_ping(self) -> tuple[Mapping[str, str], bytes]:
        """The unsigned call with which the system asks whether we are there."""
        raise NotApplicable("this system sends no unsigned ping")

    def webhook_vectors(self) -> Sequence[Vector]:
        """Signed messages not of our making."""
        raise NotApplicable("no message of the vendor's own is at hand")
