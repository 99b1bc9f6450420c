"""Something to do for a customer (canonical-model.md, "later")."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Task:
    """kind: care, callback, complaint or follow_up; customer, owner: ids of ours."""

    customer: str
    kind: str
    subject: str | None = None
    due: datetime | None = None
    owner: str | None = None
    status: str | None = None
    outcome: str | None = None
