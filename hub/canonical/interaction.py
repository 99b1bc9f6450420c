"""Something said or done between us and somebody (canonical-model.md, "interaction")."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from hub.canonical.customer import Social


@dataclass(frozen=True, slots=True)
class Campaign:
    """Where a lead came from."""

    form_id: str | None = None
    ad_id: str | None = None
    utm_source: str | None = None
    utm_medium: str | None = None
    utm_campaign: str | None = None
    utm_term: str | None = None
    utm_content: str | None = None


@dataclass(frozen=True, slots=True)
class FormField:
    """One answer in a form."""

    name: str
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Interaction:
    """A message, comment, review, call, … author_record: its author's external id there; unknown ones get a record.
    customer_record: whom what we say is for.

    kind, direction and status are closed enumerations and also have `unknown`.
    """

    id: str | None = None
    connection: str | None = None
    external_id: str | None = None
    author_record: str | None = None
    customer_record: str | None = None
    channel: str | None = None
    kind: str = "unknown"
    direction: str = "unknown"
    thread_ref: str | None = None
    in_reply_to: str | None = None
    subject: str | None = None
    body: str | None = None
    language: str | None = None
    status: str = "unknown"
    owner_ref: str | None = None
    occurred_at: datetime | None = None
    permalink: str | None = None
    author: Social | None = None
    campaign: Campaign = Campaign()
    fields: tuple[FormField, ...] = ()
    related_order: str | None = None
    custom: Mapping[str, Any] = field(default_factory=dict)


def state_of_sending(external_id: str | None, step: str | None, state: str | None) -> str | None:
    """How far an interaction of ours is: sent | waiting | held | refused | dropped; None for one that we only heard.

    step, state: of its create (the store's words).
    """
    if step is None:
        return None
    if external_id is not None:
        return "sent"
    if state == "dead" or step == "refused":
        return "refused"
    if step == "dropped":
        return "dropped"
    return "held" if state == "held" else "waiting"
