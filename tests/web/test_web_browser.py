"""The pages in a real Chromium: nothing in the console, nothing sideways on a phone, keys, and readable without script.

Skipped where Playwright or a Chromium is missing (HUB_TEST_CHROMIUM names one that is somewhere else).
"""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from conftest_cli import lay_out
from werkzeug.serving import make_server

from hub import settings
from hub.cli.root import run
from hub.web import create_app

sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    "--disable-component-update",
]
PATHS = ("/", "/customers", "/customers/crm:long", "/orders", "/review", "/conflicts", "/problems", "/connections",
         "/connections/crm", "/runs", "/runs/1", "/settings", "/customers?q=nobody")  # fmt: skip
LONG_NAME = "欧阳明月清风有限责任公司上海浦东新区分公司采购部联络处第二办公室"
LONG_MAIL = (
    "katharina.elisabeth.von-und-zu-weissenfels.vertrieb@abteilung.beschaffung.unternehmensgruppe.example"
)

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    found = os.environ.get("HUB_TEST_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        pytest.skip("no Chromium on this machine")
    with sync_api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=found, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a hub with two connections, a record in quarantine, and long names."""
    folder = tmp_path_factory.mktemp("browser") / "home"
    assert run(["init", str(folder)]) == 0
    file = lay_out(folder)
    export = folder.parent / "crm" / "customers.csv"
    export.write_text(
        export.read_text(encoding="utf-8") + f"long,{LONG_NAME},{LONG_MAIL},,\n", encoding="utf-8"
    )
    assert run(["--home", str(folder), "apply", str(file)]) == 0
    assert run(["--home", str(folder), "sync"]) == 0
    server = make_server("127.0.0.1", 0, create_app(settings.load(folder)), threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()


def look(browser: Any, site: str, *, language: str = "en", width: int = 1280, **more: Any) -> Any:
    """A page of a fresh visitor, and what its console said as `page.said`."""
    context = browser.new_context(viewport={"width": width, "height": 844}, **more)
    context.add_cookies([{"name": "language", "value": language, "url": site}])
    page = context.new_page()
    page.said = []
    page.on("console", lambda message: page.said.append(message.text))
    page.on("pageerror", lambda error: page.said.append(str(error)))
    page.on("requestfailed", lambda request: _failed(page, request))
    return page


def _failed(page: Any, request: Any) -> None:
    """A request given up because the visitor went on is no complaint."""
    if request.failure != "net::ERR_ABORTED":
        page.said.append(f"{request.url}: {request.failure}")


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_complains_or_runs_off_a_phone(browser: Any, site: str, language: str, scheme: str) -> None:
    page = look(browser, site, language=language, width=390, color_scheme=scheme)
    for path in PATHS:
        page.goto(site + path)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, path
        assert page.evaluate("document.documentElement.dataset.bsTheme") == scheme
        assert page.locator("h1").count() == 1
        assert not page.locator(".side nav").is_visible()  # folded
    page.locator("label.fold").click()
    assert page.locator(".side nav a").count() == 9
    assert page.locator(".side nav a").last.is_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.said == []
    page.context.close()


def test_keys_lead_to_the_search_and_through_the_rows(browser: Any, site: str) -> None:
    page = look(browser, site)
    page.goto(f"{site}/customers")
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "q"
    assert page.input_value("#q") == ""  # the key itself is not typed
    page.keyboard.type("ann/x j?")
    assert page.input_value("#q") == "ann/x j?"
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.id") != "q"
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    assert page.locator("tr.at").count() == 1
    page.keyboard.press("Enter")
    page.wait_for_url("**/customers/cus_*")
    page.keyboard.press("?")
    assert page.locator("#keys").is_visible()
    assert page.said == []
    page.context.close()


def test_a_value_says_where_it_comes_from(browser: Any, site: str) -> None:
    page = look(browser, site)
    page.goto(f"{site}/customers/crm:long")
    source = page.locator(".value .source").first
    assert not source.locator(".tip").is_visible()
    source.focus()
    assert source.locator(".tip").is_visible()
    assert "crm" in source.locator(".tip").inner_text()
    assert "long" in source.locator(".tip").inner_text()
    page.context.close()


def test_the_runs_come_live_and_an_unchanged_list_stays(browser: Any, site: str) -> None:
    page = look(browser, site)
    page.goto(site)
    with page.expect_response("**/live?seen=*", timeout=15_000) as answer:
        pass
    assert answer.value.status in (200, 204)
    assert page.locator("[hx-get] .list li").count() == 3
    assert page.said == []
    page.context.close()


@pytest.mark.parametrize("width", [390, 1280])
def test_it_is_readable_without_script(browser: Any, site: str, width: int) -> None:
    page = look(browser, site, width=width, java_script_enabled=False)
    page.goto(site)
    assert page.locator("svg.map .node").count() == 2
    assert page.locator("section[aria-labelledby=needs] li").count() >= 1
    if width < 768:
        page.locator("label.fold").click()
    page.locator(".side nav a[href='/customers']").click()
    page.locator("#q").fill(LONG_MAIL)
    page.locator("#q").press("Enter")
    page.locator("tr[data-row] a").first.click()
    assert page.locator("h1").inner_text() == LONG_NAME
    page.locator("a[hreflang=zh]").click()
    assert page.locator("html").get_attribute("lang") == "zh-Hans"
    assert page.locator("h1").inner_text() == LONG_NAME
    page.context.close()
