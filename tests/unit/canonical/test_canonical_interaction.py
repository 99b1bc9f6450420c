"""Interactions between flat values and the dataclass, and how far one of ours is."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from hub.canonical.interaction import Interaction, state_of_sending
from hub.canonical.interaction_flat import interaction_of
from hub.canonical.schema import from_json, to_json


def test_flat_values_become_an_interaction_and_json() -> None:
    values = {
        "channel": "chat",
        "kind": "lead_form",
        "direction": "inbound",
        "author_record": "u1",
        "author": "ann",
        "author.platform_user_id": "u1",
        "author.email": "ann@x.org",
        "occurred_at": "2026-03-01T10:00:00Z",
        "campaign.utm_source": "news",
        "fields": [{"name": "size", "values": ["L", "XL"]}],
        "custom.chat.mood": "glad",
        "subject": None,
    }
    made = interaction_of(values, id="int_1", connection="web", external_id="7")
    assert (made.kind, made.occurred_at) == ("lead_form", datetime(2026, 3, 1, 10, tzinfo=UTC))
    assert made.author is not None
    assert (made.author.network, made.author.handle, made.author.platform_user_id) == ("chat", "ann", "u1")
    assert made.campaign.utm_source == "news"
    assert made.fields[0].values == ("L", "XL")
    assert made.custom == {"chat": {"mood": "glad"}}
    assert made.subject is None
    assert from_json(Interaction, to_json(made)) == made


@pytest.mark.parametrize(
    ("external_id", "step", "state", "found"),
    [
        ("7", None, None, None),
        ("7", "bound", "done", "sent"),
        (None, "waiting", "waiting", "waiting"),
        (None, "begun", "claimed", "waiting"),
        (None, "waiting", "held", "held"),
        (None, "waiting", "dead", "refused"),
        (None, "refused", "dead", "refused"),
        (None, "dropped", "done", "dropped"),
    ],
)
def test_how_far_a_message_is(
    external_id: str | None, step: str | None, state: str | None, found: str | None
) -> None:
    assert state_of_sending(external_id, step, state) == found
