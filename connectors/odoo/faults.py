"""What an error of Odoo's own means. Odoo rolls the whole call back on every exception, so each is a verdict, except
those of a database that went away, perhaps while it was committing.

The names are those of the classes in `error.data.name` (JSON-RPC) or `name` (JSON-2).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hub.sdk import ConnectionBroken, HubError, NeedsReauth, OutcomeUnknown, RecordRejected, RemoteUnavailable

_LONGEST = 500
_DENIED = ("AccessDenied", "SessionExpiredException", "Unauthorized")
# Rolled back for the sake of somebody else's transaction, after Odoo's own five attempts.
_BUSY = (
    *("SerializationFailure", "TransactionRollbackError", "TransactionRollback", "DeadlockDetected"),
    *(
        "LockNotAvailable",
        "LockError",
        "ConcurrencyError",
        "PoolError",
        "QueryCanceled",
        "TooManyConnections",
    ),
)
_DATABASE_GONE = ("OperationalError", "InterfaceError", "AdminShutdown", "CannotConnectNow", "DatabaseError")


class Gone(RecordRejected):
    """The record is not there (any more)."""


class Forbidden(ConnectionBroken):
    """The user may not do this with this kind of record."""


class Missing(ConnectionBroken):
    """This Odoo has no such model or method: another version, or an app that is not installed."""


def fault(data: Any, *, reads: bool, at: str) -> HubError:
    """The error for what Odoo says. `data`: its `name` and `message`; the traceback beside them is never shown."""
    said: Mapping[str, Any] = data if isinstance(data, dict) else {}
    full = str(said.get("name") or "an unnamed error")
    name = full.rpartition(".")[2]
    text = " ".join(str(said.get("message") or "").split())[:_LONGEST]
    known = _known(name, text, reads=reads)
    if known is not None:
        return known
    if not reads:
        return RecordRejected("Odoo refuses it", cause=text or name)
    if "External ID not found" in text:
        return Gone("there is no such external id", cause=text)
    if name == "AttributeError" or "doesn't exist" in text or "does not exist" in text:
        return Missing(
            f"Odoo lacks something that is read: {text}", fix="install the app it belongs to, or its field"
        )
    return ConnectionBroken(
        f"{at} failed in Odoo", cause=f"{full}: {text}", fix="see Odoo's own log for this moment"
    )


def _known(name: str, text: str, *, reads: bool) -> HubError | None:
    if name in _DENIED:
        fix = "make a new API key of this user and set it as key"
        return NeedsReauth("Odoo refuses the login or key", cause=text, fix=fix)
    if name == "AccessError":
        return _forbidden(text, reads=reads)
    if name == "MissingError":
        return Gone("the record is not there", cause=text)
    if name in _BUSY or "could not serialize" in text:
        return RemoteUnavailable("Odoo was busy with the same record", cause=f"{name}: {text}")
    return _database(name, text, reads=reads) if name in _DATABASE_GONE else None


def _forbidden(text: str, *, reads: bool) -> HubError:
    if "compan" in text.lower() and "unauthorized" in text.lower():
        return ConnectionBroken(
            "the user may not use these companies",
            cause=text,
            fix="correct `companies`, or the user's rights",
        )
    if reads:
        return Forbidden(
            "the user may not read this", cause=text, fix="give the user the rights of the app in Odoo"
        )
    return RecordRejected("the user may not write this", cause=text, fix="give the user the rights in Odoo")


def _database(name: str, text: str, *, reads: bool) -> HubError:
    if "does not exist" in text:
        return ConnectionBroken("there is no such database", cause=text, fix="correct the setting `database`")
    if reads:
        return RemoteUnavailable("Odoo lost its database", cause=f"{name}: {text}")
    return OutcomeUnknown("Odoo lost its database during the write", cause=f"{name}: {text}")
