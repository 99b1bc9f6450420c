"""What is gone, from Zoho's own list: deleted to the recycle bin, or for good."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from connectors.zoho.api import Api, iso
from hub.sdk import ConnectionBroken, Deletes

_PAGE = 200
_PAGES = 500


def gone(
    api: Api, modules: Sequence[str], since: Any, *, named: Callable[[str, Any], str], overlap: float
) -> Deletes:
    """The records deleted since the cursor (an instant with offset; None: ever, as far as Zoho remembers)."""
    if since is not None and not isinstance(since, str):
        raise ConnectionBroken("the stored cursor of deletes is none of this connector's")
    begun: float | None = None
    told: dict[str, None] = {}
    for module in modules:
        page, more = 1, True
        while more:
            asked = {"type": "all", "page": str(page), "per_page": str(_PAGE)}
            answer = api.read(f"/{module}/deleted", asked, since=since)
            begun = begun if begun is not None else api.server_now()
            told.update(dict.fromkeys(named(module, row["id"]) for row in answer.rows if row.get("id")))
            more = answer.info.get("more_records") is True and bool(answer.rows)
            page += 1
            if page > _PAGES:
                raise ConnectionBroken(f"the list of deleted {module} does not end")
    at = datetime.fromtimestamp(begun if begun is not None else api.server_now(), UTC)
    return Deletes(list(told), iso(at - timedelta(seconds=overlap)))
