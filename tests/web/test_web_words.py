"""The words of the pages: every one is translated, and a reader gets the language that was asked for."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from hub import settings
from hub.cli.root import run
from hub.web import create_app, language

WEB = Path(language.__file__).parent
KEYWORDS = {"_": None, "gettext": None, "lazy_gettext": None, "ngettext": (1, 2)}
METHODS = [("**.py", "python"), ("**.html", "jinja2")]


def said() -> Catalog:
    """Every message in the templates and the code of the pages."""
    found = Catalog()
    options = {"**.html": {"trim_blocks": "true", "lstrip_blocks": "true", "silent": "false"}}
    for file, line, message, *_ in extract_from_dir(str(WEB), METHODS, options, keywords=KEYWORDS):
        found.add(message, locations=[(file, line)])
    return found


def translated(code: str) -> Catalog:
    with (WEB / "translations" / code / "LC_MESSAGES" / "messages.po").open("rb") as file:
        return read_po(file, locale=code)


def marks(text: str) -> list[str]:
    return sorted(re.findall(r"%\(\w+\)s", text))


@pytest.mark.parametrize("code", [code for code in language.LANGUAGES if code != "en"])
def test_every_word_is_translated(code: str) -> None:
    known = translated(code)
    wanted = [one for one in said() if one.id]
    assert len(wanted) > 200
    missing = [f"{one.id!r} ({one.locations[0]})" for one in wanted if not _whole(known.get(_key(one)))]
    assert not missing, "\n".join(missing)
    ids = {_key(one) for one in wanted}
    left = [one.id for one in known if one.id and _key(one) not in ids]
    assert not left, f"no page says these any more: {left}"


@pytest.mark.parametrize("code", [code for code in language.LANGUAGES if code != "en"])
def test_a_translation_names_the_same_values(code: str) -> None:
    for one in translated(code):
        if not one.id:
            continue
        many = one.id[-1] if isinstance(one.id, tuple) else one.id
        for text in one.string if isinstance(one.string, tuple) else (one.string,):
            assert marks(text) == marks(many), one.id


def _key(one: Message) -> str:
    return one.id[0] if isinstance(one.id, tuple) else one.id


def _whole(one: Message | None) -> bool:
    if one is None or one.fuzzy:
        return False
    texts = one.string if isinstance(one.string, tuple) else (one.string,)
    return all(texts)


@pytest.fixture
def client(tmp_path: Path) -> Any:
    assert run(["init", str(tmp_path / "home")]) == 0
    return create_app(settings.load(tmp_path / "home")).test_client()


def test_the_browser_asks_and_the_cookie_decides(client: Any) -> None:
    asked = {"Accept-Language": "zh-CN,zh;q=0.9,en;q=0.5"}
    page = client.get("/", headers=asked).text
    assert '<html lang="zh-Hans"' in page
    assert "尚未接入任何系统" in page
    answer = client.get("/remember?language=en&back=/customers%3Fq%3Dann")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/customers?q=ann")
    assert "HttpOnly" in answer.headers["Set-Cookie"]
    page = client.get("/", headers=asked).text
    assert '<html lang="en"' in page
    assert "No system is connected yet" in page


def test_what_is_no_language_or_theme_is_not_kept(client: Any) -> None:
    answer = client.get("/remember?language=xx&theme=pink")
    assert "Set-Cookie" not in answer.headers
    client.set_cookie("language", "../../etc")
    client.set_cookie("theme", '"><script>')
    page = client.get("/").text
    assert '<html lang="en">' in page


@pytest.mark.parametrize(
    "back", ["//evil.example", "https://evil.example", "/\\evil.example", "evil", "", "/\n/x"]
)
def test_nobody_is_sent_away(client: Any, back: str) -> None:
    answer = client.get("/remember", query_string={"theme": "dark", "back": back})
    assert answer.headers["Location"] == "/"


@pytest.mark.parametrize("code", list(language.LANGUAGES))
def test_every_page_of_an_empty_hub_is_there(client: Any, code: str) -> None:
    client.set_cookie("language", code)
    links = set(re.findall(r'<a href="(/[a-z]*)"', client.get("/").text))
    assert len(links) == 9
    for link in links:
        page = client.get(link)
        assert page.status_code == 200, link
        assert link == "/" or 'class="blank"' in page.text, link
