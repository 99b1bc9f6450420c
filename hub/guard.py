"""No network inside a transaction (DESIGN §10.4), enforced rather than hoped for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_in_transaction: ContextVar[bool] = ContextVar("in_transaction", default=False)


@contextmanager
def transaction() -> Iterator[None]:
    """Mark the body as running inside a database transaction."""
    token = _in_transaction.set(True)
    try:
        yield
    finally:
        _in_transaction.reset(token)


def refuse_network() -> None:
    """Called before each remote call. Raises RuntimeError inside a transaction: a programming error, never retried."""
    if _in_transaction.get():
        raise RuntimeError("a remote call was attempted inside a database transaction")
