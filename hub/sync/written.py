"""A write by API: a reading of the built-in connection `api`, in which every given field is an edit
(sync.md)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from hub.canonical.contribution import Contribution
from hub.sync.binding import Binding
from hub.sync.conflict import Edit
from hub.sync.reading import Taken


def written(binding: Binding | None, values: Mapping[str, Any], *, now: float) -> Taken:
    """Take what a downstream system wrote to one customer: path → canonical value, None clears.

    binding: that of (`api`, customer, home id), or None at the first write. Fields not given keep what was
    said before.
    """
    old = binding or Binding(seen={}, sent={}, contribution={}, settled_at=now)
    said = {path: Contribution(value, value, "edit", now, now) for path, value in values.items()}
    new = replace(
        old,
        seen={**old.seen, **values},
        sent={**old.sent, **values},
        contribution={**old.contribution, **said},
        settled_at=max(old.settled_at, now),
        gone=False,
    )
    edits = tuple(Edit(path, value, value, now) for path, value in values.items())
    return Taken(new, "taken", edits, (), True)
