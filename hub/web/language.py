"""The reader's language and theme: asked for by a cookie, else by the browser. Words come from the .po files as they
are, so that nothing has to be compiled when the hub is built."""

from __future__ import annotations

from functools import cache
from io import BytesIO
from pathlib import Path
from urllib.parse import urlsplit

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import Translations
from flask import Flask, Response, current_app, redirect, request
from flask_babel import Babel, get_babel

LANGUAGES = {"en": "English", "zh": "简体中文"}
THEMES = ("light", "dark")
_TAGS = {"en": "en", "zh": "zh-Hans"}
_YEAR = 365 * 86400
FOLDER = Path(__file__).parent / "translations"


def register(app: Flask) -> None:
    """Give the application its words."""
    Babel(app, default_locale="en", locale_selector=chosen)
    app.jinja_env.globals.update(languages=LANGUAGES, language_tag=tag, language=chosen, theme=theme)
    with app.app_context():
        domain = get_babel().instance.domain_instance
    for code in LANGUAGES:
        found = words(code)
        if found is not None:
            domain.cache[code, domain.domain[0]] = found


@cache
def words(code: str) -> Translations | None:
    """The catalogue of a language; None for the one the templates are written in."""
    file = FOLDER / code / "LC_MESSAGES" / "messages.po"
    if not file.is_file():
        return None
    with file.open("rb") as source:
        catalogue = read_po(source, locale=code)
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return Translations(compiled)


def chosen() -> str:
    """The code of the reader's language."""
    asked = request.cookies.get("language")
    if asked in LANGUAGES:
        return asked
    return request.accept_languages.best_match(list(LANGUAGES)) or "en"


def tag() -> str:
    """The language as HTML names it."""
    return _TAGS.get(chosen(), "en")


def theme() -> str | None:
    """The theme asked for; None: as the system has it."""
    asked = request.cookies.get("theme")
    return asked if asked in THEMES else None


def remember() -> Response:
    """Keep the language or theme that was chosen, and go back to the page it was chosen on."""
    answer = redirect(_local(request.args.get("back", "/")), 303)
    secure = bool(current_app.config.get("SESSION_COOKIE_SECURE")) or request.is_secure
    for name, allowed in (("language", tuple(LANGUAGES)), ("theme", (*THEMES, "system"))):
        value = request.args.get(name)
        if value in allowed:
            answer.set_cookie(name, value, max_age=_YEAR, samesite="Lax", httponly=True, secure=secure)
    assert isinstance(answer, Response)
    return answer


def _local(address: str) -> str:
    """The address if it is one of ours, else home."""
    parts = urlsplit(address)
    ours = not parts.scheme and not parts.netloc and address.startswith("/") and "\\" not in address
    return address if ours and not address.startswith("//") and address.isprintable() else "/"
