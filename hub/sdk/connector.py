"""The connector protocol: what one kind of system must be able to do. Everything that travels is a frozen value.

Connectors only raise (`hub.errors`) or return receipts; they never retry across calls, never touch the store, and never
decide what wins.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from hub.errors import Unsupported
from hub.sdk.tokens import MemoryTokens, TokenStore

if TYPE_CHECKING:
    from hub.sdk.http import Http
    from hub.sdk.manifest import Manifest
    from hub.sdk.oauth import OAuth

Outcome = Literal["done", "refused", "not_landed", "unknown", "retry"]


class RemoteRecord(NamedTuple):
    """One record as the remote says it. `raw` holds JSON types only; `version` is an ETag, revision or exact time."""

    external_id: str
    raw: Mapping[str, Any]
    version: str | None = None
    deleted: bool = False


class Rejected(NamedTuple):
    """A record that could not even be read; kept in quarantine with its cause."""

    external_id: str | None
    raw: Any
    cause: str
    code: str = "record_rejected"


class Page(NamedTuple):
    """One page of a pull. `cursor` is the checkpoint to store with this page (JSON); None keeps the one before."""

    records: Sequence[RemoteRecord]
    cursor: Any = None
    rejected: Sequence[Rejected] = ()
    total: int | None = None


class Change(NamedTuple):
    """One write. `external_id` None = create. `payload`: remote field → value, as the map's push made it.

    `before`: the remote's rendering as last read (for systems written whole). `version`: write only if still this
    version, where the manifest says `conditional`. `marker`: our id for idempotency, equal in every repetition.
    """

    key: str
    external_id: str | None
    payload: Mapping[str, Any]
    before: Mapping[str, Any] | None = None
    version: str | None = None
    marker: str | None = None


class Receipt(NamedTuple):
    """What the remote answered to the Change with the same `key`.

    done: it is there (`external_id`; `record` if the answer shows it). refused: a definite no (`cause`). not_landed:
    provably not done (precondition failed, connection refused before sending). unknown: sent, no verdict. retry:
    definitely not done, may be tried again after `after` seconds.
    """

    key: str
    outcome: Outcome
    external_id: str | None = None
    record: RemoteRecord | None = None
    cause: str | None = None
    after: float | None = None


class Finding(NamedTuple):
    """One step of a connection check: what was tried, how it went, how to mend it."""

    step: str
    ok: bool
    detail: str
    fix: str | None = None


class FieldShape(NamedTuple):
    """A field a remote object has, for `discover` and `map suggest`."""

    name: str
    kind: str
    label: str | None = None
    required: bool = False
    readonly: bool = False
    custom: bool = False


class ObjectShape(NamedTuple):
    """A remote record type, with its fields; `object` is our object if one matches."""

    name: str
    object: str | None
    fields: Sequence[FieldShape]


class Setting(NamedTuple):
    """One key of a connection's configuration. kind: text | url | path | int | bool | secret | list."""

    name: str
    kind: str
    help: str
    required: bool = False
    default: Any = None


class Hint(NamedTuple):
    """A verified webhook says: this record of this object changed. The record itself is fetched.

    delivery_id: what the system calls this message, the same when it repeats it; None: the message is known by its
    bytes, and comes again each time they do.
    """

    object: str
    external_id: str
    deleted: bool = False
    delivery_id: str | None = None


class Deletes(NamedTuple):
    """External ids the remote says are gone, and the cursor to ask from next time."""

    external_ids: Sequence[str]
    cursor: Any = None


class Owner(NamedTuple):
    """A person of ours as a user of the system: the id its records name as their owner."""

    external_id: str
    name: str | None = None
    email: str | None = None


class Merges(NamedTuple):
    """(the record that went, the one it was merged into) by external id, and the cursor to ask from next time."""

    pairs: Sequence[tuple[str, str]]
    cursor: Any = None


@dataclass(frozen=True, slots=True)
class ConnectionView:
    """What a connector may know of its connection.

    `settings`: checked against spec() and completed with its defaults, without the secret ones. `secret(name)` resolves
    one of those at the moment of use; its value is never stored, and never shown. `files`: the tables of a connection
    that consists of files. `tokens`: where its OAuth tokens are kept (hub/sdk/oauth.py).
    """

    name: str
    settings: Mapping[str, Any]
    secret: Callable[[str], str | None]
    timezone: str = "UTC"
    files: Sequence[Mapping[str, Any]] = field(default_factory=tuple)
    tokens: TokenStore = field(default_factory=MemoryTokens)


