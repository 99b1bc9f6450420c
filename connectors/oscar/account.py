"""An account as one record: what the API shows of it, without the address it shows it at."""

from __future__ import annotations

from connectors.oscar.rest import Row, identity
from hub.sdk import RemoteRecord

PATH = "admin/users/"
# What the API takes, provided that the shop shows it (OSCARAPI_ADMIN_USER_FIELDS). Others it ignores without a word.
NAMES = ("first_name", "last_name")
WRITABLE = ("email", *NAMES)


def record(row: Row) -> RemoteRecord:
    id = identity(row)
    return RemoteRecord(
        id, {"id": id, **{name: value for name, value in row.items() if name not in ("url", "id")}}
    )


def key(email: object) -> str:
    """What makes two e-mail addresses one account's at login."""
    return str(email or "").strip().casefold()
