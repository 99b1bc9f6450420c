"""The Flask application: one store per process, headers that forbid what no page needs, errors as pages."""

from __future__ import annotations

import logging
from typing import Any

from flask import Flask, Response, current_app, render_template, request
from werkzeug.exceptions import HTTPException

from hub.errors import HubError, NotAllowed, NotFound, RetryLater, WrongUse
from hub.flows.home import is_loopback
from hub.settings import Settings
from hub.web import api, authorised, csrf, fields, health, hooks, language, looks, words
from hub.web.api import problem
from hub.web.place import store
from hub.web.say import gettext
from hub.web.views import blueprint as pages
from hub.web.views.part import look, page

__all__ = ["create_app", "store"]

log = logging.getLogger(__name__)

_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def create_app(settings: Settings) -> Flask:
    """The pages of one hub. Opens its store with the first request, so it may be made before a fork."""
    app = Flask("hub.web", static_folder="static", template_folder="templates")
    app.config["HUB"] = settings
    app.config["MAX_CONTENT_LENGTH"] = 64 * 1024
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.filters.update(words.FILTERS, field=fields.label)
    app.jinja_env.globals.update(state_of=looks.state_of, look=look)
    language.register(app)
    csrf.register(app)
    app.register_blueprint(health.blueprint)
    app.register_blueprint(authorised.blueprint)
    app.register_blueprint(pages)
    api.register(app)
    hooks.register(app)
    app.before_request(_at_home)
    app.after_request(_guarded)
    app.register_error_handler(HTTPException, _refused)
    app.register_error_handler(HubError, _told)
    app.register_error_handler(Exception, _defect)
    return app


def _at_home() -> Any:
    """While everybody may see the pages, only this machine's own names are answered: another site cannot have a
    visitor's browser ask for them under its name."""
    if request.endpoint == "hooks.hook":
        return None  # it shows nothing, and takes only what is signed
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
    known = {404: gettext("There is nothing here"), 405: gettext("That is not done here")}
    text = gettext("The address may be mistyped.") if code == 404 else error.description or ""
    return _page(known.get(code, error.name), text, code)


def _told(error: HubError) -> tuple[str, int]:
    code = 404 if isinstance(error, NotFound) else 400 if isinstance(error, WrongUse) else 500
    code = 403 if isinstance(error, NotAllowed) else 503 if isinstance(error, RetryLater) else code
    return _page(error.message, error.cause or "", code, fix=error.fix)


def _defect(error: Exception) -> tuple[str, int]:
    log.exception("a page failed: %s %s", request.method, request.path)
    return _page(gettext("This page could not be made"), gettext("The log of the web part says why."), 500)


def _page(title: str, text: str, code: int, *, fix: str | None = None) -> tuple[str, int]:
    """In the frame; outside it where the frame itself cannot be made (no store)."""
    values = {"title": title, "text": text, "fix": fix, "code": code}
    try:
        return page("error.html", "", **values), code
    except Exception:
        log.debug("the frame of an error page failed", exc_info=True)
        return render_template("error.html", here="", nav=(), counted={}, **values), code
