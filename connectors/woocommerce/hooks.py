"""The webhooks that the store shall send: made where they are missing, switched on again where the store gave up.

A store disables a webhook after deliveries failed several times in succession. Its secret cannot be read, so it is
told again; its address cannot be changed, so one that points elsewhere is left alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from connectors.woocommerce.rest import Rest, Row
from hub.sdk import Finding, HubError

TOPICS = (
    *("customer.created", "customer.updated", "customer.deleted"),
    *("order.created", "order.updated", "order.deleted", "order.restored"),
)
_PATH = "webhooks"
_MOST_PAGES = 20
_FIX = "does the key belong to an administrator, with the right to read and write?"


def ensure(rest: Rest, url: str, secret: str, *, name: str) -> Sequence[Finding]:
    """See to it that each topic is sent to `url`, signed with `secret`; a finding for each, or the one that failed.

    `name`: of the connection, for people who look at the list there.
    """
    try:
        standing = there(rest)
    except HubError as error:
        return [_failed("webhooks", error)]
    findings: list[Finding] = []
    for topic in TOPICS:
        mine = [one for one in standing if one.get("topic") == topic and one.get("delivery_url") == url]
        try:
            findings += list(_one(rest, topic, mine, {"url": url, "secret": secret, "name": name}))
        except HubError as error:
            findings.append(_failed(topic, error))
            break
    return findings


def look(rest: Rest, url: str) -> Sequence[Finding]:
    """Which topics are sent to `url` as it is."""
    try:
        standing = there(rest)
    except HubError as error:
        return [_failed("webhooks", error)]
    findings: list[Finding] = []
    for topic in TOPICS:
        mine = [one for one in standing if one.get("topic") == topic and one.get("delivery_url") == url]
        states = {str(one.get("status")) for one in mine}
        if "active" in states:
            findings.append(Finding(topic, True, "it is there"))
        else:
            said = f"it is {', '.join(sorted(states))}" if states else "it is not there"
            findings.append(Finding(topic, False, said, "hub connection webhooks NAME --register mends it"))
    return findings


def there(rest: Rest) -> list[Row]:
    """Every webhook of the store."""
    found: list[Row] = []
    for page in range(1, _MOST_PAGES + 1):
        rows = rest.listing(_PATH, {"per_page": 100, "page": page, "orderby": "id", "order": "asc"}).rows
        found += rows
        if len(rows) < 100:
            break
    return found


def _one(rest: Rest, topic: str, mine: Sequence[Row], told: Row) -> Iterator[Finding]:
    if not mine:
        body = {
            "name": f"CRM Hub {told['name']}: {topic}",
            "topic": topic,
            "delivery_url": told["url"],
            "secret": told["secret"],
            "status": "active",
        }
        made = rest.save("POST", _PATH, body)
        yield Finding(topic, True, f"made, number {made['id']}")
        return
    first, *others = sorted(mine, key=lambda one: int(one["id"]))
    rest.save("PUT", f"{_PATH}/{first['id']}", {"status": "active", "secret": told["secret"]})
    was = first.get("status")
    said = "it is there" if was == "active" else f"it was {was}, and is switched on again"
    yield Finding(topic, True, f"number {first['id']}: {said}")
    if others:
        numbers = ", ".join(str(one["id"]) for one in others)
        yield Finding(
            topic, True, f"sent twice, also by {numbers}", f"delete {numbers} in the store's settings"
        )


def _failed(step: str, error: HubError) -> Finding:
    said = error.message + (f" ({error.cause})" if error.cause else "")
    return Finding(step, False, said, error.fix or _FIX)
