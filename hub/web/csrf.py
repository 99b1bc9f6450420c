"""No other site can have a visitor's browser write here: each form carries what only our own pages can know.

A random value in a cookie that no other site can set or read (HttpOnly, SameSite=Strict) and the same in the form; and,
where the browser tells, where the request comes from.
"""

from __future__ import annotations

import hmac
import secrets
from urllib.parse import urlsplit

from flask import Flask, Response, current_app, g, request

from hub.errors import NotAllowed
from hub.web.say import gettext

FIELD = "csrf"
_SAFE = ("GET", "HEAD", "OPTIONS")
_DAY = 86_400


def register(app: Flask) -> None:
    """Guard every form of the pages of an application."""
    app.jinja_env.globals.update(csrf=token)
    app.before_request(_guard)
    app.after_request(_keep)


def token() -> str:
    """What the forms of this answer carry."""
    found: str | None = g.get("csrf") or request.cookies.get(FIELD)
    if not found or len(found) < 32:
        found = secrets.token_urlsafe(32)
    g.csrf = found
    return found


def _guard() -> None:
    if request.method in _SAFE or request.blueprint != "pages":
        return
    known, given = request.cookies.get(FIELD, ""), request.form.get(FIELD, "")
    if len(known) < 32 or not hmac.compare_digest(known.encode(), given.encode()) or not _from_here():
        raise NotAllowed(
            gettext("This form is too old, or was not sent from here. Nothing was done."),
            fix=gettext("Load the page again, then repeat it."),
        )


def _from_here() -> bool:
    """Whether one of our own pages sent it, as far as the browser says; an older one says less.

    Our pages send no referrer, so that their own forms have the origin `null`.
    """
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site == "same-origin"
    origin = request.headers.get("Origin", "null")
    return origin == "null" or urlsplit(origin).netloc == request.host


def _keep(response: Response) -> Response:
    made: str | None = g.get("csrf")
    if made is not None and made != request.cookies.get(FIELD):
        secure = bool(current_app.config.get("SESSION_COOKIE_SECURE")) or request.is_secure
        response.set_cookie(FIELD, made, max_age=_DAY, samesite="Strict", httponly=True, secure=secure)
    return response