class Connector(ABC):
    """One configured account. Built per job; may keep a session, never state that outlives the job."""

    def __init__(self, connection: ConnectionView, *, http: Http, manifest: Manifest) -> None:
        self.connection = connection
        self.http = http
        self.manifest = manifest

    @classmethod
    @abstractmethod
    def spec(cls) -> Sequence[Setting]:
        """The settings this connector takes; unknown ones are refused before it is built."""

    @abstractmethod
    def check(self) -> Iterator[Finding]:
        """Prove, step by step, that the connection works; stops after the first step that fails."""

    def authorisation(self) -> OAuth:
        """What `hub connection authorize` drives, for a system that a person lets the hub into (hub/sdk/oauth.py)."""
        raise Unsupported(f"{self.manifest.name} needs no authorisation: its credentials are settings")

    def discover(self) -> Sequence[ObjectShape]:
        """The record types and fields of this account."""
        raise Unsupported(f"{self.manifest.name} cannot list its fields")

    @abstractmethod
    def pull(self, object: str, cursor: Any, *, full: bool = False) -> Iterator[Page]:
        """Pages from `cursor` (None or `full` = everything) on, each at most `page_size` records.

        At least once: an unchanged record may come again, none may be missing, also when records are edited meanwhile.
        Going on from any page's cursor must be as good as not having stopped. Absence is never a delete.
        """

    def fetch(self, object: str, external_ids: Sequence[str]) -> Sequence[RemoteRecord]:
        """These records as they are now, at most `fetch_batch`; one that is gone comes with deleted=True."""
        raise Unsupported(f"{self.manifest.name} cannot re-read {object} records")

    def push(self, object: str, changes: Sequence[Change]) -> Sequence[Receipt]:
        """Write each change, at most `push_batch`; exactly one receipt each. Raises only if nothing was sent.

        Never repeats a write whose outcome is unknown: the receipt says so, and the hub decides (sync.md R3).
        `hub.sdk.writing` makes receipts of errors.
        """
        raise Unsupported(f"{self.manifest.name} cannot write {object} records")

    def find(self, object: str, change: Change) -> Sequence[RemoteRecord]:
        """Records this create may have made, by its marker or else by a unique field (sync.md, "A create")."""
        raise Unsupported(f"{self.manifest.name} cannot search {object} records")

    def deletes(self, object: str, since: Any, bound: Iterable[str]) -> Deletes:
        """What is gone: from the remote's own list since the cursor `since`, or by re-reading `bound` ids.

        `bound` may be long and is only read if it is needed.
        """
        raise Unsupported(f"{self.manifest.name} has no signal for deleted {object} records")

    def merges(self, object: str, since: Any) -> Merges:
        """What people there merged since the cursor `since` (None: ever). A pair may come again."""
        raise Unsupported(f"{self.manifest.name} does not tell which {object} records were merged")

    def owners(self) -> Sequence[Owner]:
        """Every person there that a record may have as its owner; asked for before each pull of customers."""
        raise Unsupported(f"{self.manifest.name} does not tell who works there")

    def verify_webhook(self, headers: Mapping[str, str], body: bytes) -> Sequence[Hint]:
        """The hints in a webhook, once its signature over the raw bytes holds.

        Raises NotSigned if it does not (`hub.sdk.signing`), RecordRejected for a body that is not as agreed. Its
        secrets are the settings `webhook_secret` and, during a rotation, `webhook_secret_old`. May be called from
        several threads at once, and calls nobody.
        """
        raise Unsupported(f"{self.manifest.name} has no webhooks")

    def ensure_webhooks(self, url: str, secret: str, *, only_look: bool = False) -> Sequence[Finding]:
        """See to it that the system sends its webhooks to `url`, proved by `secret`: made, renewed, switched on again.

        A finding for each webhook, or for the step that failed; safe to repeat: the hub does so once a day.
        `only_look`: change nothing there, and say what is missing.
        """
        raise Unsupported(
            f"{self.manifest.name} cannot be told where to send webhooks",
            fix="enter the address in the system itself; hub connection check shows it",
        )

    def answer_challenge(self, query: Mapping[str, str]) -> bytes | None:
        """What a system wants to hear before it sends webhooks to an address; None: this is no such question.

        `query`: the parameters of the address it asks. Compare its token with `hmac.compare_digest`.
        """
        return None
