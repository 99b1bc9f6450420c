"""A part of the API: a blueprint whose errors are problems, and what its views have in common."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from flask import Response
from flask_smorest import Blueprint
from marshmallow import RAISE, Schema
from werkzeug.exceptions import HTTPException

from hub.errors import HubError
from hub.web.api import gate, problem
from hub.web.api.schemas import Problem

View = TypeVar("View", bound=Callable[..., Any])

PREFIX = "/api/v1"
JSON = "application/json"
_MEANING = {
    304: "Not changed since the version in If-None-Match.",
    308: "Merged: Location and `moved_to` say where it answers now.",
    400: "The request is not as it must be.",
    401: "No token that is in force.",
    403: "The token has not this scope.",
    404: "There is no such thing.",
    410: "It is kept no longer; `fix` says how to go on.",
    412: "It has another version than If-Match says.",
    413: "Too large.",
    415: "Not JSON.",
    422: "Some fields cannot be taken; `fields` says why. Nothing was written.",
    429: "Too many requests; see Retry-After.",
}


def part(name: str, description: str) -> Blueprint:
    """An empty part below /api/v1."""
    made = Blueprint(name, "hub.web.api", url_prefix=PREFIX, description=description)
    made.register_error_handler(HTTPException, problem.refused)
    made.register_error_handler(HubError, problem.told)
    made.register_error_handler(Exception, problem.defect)
    made.after_request(gate.say_limit)
    return made


def view(
    of: Blueprint,
    rule: str,
    *,
    needs: str,
    gives: type[Schema],
    takes: type[Schema] | None = None,
    method: str = "GET",
    problems: tuple[int, ...] = (),
    **document: Any,
) -> Callable[[View], View]:
    """A view at a rule that needs a scope.

    takes: its query, which the view gets first, parsed; an unknown argument is refused, so that a mistyped one does not
    widen the answer. gives: its answer, for the document only: the view returns a Response. document: more for
    `Blueprint.response`, and the operation's `requestBody` and `parameters`.
    """

    def made(function: View) -> View:
        inner: Any = function
        if takes is not None:
            inner = of.arguments(takes, location="query", error_status_code=400, unknown=RAISE)(inner)
        operation = {name: document.pop(name) for name in ("requestBody", "parameters") if name in document}
        inner = gate.needs(needs)(inner)  # before anything is parsed
        inner = of.response(200, gives, **document)(inner)
        for status in sorted({400, 401, 403, 429, *problems}):
            told = {} if status == 304 else {"schema": Problem, "content_type": problem.TYPE}
            inner = of.alt_response(status, description=_MEANING[status], **told)(inner)
        inner = of.doc(security=[{"token": [needs]}], **operation)(inner)
        of.route(rule, methods=[method])(inner)
        return function

    return made


def json(text: str, *, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """An answer that is JSON text already."""
    return Response(text, status, headers, content_type=JSON)
