"""Review in a real Chromium: one key a word, the next case at once; on a phone; and without script."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from web.test_web_browser import browser, look
from web.test_web_review import asked_home
from werkzeug.serving import make_server

from hub import settings
from hub.web import create_app

__all__ = ["browser"]

pytestmark = pytest.mark.slow


@pytest.fixture
def site(tmp_path: Path) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, create_app(settings.load(asked_home(tmp_path))), threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()


def test_a_key_is_a_word_and_the_next_case_is_there(browser: Any, site: str) -> None:
    page = look(browser, site)
    page.goto(f"{site}/review")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url("**/review/rev_*")
    first = page.url
    page.keyboard.press("y")
    page.wait_for_url("**did=accept**")
    assert page.locator(".count.needs").first.inner_text() == "2"
    page.keyboard.press("z")
    page.wait_for_url("**did=undo**")
    assert page.url.startswith(first.partition("?")[0])
    page.keyboard.press("s")
    page.wait_for_function("!location.search.includes('did')")
    second = page.url
    assert second != first
    page.locator("#reason").fill("yn")  # keys in a field are letters
    assert page.url == second
    page.keyboard.press("Escape")
    page.keyboard.press("n")
    page.wait_for_url("**did=reject**")
    page.keyboard.press("d")
    page.wait_for_url("**did=defer**")
    page.keyboard.press("n")
    page.wait_for_url("**/review?did=reject**")
    assert "Nothing waits" in page.locator(".head p").inner_text()
    assert page.said == []
    page.context.close()


@pytest.mark.parametrize("language", ["en", "zh"])
def test_it_fits_a_phone_and_needs_no_script(browser: Any, site: str, language: str) -> None:
    page = look(browser, site, language=language, width=390, java_script_enabled=False)
    page.goto(f"{site}/review")
    wide = "document.documentElement.scrollWidth"
    assert page.evaluate(wide) <= 390
    page.locator("tr[data-row] a").first.click()
    page.locator("a[href*=preview]").click()
    assert page.evaluate(wide) <= 390
    page.locator("button[value=reject]").click()
    page.wait_for_url("**did=reject**")
    page.locator(".done button").click()
    page.wait_for_url("**did=undo**")
    assert page.evaluate(wide) <= 390
    page.context.close()
