"""Between the flat values of an interaction and its dataclass, for exports."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hub.canonical.customer import Social
from hub.canonical.flat import build
from hub.canonical.interaction import Campaign, FormField, Interaction
from hub.canonical.paths import parse


def interaction_of(values: Mapping[str, Any], **head: Any) -> Interaction:
    """An Interaction from flat values. head: id, connection, external_id, as the dataclass has them.

    Of an author there is the account; what else is known of them stands with the customer.
    """
    plain: dict[str, Any] = {}
    author: dict[str, Any] = {}
    campaign: dict[str, Any] = {}
    custom: dict[str, dict[str, Any]] = {}
    for text, value in values.items():
        path = parse(text, object="interaction")
        if value is None:
            continue
        if path.field == "custom":
            custom.setdefault(str(path.label), {})[str(path.sub)] = value
        elif path.field == "author":
            author[path.sub or "handle"] = value
        elif path.field == "campaign":
            campaign[str(path.sub)] = value
        elif path.field == "fields":
            plain["fields"] = tuple(build(FormField, one) for one in value)
        else:
            plain[path.field] = value
    if author:
        network = str(author.pop("network", None) or values.get("channel") or "")
        plain["author"] = build(Social, author, network=network)
    return build(Interaction, plain, campaign=build(Campaign, campaign), custom=custom, **head)
