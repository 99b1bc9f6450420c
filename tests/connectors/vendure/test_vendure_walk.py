"""The walk through the store's lists, its answers and its webhooks, without a server."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connectors.vendure.graphql import Api, Refused, items
from connectors.vendure.walk import FULL, Step, Track, Walk
from connectors.vendure.webhook import hints
from hub.errors import ConnectionBroken, NeedsReauth, OutcomeUnknown, RecordRejected, RemoteUnavailable
from hub.sdk import Hint, Http
from hub.sdk.signing import sign
from hub.testkit.loopback import Loopback, Reply, Request

START = datetime(2026, 11, 24, 12, tzinfo=UTC)
NOW = START + timedelta(hours=1)
SIZE = 3
TRACKS = (Track(FULL, "createdAt"), Track("changed", "updatedAt"), Track("sweep", "createdAt"))


def shown(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Records:
    """A list as the store gives it: microseconds inside, milliseconds shown, `after` strict."""

    def __init__(self) -> None:
        self.rows: dict[str, dict[str, datetime]] = {}
        self.asked = 0

    def add(self, id: str, created: datetime, updated: datetime | None = None) -> None:
        self.rows[id] = {"createdAt": created, "updatedAt": updated or created}

    def ask(self, options: Mapping[str, Any]) -> tuple[list[dict[str, Any]], int]:
        self.asked += 1
        (moment, _), _id = options["sort"].items()
        after = options["filter"].get(moment, {}).get("after")
        fitting = [
            (row[moment], id)
            for id, row in self.rows.items()
            if after is None or row[moment] > datetime.fromisoformat(after)
        ]
        part = [id for _, id in sorted(fitting)][options["skip"] : options["skip"] + options["take"]]
        told = [{"id": id, **{name: shown(at) for name, at in self.rows[id].items()}} for id in part]
        return told, len(fitting)

    def walk(self, cursor: Any = None, *, full: bool = False, stretch: int = 4) -> Iterator[Step]:
        walk = Walk(self.ask, TRACKS, clock=NOW.timestamp, size=SIZE, stretch=stretch)
        return walk.steps(cursor, full=full, overlap=60.0)


@pytest.fixture
def records() -> Records:
    made = Records()
    for number in range(10):
        made.add(str(number), START + timedelta(seconds=number, microseconds=529))
    return made


def ids(steps: list[Step]) -> set[str]:
    return {row["id"] for step in steps for row in step.rows}


def test_a_first_pass_brings_all_and_ends_at_the_stores_clock(records: Records) -> None:
    steps = list(records.walk())
    assert ids(steps) == set(records.rows) and steps[0].total == 10
    assert steps[-1].cursor == {"since": shown(NOW)}
    assert json.loads(json.dumps(steps[-1].cursor)) == steps[-1].cursor


def test_going_on_from_any_step_loses_nothing(records: Records) -> None:
    steps = list(records.walk())
    for taken in range(len(steps)):
        rest = list(records.walk(steps[taken].cursor))
        assert ids(steps[: taken + 1]) | ids(rest) == set(records.rows)
        assert "track" not in rest[-1].cursor


def test_more_records_of_one_moment_than_a_page(records: Records) -> None:
    moment = START + timedelta(minutes=5)
    for number in range(8):
        records.add(f"tie{number}", moment + timedelta(microseconds=number))
    assert ids(list(records.walk())) == set(records.rows)


def test_a_later_pass_asks_with_overlap_and_sweeps_a_stretch(records: Records) -> None:
    cursor = list(records.walk())[-1].cursor
    records.rows["3"]["updatedAt"] = NOW - timedelta(seconds=59)
    steps = list(records.walk(cursor, stretch=0))
    assert ids(steps) == {"3"}
    first = list(records.walk(cursor, stretch=4))
    assert {"0", "1", "2", "3"} <= ids(first) and "9" not in ids(first)
    assert first[-1].cursor["sweep"]


def test_the_sweep_goes_round_and_round(records: Records) -> None:
    cursor = list(records.walk())[-1].cursor
    seen: set[str] = set()
    turned = 0
    for _ in range(8):
        steps = list(records.walk(cursor, stretch=4))
        seen |= ids(steps)
        cursor = steps[-1].cursor
        turned += cursor["sweep"] is None
    assert seen == set(records.rows) and turned >= 1


def test_a_moment_longer_than_a_stretch_does_not_stop_the_sweep(records: Records) -> None:
    for number in range(12):
        records.add(f"import{number}", START - timedelta(days=1))
    cursor = list(records.walk())[-1].cursor
    seen: set[str] = set()
    for _ in range(8):
        steps = list(records.walk(cursor, stretch=4))
        seen |= ids(steps)
        cursor = steps[-1].cursor
    assert seen == set(records.rows)


def test_full_forgets_the_cursor(records: Records) -> None:
    assert ids(list(records.walk({"since": shown(NOW)}, full=True))) == set(records.rows)


def test_a_cursor_of_something_else_is_told() -> None:
    with pytest.raises(ConnectionBroken, match="cursor"):
        list(Records().walk([1, 2]))


class Answers(Loopback):
    """Answers every call with `status` and `body`."""

    def __init__(self, body: Any, *, status: int = 200) -> None:
        super().__init__()
        self.reply = Reply(status, json.dumps(body).encode(), {"Content-Type": "application/json"})

    def answer(self, request: Request) -> Reply:
        return self.reply


def error(code: str | None, message: str = "no") -> dict[str, Any]:
    return {"errors": [{"message": message, "extensions": {"code": code} if code else {}}], "data": None}


def asked(body: Any, *, reads: bool, status: int = 200) -> Any:
    with Answers(body, status=status) as answers:
        http = Http(sleep=lambda seconds: None)
        api = Api(http.at(answers.url))
        return api.read("{x}") if reads else api.write("act", "mutation{act}")


@pytest.mark.parametrize(
    ("body", "reads", "expected"),
    [
        (error("FORBIDDEN"), True, NeedsReauth),
        (error("FORBIDDEN"), False, NeedsReauth),
        (error("GRAPHQL_VALIDATION_FAILED"), True, ConnectionBroken),
        (error("USER_INPUT_ERROR"), False, Refused),
        (error("ENTITY_NOT_FOUND"), False, Refused),
        (error("INTERNAL_SERVER_ERROR"), True, RemoteUnavailable),
        (error("INTERNAL_SERVER_ERROR"), False, OutcomeUnknown),
        (error(None, "null value in column"), False, OutcomeUnknown),
        ({"data": {"act": {"errorCode": "X", "message": "taken"}}}, False, Refused),
        ({"data": {"act": None}}, False, OutcomeUnknown),
        ({"data": None}, True, RemoteUnavailable),
        ({"data": None}, False, OutcomeUnknown),
        ({"errors": "odd"}, True, RemoteUnavailable),
    ],
)
def test_what_an_answer_means(body: Any, reads: bool, expected: type[Exception]) -> None:
    with pytest.raises(expected):
        asked(body, reads=reads)


def test_a_refused_question_with_status_400_is_a_refusal() -> None:
    with pytest.raises(Refused):
        asked(error("GRAPHQL_VALIDATION_FAILED"), reads=False, status=400)
    with pytest.raises(ConnectionBroken):
        asked(error("GRAPHQL_VALIDATION_FAILED"), reads=True, status=400)


def test_a_list_of_another_shape_is_told() -> None:
    for data in ({}, {"customers": None}, {"customers": {"items": [{"name": "no id"}]}}):
        with pytest.raises(RemoteUnavailable):
            items(data, "customers")


def hook(topic: str, data: Mapping[str, Any], *, at: datetime | None = None) -> tuple[dict[str, str], bytes]:
    moment = shown(at or datetime.now(UTC))
    body = json.dumps({"id": "1", "topic": topic, "occurredAt": moment, "data": data}).encode()
    return {"X-Signature-SHA256": sign(body, "old")}, body


@pytest.mark.parametrize(
    ("topic", "data", "expected"),
    [
        ("customer.created", {"id": 3}, (Hint("customer", "3"),)),
        ("customer.deleted", {"id": 3}, (Hint("customer", "3", deleted=True),)),
        ("customer.address.updated", {"id": 9, "customerId": 3}, (Hint("customer", "3"),)),
        ("customer.address.deleted", {"id": 9}, ()),
        ("order.state", {"id": 7, "from": "ArrangingPayment", "to": "PaymentSettled"}, (Hint("order", "7"),)),
        ("order.state", {"id": 7, "from": "Created", "to": "AddingItems"}, ()),
        ("product.updated", {"id": 7}, ()),
    ],
)
def test_what_a_webhook_says(topic: str, data: Mapping[str, Any], expected: tuple[Hint, ...]) -> None:
    headers, body = hook(topic, data)
    assert tuple(hints(headers, body, secrets=["new", "old"])) == expected


def test_a_webhook_that_does_not_hold_is_rejected() -> None:
    headers, body = hook("customer.created", {"id": 3})
    for secrets in ([], [None], ["other"]):
        with pytest.raises(RecordRejected, match="signature"):
            hints(headers, body, secrets=secrets)
    with pytest.raises(RecordRejected, match="old"):
        hints(*hook("customer.created", {}, at=datetime.now(UTC) - timedelta(hours=1)), secrets=["old"])
    with pytest.raises(RecordRejected, match="agreed"):
        hints({"x-signature-sha256": sign(b"[]", "old")}, b"[]", secrets=["old"])
