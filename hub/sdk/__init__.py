"""What a connector is written with. Connectors import from here and from `hub.errors`, nothing else of the hub."""

from hub.errors import (
    ConnectionBroken,
    HubError,
    NeedsReauth,
    NeedsSteward,
    NotSigned,
    OutcomeUnknown,
    RateLimited,
    RecordRejected,
    RemoteUnavailable,
    RetryLater,
    Unsupported,
)
from hub.sdk.address import segment
from hub.sdk.auth import Auth, Basic, Bearer, Header
from hub.sdk.connector import (
    Change,
    ConnectionView,
    Connector,
    Deletes,
    FieldShape,
    Finding,
    Hint,
    Merges,
    ObjectShape,
    Owner,
    Page,
    Receipt,
    Rejected,
    RemoteRecord,
    Setting,
)
from hub.sdk.http import Http
from hub.sdk.limits import Limits
from hub.sdk.manifest import Manifest, ObjectCapabilities
from hub.sdk.oauth import OAuth, Provider
from hub.sdk.response import Response
from hub.sdk.rest.connector import RestConnector
from hub.sdk.tokens import MemoryTokens, Tokens, TokenStore

__all__ = [
    "Auth",
    "Basic",
    "Bearer",
    "Change",
    "ConnectionBroken",
    "ConnectionView",
    "Connector",
    "Deletes",
    "FieldShape",
    "Finding",
    "Header",
    "Hint",
    "Http",
    "HubError",
    "Limits",
    "Manifest",
    "MemoryTokens",
    "Merges",
    "NeedsReauth",
    "NeedsSteward",
    "NotSigned",
    "OAuth",
    "ObjectCapabilities",
    "ObjectShape",
    "OutcomeUnknown",
    "Owner",
    "Page",
    "Provider",
    "RateLimited",
    "Receipt",
    "RecordRejected",
    "Rejected",
    "RemoteRecord",
    "RemoteUnavailable",
    "Response",
    "RestConnector",
    "RetryLater",
    "Setting",
    "TokenStore",
    "Tokens",
    "Unsupported",
    "segment",
]
