"""What went wrong, as `application/problem+json` (RFC 9457): the code is that of `hub.errors`."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping
from typing import Any

import orjson
from flask import Response, request
from sqlalchemy.exc import OperationalError
from werkzeug.exceptions import HTTPException

from hub import errors
from hub.errors import HubError
from hub.flows.writing import Unfit

log = logging.getLogger(__name__)

TYPE = "application/problem+json"

# the first class that fits decides
_STATUS: tuple[tuple[type[HubError], int], ...] = (
    (errors.NotSignedIn, 401),
    (errors.NotAllowed, 403),
    (errors.Moved, 308),
    (errors.Gone, 410),
    (errors.NotFound, 404),
    (errors.Stale, 412),
    (errors.TooLarge, 413),
    (errors.WrongUse, 400),
    (errors.RecordRejected, 422),
    (errors.RateLimited, 429),
    (errors.RetryLater, 503),
)
_HTTP: Mapping[int, str] = {
    400: "wrong_use",
    404: "not_found",
    405: "wrong_use",
    413: "too_large",
    415: "wrong_use",
    422: "wrong_use",
}
_SOON = 5  # seconds after which a store that did not answer may be asked again


def told(error: HubError) -> Response:
    """The answer to what a flow raised."""
    status = next((code for kind, code in _STATUS if isinstance(error, kind)), 500)
    more: dict[str, Any] = {}
    headers: dict[str, str] = {}
    if isinstance(error, errors.Moved):
        more["moved_to"] = error.to
        headers["Location"] = _there(error.to)
    if isinstance(error, Unfit):
        more["fields"] = error.fields
    if isinstance(error, errors.NotSignedIn):
        headers["WWW-Authenticate"] = "Bearer"
    if isinstance(error, errors.RetryLater):
        headers["Retry-After"] = str(math.ceil(error.after or _SOON))
    if status == 500:
        log.error("a request failed: %s %s", request.method, request.path, exc_info=error)
    return answer(
        status, error.code, error.message, cause=error.cause, fix=error.fix, headers=headers, more=more
    )


def refused(error: HTTPException) -> Response:
    """The answer to what Flask or the parsing of arguments refused."""
    status = error.code or 500
    if error.response is not None or status < 400:
        return Response.force_type(error.get_response(request.environ))  # type: ignore[return-value]
    messages = (getattr(error, "data", None) or {}).get("messages")
    methods = getattr(error, "valid_methods", None)
    headers = {"Allow": ", ".join(sorted(methods))} if methods else None
    code = _HTTP.get(status, "hub_error")
    if messages:
        wrong = _arguments(messages)
        return answer(
            400, code, "An argument is not as it must be.", headers=headers, more={"arguments": wrong}
        )
    return answer(status, code, error.description or error.name, headers=headers)


def defect(error: Exception) -> Response:
    """The answer to what nobody expected; the log has it."""
    if isinstance(error, OperationalError):
        log.warning("the store did not answer", exc_info=error)
        unavailable = errors.RemoteUnavailable("The store does not answer.", after=_SOON)
        return told(unavailable)
    log.error("a request failed: %s %s", request.method, request.path, exc_info=error)
    return answer(500, "hub_error", "This could not be done. The log of the web part says why.")


def answer(
    status: int,
    code: str,
    detail: str,
    *,
    cause: str | None = None,
    fix: str | None = None,
    headers: Mapping[str, str] | None = None,
    more: Mapping[str, Any] | None = None,
) -> Response:
    """One problem."""
    body: dict[str, Any] = {
        "type": f"urn:crm-hub:problem:{code}",
        "title": code.replace("_", " "),
        "status": status,
        "code": code,
        "detail": detail,
    }
    body |= {name: value for name, value in (("cause", cause), ("fix", fix)) if value}
    body |= more or {}
    return Response(orjson.dumps(body), status, headers, content_type=TYPE)


def _there(id: str) -> str:
    """The address asked for, with the id it moved to."""
    asked = str((request.view_args or {}).get("id", ""))
    path = request.path.replace(asked, id, 1) if asked else f"/api/v1/customers/{id}"
    query = request.query_string.decode("latin-1")
    return f"{path}?{query}" if query else path


def _arguments(messages: Any) -> dict[str, str]:
    """Argument → what is wrong with it."""
    found: dict[str, str] = {}
    for place in messages.values() if isinstance(messages, Mapping) else ():
        for name, texts in place.items() if isinstance(place, Mapping) else ():
            found[str(name)] = " ".join(map(str, texts)) if isinstance(texts, list) else str(texts)
    return found
