"""Tryton's REST API as verified against 8.2: methods as POST actions, its values in JSON, and what its errors mean.

`POST /<database>/rest/model/<model>/<method>` calls any method the server exposes, in one transaction: so a search has
no limit of URL length, and one call creates many records. `PUT …/<id>?f=…` writes one record and answers with its new
state, read inside the same transaction.
"""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

from hub.sdk import (
    ConnectionBroken,
    Http,
    NeedsReauth,
    OutcomeUnknown,
    RecordRejected,
    RemoteUnavailable,
    Response,
)


def headers(**context: Any) -> Mapping[str, str]:
    """Of every request. Without `active_test` the server leaves out what is deactivated."""
    told = json.dumps({"active_test": False, **context}).encode()
    return {
        "X-Tryton-Context": base64.urlsafe_b64encode(told).decode(),
        "Accept": "application/json",
    }


_OWN_PAGE = re.compile(r"\s*<!doctype html>\s*<html lang=en>\s*<title>5\d\d [\w ]+</title>", re.IGNORECASE)
_PARAGRAPH = re.compile(r"<p>(.*?)</p>", re.DOTALL)

Row = dict[str, Any]
Domain = list[Any]


class Unreadable(RecordRejected):
    """The server fails on these records: one refers to something that is not there (403), or breaks it (500). Or all
    are `forbidden` (403) to the key's user: reading their ids alone tells."""

    code = "unreadable_there"

    def __init__(self, message: str, *, cause: str | None, forbidden: bool = False) -> None:
        super().__init__(message, cause=cause)
        self.forbidden = forbidden


class Gone(RecordRejected):
    """The record to be written is not there."""

    code = "gone_there"


class ServerFailed(OutcomeUnknown):
    """A write was answered with an error page of Tryton's own (500, 503): its transaction is over, so one can look
    whether it landed. `transient`: 503. An error page of anybody else's (a proxy) is a plain OutcomeUnknown.
    """

    def __init__(self, message: str, *, cause: str | None, transient: bool) -> None:
        super().__init__(message, cause=cause)
        self.transient = transient


class Read(NamedTuple):
    """Rows, and the server's clock at the answer (epoch seconds) if it told."""

    rows: list[Row]
    served_at: float | None


