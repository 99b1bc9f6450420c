"""For load balancers and supervisors: is the process alive, and can it do its work."""

from __future__ import annotations

from flask import Blueprint, Response, current_app, jsonify
from sqlalchemy.exc import SQLAlchemyError

from hub.queue import open_queue
from hub.store.queries import schema

blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
def healthz() -> Response:
    """The process answers. Asks nothing else, so that a slow database does not get it restarted."""
    return jsonify(status="alive")


@blueprint.get("/readyz")
def readyz() -> tuple[Response, int]:
    """200 when the store answers with the right schema, and a queue that was configured answers; else 503."""
    database, queue = _database(), _queue()
    ready = database == "ok" and queue != "down"
    return jsonify(ready=ready, database=database, queue=queue), 200 if ready else 503


def _database() -> str:
    from hub.web.app import store

    try:
        with store().read() as conn:
            found = schema.version(conn)
    except SQLAlchemyError:
        return "down"
    return "ok" if found == schema.newest() else "not migrated"


def _queue() -> str:
    """ok, down, or that the embedded one does not run: then work waits in the store, and nothing is lost."""
    settings = current_app.config["HUB"]
    queue = open_queue(settings)
    answers = queue.available()
    queue.close()
    if answers:
        return "ok"
    return "embedded, not running" if settings.embedded_queue else "down"
