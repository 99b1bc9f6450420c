"""Every exception of the hub, grouped by WHAT HAPPENS NEXT (DESIGN §10.1).

A raiser says what happened (`message`), optionally why (`cause`) and how to mend it (`fix`); who catches decides by
class alone. `flows/retry.py` holds the one table from class to next state.
"""

from __future__ import annotations


class HubError(Exception):
    """Root of the family. `str()` of it is a sentence fit for an admin; it never holds a secret."""

    code = "hub_error"

    def __init__(self, message: str, *, cause: str | None = None, fix: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.cause = cause
        self.fix = fix

    def __str__(self) -> str:
        parts = [self.message]
        if self.cause:
            parts.append(f"Why: {self.cause}")
        if self.fix:
            parts.append(f"Fix: {self.fix}")
        return " ".join(parts)


# --- try again later, unchanged -------------------------------------------------------------------


class RetryLater(HubError):
    """The same work may succeed later. `after`: seconds the other side asked for, if it did (then it is not
    charged)."""

    code = "retry_later"

    def __init__(
        self, message: str, *, after: float | None = None, cause: str | None = None, fix: str | None = None
    ) -> None:
        super().__init__(message, cause=cause, fix=fix)
        self.after = after


class RemoteUnavailable(RetryLater):
    """The remote did not answer, or answered 5xx."""

    code = "remote_unavailable"


class RateLimited(RetryLater):
    """The remote or our own call budget asked us to wait."""

    code = "rate_limited"


class QuotaUsed(RateLimited):
    """A quota there is used up and comes back far later: the whole connection is left alone until then."""

    code = "quota"


class OutcomeUnknown(RetryLater):
    """A write was sent and no verdict came back (time-out, reset, 5xx): it may have landed, or may yet (sync.md R3)."""

    code = "outcome_unknown"


class LeaseLost(RetryLater):
    """Another worker has taken the work over (fencing, sync.md R4); this one must stop and write nothing."""

    code = "lease_lost"


class StoreFull(RetryLater):
    """The disk or database has no room; nothing of the page was committed."""

    code = "store_full"


# --- this record is put aside, the rest goes on ---------------------------------------------------


class RecordRejected(HubError):
    """One record cannot be taken or was refused: it goes to quarantine (in) or to the dead letters (out)."""

    code = "record_rejected"


class NotSigned(RecordRejected):
    """A webhook of which nothing proves that the system sent it now: signature or signed time do not hold."""

    code = "not_signed"


# --- this connection stops until an admin acts ----------------------------------------------------


class ConnectionBroken(HubError):
    """The whole connection cannot work: wrong address, protocol or set-up."""

    code = "connection_broken"


class NeedsReauth(ConnectionBroken):
    """The remote refuses our credentials: pulls stop, pushes queue."""

    code = "needs_reauth"


# --- a person decides -----------------------------------------------------------------------------


class NeedsSteward(HubError):
    """Only a person can decide; the work is held until someone does."""

    code = "needs_steward"


class Cancelled(HubError):
    """A person stopped the work; what was done stays, and the next run goes on from there."""

    code = "cancelled"


# --- the other side cannot do this ----------------------------------------------------------------


class Unsupported(HubError):
    """The system cannot say or do this accurately; never guessed."""

    code = "unsupported"


# --- the caller mends the call or the file; nothing was done --------------------------------------


class WrongUse(HubError):
    """A wrong command, file or setting. The CLI exits 2."""

    code = "wrong_use"


class WrongFile(WrongUse):
    """A file of the admin's (map, overlay, connections) does not say what it may say."""

    code = "wrong_file"

    def __init__(self, message: str, *, file: str, line: int | None = None, fix: str | None = None) -> None:
        self.file = file
        self.line = line
        where = f"{file}:{line}" if line else file
        super().__init__(f"{where}: {message}", fix=fix)


class NotFound(WrongUse):
    """The thing named in the call does not exist."""

    code = "not_found"


class NotSignedIn(WrongUse):
    """The request names nobody the hub knows: no token, or none that is in force."""

    code = "not_signed_in"


class NotAllowed(WrongUse):
    """Who asks is known and may not do this."""

    code = "not_allowed"


class Gone(NotFound):
    """It was there and is kept no longer; `fix` says how to go on without it."""

    code = "gone"


class Stale(WrongUse):
    """What the caller knew has changed since; nothing was done."""

    code = "stale"


class TooLarge(WrongUse):
    """More than the hub takes in one request; nothing was done."""

    code = "too_large"


class Moved(WrongUse):
    """The thing answers to another id now. `to`: that id, as people see it."""

    code = "moved"

    def __init__(self, message: str, *, to: str) -> None:
        super().__init__(message, fix=f"Use {to}.")
        self.to = to