class Rest:
    """The few calls the connector needs. Errors other than those named are the ones of `Http`."""

    def __init__(self, http: Http) -> None:
        self._http = http

    def search_read(
        self,
        model: str,
        domain: Domain,
        fields: Sequence[str],
        *,
        limit: int | None = None,
    ) -> Read:
        """Matching records by id. Raises Unreadable; ConnectionBroken if the key may not or the database is unknown."""
        arguments = {"domain": domain, "order": [["id", "ASC"]], "limit": limit, "fields_names": list(fields)}
        answer = self._read(model, "search_read", arguments)
        return Read(_rows(_plain(answer.json()), answer), answer.served_at)

    def readable(
        self, model: str, ids: Sequence[int], fields: Sequence[str]
    ) -> tuple[list[Row], dict[int, str]]:
        """Rows of those of `ids` that can be read, and the cause for each one that cannot, found by halving.

        If it is not the records: raises NeedsReauth if the key's user may read none, RemoteUnavailable if the server
        fails whatever it is asked.
        """
        domain = [["id", "in", list(ids)]]
        try:
            return self.search_read(model, domain, fields).rows, {}
        except Unreadable as error:
            self.visible(model, domain)
            if len(ids) == 1:
                return [], {ids[0]: str(error)}
        rows: list[Row] = []
        broken: dict[int, str] = {}
        half = len(ids) // 2
        for part in (ids[:half], ids[half:]):
            found, causes = self.readable(model, part, fields)
            rows += found
            broken |= causes
        return rows, broken

    def visible(self, model: str, domain: Domain, *, limit: int | None = None) -> Read:
        """The ids alone, where reading more failed. Raises NeedsReauth or RemoteUnavailable if even that fails."""
        try:
            return self.search_read(model, domain, ["id"], limit=limit)
        except Unreadable as error:
            if error.forbidden:
                raise NeedsReauth(
                    f"the key's user may not read {model}",
                    cause=error.cause,
                    fix="give the user the right groups there",
                ) from None
            raise RemoteUnavailable(str(error)) from None

    def count(self, model: str, domain: Domain) -> int:
        answer = self._read(model, "search_count", {"domain": domain})
        number = answer.json()
        if not isinstance(number, int) or isinstance(number, bool):
            raise _strange(answer, "a number")
        return number

    def tables(self, model: str, method: str, arguments: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
        """The answer of a method that changes nothing and returns a table for each name."""
        answer = self._read(model, method, arguments)
        found = answer.json()
        if not isinstance(found, dict) or not all(isinstance(one, dict) for one in found.values()):
            raise _strange(answer, "a table for each name")
        return found

    def create(self, model: str, rows: Sequence[Mapping[str, Any]]) -> list[int]:
        """Create all or none of `rows`; their ids in order. Raises RecordRejected, ServerFailed."""
        answer = self._http.post(
            f"rest/model/{model}/create", json={"vlist": list(rows)}, accept=(400, 403, 500, 503)
        )
        ids = _verdict(answer).json()
        if not isinstance(ids, list) or len(ids) != len(rows) or not all(isinstance(one, int) for one in ids):
            raise OutcomeUnknown(f"{answer.where} did not answer with one id for each record")
        return ids

    def create_one(self, model: str, values: Mapping[str, Any], *, fields: Sequence[str]) -> Row:
        """Create one record and return it. Unlike `create` it tells the reason when the user may not write a field.

        Raises RecordRejected, ServerFailed.
        """
        answer = self._http.post(
            f"rest/model/{model}",
            params=[("f", name) for name in fields],
            json=dict(values),
            accept=(400, 403, 500, 503),
        )
        if answer.status == 204:
            raise ServerFailed("the new record cannot be read", cause=None, transient=False)
        row: Row = _plain(_verdict(answer).json())
        if not isinstance(row, dict) or not isinstance(row.get("id"), int):
            raise OutcomeUnknown(f"{answer.where} did not answer with the record")
        return row

    def write(self, model: str, id: int, values: Mapping[str, Any], *, fields: Sequence[str]) -> Row | None:
        """Write one record and return its new state; None if it was written but cannot be read.

        Raises Gone, RecordRejected, ServerFailed.
        """
        answer = self._http.put(
            f"rest/model/{model}/{id}",
            params=[("f", name) for name in fields],
            json=dict(values),
            accept=(400, 403, 404, 500, 503),
        )
        if answer.status == 404:
            raise Gone(f"{model} {id} is not there")
        if answer.status == 204:
            return None
        row: Row = _plain(_verdict(answer).json())
        if not isinstance(row, dict) or row.get("id") != id:
            raise OutcomeUnknown(f"{answer.where} did not answer with the record")
        return row

    def press(self, model: str, id: int, button: str) -> None:
        """Press a button of one record's form. Raises Gone, RecordRejected, ServerFailed."""
        answer = self._http.post(
            f"rest/model/{model}/{id}/{button}", json={}, accept=(400, 403, 404, 500, 503)
        )
        if answer.status == 404:
            raise Gone(f"{model} {id} is not there")
        _verdict(answer)

    def remove(self, model: str, id: int) -> None:
        """Delete one record; one that is gone already is no error. Raises RecordRejected, ServerFailed."""
        answer = self._http.delete(f"rest/model/{model}/{id}", accept=(400, 403, 404, 500, 503))
        if answer.status != 404:
            _verdict(answer)

    def defaults(self, model: str, names: Sequence[str]) -> Mapping[str, Any]:
        """What the ERP itself puts into these fields of a new record."""
        answer = self._read(model, "default_get", {"fields_names": list(names)})
        found = answer.json()
        if not isinstance(found, dict):
            raise _strange(answer, "a record")
        return found

    def _read(self, model: str, method: str, arguments: Mapping[str, Any]) -> Response:
        where = f"rest/model/{model}/{method}"
        answer = self._http.post(where, json=dict(arguments), reads=True, accept=(400, 403, 404, 500))
        if answer.status in (403, 500):
            what = f"the server failed to read {model}"
            raise Unreadable(what, cause=_message(answer), forbidden=answer.status == 403)
        if answer.status == 404:
            raise ConnectionBroken(
                "the server does not know this database, or has no REST API",
                fix="the url is http(s)://HOST[:PORT]/DATABASE of a Tryton 8 server",
            )
        if answer.status == 400:
            raise ConnectionBroken(f"the server refused to read {model}", cause=_message(answer))
        return answer


def _verdict(answer: Response) -> Response:
    """A good answer to a write, or the error that says what became of it. 400, 403: the transaction was rolled back."""
    if answer.ok:
        return answer
    if answer.status in (400, 403):
        raise RecordRejected(_message(answer))
    what, cause = f"the server failed ({answer.status})", _message(answer)
    if _OWN_PAGE.match(answer.text()) is None:
        raise OutcomeUnknown(what, cause=cause)
    raise ServerFailed(what, cause=cause, transient=answer.status == 503)


def _rows(found: Any, answer: Response) -> list[Row]:
    if isinstance(found, list) and all(
        isinstance(one, dict) and isinstance(one.get("id"), int) for one in found
    ):
        return found
    raise _strange(answer, "records")


def _strange(answer: Response, wanted: str) -> RemoteUnavailable:
    return RemoteUnavailable(f"{answer.where} answered something else than {wanted}", cause=answer.excerpt())


def _message(answer: Response) -> str:
    """What the server says: `message` of its JSON, or the paragraph of its error page."""
    try:
        said = json.loads(answer.body)
        if isinstance(said, dict):
            return " ".join(filter(None, (said.get("message"), said.get("description"))))
    except ValueError:
        pass
    found = _PARAGRAPH.search(answer.text())
    return html.unescape(found[1]).strip() if found else answer.excerpt()


def _plain(value: Any) -> Any:
    """JSON values only, whichever route they came by: `lang.` (read) and `lang` (write) become `lang`."""
    if isinstance(value, dict):
        if "__class__" in value:
            return decode(value)
        return {name.rstrip("."): _plain(one) for name, one in value.items() if name != "__name__"}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return value


def decode(value: Mapping[str, Any]) -> Any:
    """A typed value of theirs as JSON: instants and dates in ISO form, decimals as text, bytes left out."""
    match value["__class__"]:
        case "datetime":
            parts = ("year", "month", "day", "hour", "minute", "second", "microsecond")
            return datetime(*(value[one] for one in parts)).isoformat() + "Z"  # noqa: DTZ001 (their stamps are UTC)
        case "date":
            return date(value["year"], value["month"], value["day"]).isoformat()
        case "Decimal":
            return str(value["decimal"])
        case "timedelta":
            return value["seconds"]
        case "time":
            return f"{value['hour']:02}:{value['minute']:02}:{value['second']:02}"
        case _:
            return None


def encode_instant(instant: datetime) -> dict[str, Any]:
    """An aware datetime as their JSON."""
    at = instant.astimezone(UTC)
    names = ("year", "month", "day", "hour", "minute", "second", "microsecond")
    return {"__class__": "datetime", **{name: getattr(at, name) for name in names}}


def encode_date(value: Any) -> dict[str, Any]:
    day = date.fromisoformat(value)
    return {"__class__": "date", "year": day.year, "month": day.month, "day": day.day}


def encode_decimal(value: Any) -> dict[str, Any]:
    return {"__class__": "Decimal", "decimal": str(value)}


_ENCODERS: Mapping[str, Callable[[Any], Any]] = {
    "numeric": lambda value: {"__class__": "Decimal", "decimal": str(Decimal(str(value)))},
    "date": encode_date,
    "datetime": lambda value: encode_instant(datetime.fromisoformat(value)),
    "timestamp": lambda value: encode_instant(datetime.fromisoformat(value)),
    "integer": int,
    "float": float,
}
_AS_IS: Mapping[str, type] = {"boolean": bool, "char": str, "text": str, "selection": str}
SIMPLE = frozenset({*_ENCODERS, *_AS_IS})
"""The field types `encode` can write."""


def encode(value: Any, kind: str) -> Any:
    """A JSON value as one of their field type `kind`. Raises RecordRejected for one that does not fit."""
    if value is None or value == "":
        return False if kind == "boolean" else None
    try:
        if kind in _AS_IS and isinstance(value, _AS_IS[kind]):
            return value
        if kind in _ENCODERS:
            return _ENCODERS[kind](value)
    except (ValueError, TypeError, ArithmeticError):
        pass
    raise RecordRejected(f"{value!r} does not fit a field of type {kind}")
