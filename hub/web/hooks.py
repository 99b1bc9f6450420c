"""Where systems send their webhooks: `/hooks/CONNECTION`. Nobody is told why one was not taken."""

from __future__ import annotations

import math

from flask import Blueprint, Flask, Response, current_app, request
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from hub.errors import HubError, NotFound, NotSigned, RateLimited, RecordRejected
from hub.flows.receiving import MOST_BYTES, Door
from hub.web.place import store

blueprint = Blueprint("hooks", __name__)
_EXTENSION = "hub.hooks"


def register(app: Flask) -> None:
    """Add the address of webhooks to an application."""
    app.extensions[_EXTENSION] = Door(app.config["HUB"], store)
    app.register_blueprint(blueprint)


@blueprint.route("/hooks/<name>", methods=["GET", "HEAD", "POST"])
def hook(name: str) -> Response:
    """Take a webhook, or answer the question a system asks before it sends any."""
    door: Door = current_app.extensions[_EXTENSION]
    try:
        if request.args or request.method != "POST":
            answer = door.challenge(name, request.args.to_dict())
            if answer is not None:
                return Response(answer, 200, mimetype="text/plain")
            if request.method != "POST":
                return _say("not found", 404)
        door.receive(name, dict(request.headers), body=_body())
    except HTTPException as error:
        return _say("too large" if error.code == 413 else "not as agreed", error.code or 400)
    except (HubError, SQLAlchemyError) as error:
        return _refused(error)
    return _say("taken", 200)


def _body() -> bytes:
    """The raw body. Raises RequestEntityTooLarge for a longer one, unread where its length is told."""
    if (request.content_length or 0) > MOST_BYTES:
        raise RequestEntityTooLarge
    request.max_content_length = MOST_BYTES + 1  # a body without a length is cut off there in silence
    body = request.get_data(cache=False)
    if len(body) > MOST_BYTES:
        raise RequestEntityTooLarge
    return body


def _refused(error: Exception) -> Response:
    if isinstance(error, NotFound):
        return _say("not found", 404)
    if isinstance(error, NotSigned):
        return _say("not signed", 401)
    if isinstance(error, RecordRejected):
        return _say("not as agreed", 400)
    if isinstance(error, RateLimited):
        answer = _say("too many", 429)
        answer.headers["Retry-After"] = str(max(1, math.ceil(error.after or 1)))
        return answer
    current_app.logger.warning("a webhook could not be taken: %s", error)
    answer = _say("not now", 503)  # whoever sent it tries again
    answer.headers["Retry-After"] = "30"
    return answer


def _say(word: str, code: int) -> Response:
    return Response(f"{word}\n", code, mimetype="text/plain")
