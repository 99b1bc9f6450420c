"""The Flask application: one store per process, headers that forbid what no page needs, errors as pages."""

from __future__ import annotations

import logging
from typing import Any

from flask import Flask, Response, current_app, render_template, request
from werkzeug.exceptions import HTTPException

from hub.errors import HubError, NotFound, RetryLater, WrongUse
from hub.flows.home import is_loopback
from hub.settings import Settings
from hub.store.session import Database
from hub.web import api, health, pages, words
from hub.web.api import problem

log = logging.getLogger(__name__)

_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_STORE = "hub.store"


def create_app(settings: Settings) -> Flask:
    """The pages of one hub. Opens its store with the first request, so it may be made before a fork."""
    app = Flask("hub.web", static_folder="static", template_folder="templates")
    app.config["HUB"] = settings
    app.config["MAX_CONTENT_LENGTH"] = 64 * 1024
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.filters.update(words.FILTERS)
    app.register_blueprint(health.blueprint)
    app.register_blueprint(pages.blueprint)
    api.register(app)
    app.before_request(_at_home)
    app.after_request(_guarded)
    app.register_error_handler(HTTPException, _refused)
    app.register_error_handler(HubError, _told)
    app.register_error_handler(Exception, _defect)
    return app


def store() -> Database:
    """The store of this process."""
    found: Database | None = current_app.extensions.get(_STORE)
    if found is None:
        found = Database(current_app.config["HUB"].database_url)
        current_app.extensions[_STORE] = found
    return found


def _at_home() -> Any:
    """While everybody may see the pages, only this machine's own names are answered: another site cannot have a
    visitor's browser ask for them under its name."""
    settings: Settings = current_app.config["HUB"]
    host = request.host.rpartition(":")[0] if not request.host.endswith("]") else request.host
    if settings.web_reach == "loopback" and not is_loopback(host or request.host):
        return Response("This hub answers to its own machine only.\n", 421, mimetype="text/plain")
    return None


def _guarded(response: Response) -> Response:
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    if request.endpoint != "static":
        response.headers.setdefault("Cache-Control", "no-store")
    return response


def _refused(error: HTTPException) -> tuple[str, int] | Response:
    if request.path.startswith("/api/"):  # what no part of the API took
        return problem.refused(error)
    code = error.code or 500
    title = {404: "There is nothing here", 405: "That is not done here"}.get(code, error.name)
    return _page(title, "The address may be mistyped." if code == 404 else error.description or "", code)


def _told(error: HubError) -> tuple[str, int]:
    code = 404 if isinstance(error, NotFound) else 400 if isinstance(error, WrongUse) else 500
    code = 503 if isinstance(error, RetryLater) else code
    return _page(error.message, error.cause or "", code, fix=error.fix)


def _defect(error: Exception) -> tuple[str, int]:
    log.exception("a page failed: %s %s", request.method, request.path)
    return _page("This page could not be made", "The log of the web part says why.", 500)


def _page(title: str, text: str, code: int, *, fix: str | None = None) -> tuple[str, int]:
    return render_template("error.html", title=title, text=text, fix=fix, code=code), code
