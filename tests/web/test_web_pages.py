"""The pages: what they show, what they refuse, and what they let a browser do."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from conftest_cli import lay_out

from hub import settings
from hub.cli.root import run
from hub.errors import WrongUse
from hub.flows.home import check_reach, is_loopback
from hub.web import create_app
from hub.web.views.part import PAGE


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("web") / "home"
    assert run(["init", str(folder)]) == 0
    file = lay_out(folder)
    rows = "".join(f"{n},Person {n:03d},p{n}@x.org,,\n" for n in range(100, 100 + PAGE))
    export = folder.parent / "crm" / "customers.csv"
    evil = '9,<script>alert(1)</script>\u202etxt,e@x.org,,"<b>"\n'
    export.write_text(export.read_text(encoding="utf-8") + rows + evil, encoding="utf-8")
    assert run(["--home", str(folder), "apply", str(file)]) == 0
    assert run(["--home", str(folder), "sync"]) == 0
    return folder


@pytest.fixture
def client(home: Path) -> Any:
    return create_app(settings.load(home)).test_client()


@pytest.fixture
def empty(tmp_path: Path) -> Any:
    assert run(["init", str(tmp_path / "home")]) == 0
    return create_app(settings.load(tmp_path / "home")).test_client()


def test_health_asks_nothing_and_readiness_asks_everything(client: Any, home: Path, tmp_path: Path) -> None:
    assert client.get("/healthz").json == {"status": "alive"}
    found = client.get("/readyz")
    assert (found.status_code, found.json["database"], found.json["ready"]) == (200, "ok", True)
    assert found.json["queue"].startswith("embedded")
    (tmp_path / "hub.toml").write_text('database_url = "sqlite:///none.sqlite"\n', encoding="utf-8")
    other = create_app(settings.load(tmp_path)).test_client()
    assert other.get("/healthz").status_code == 200
    found = other.get("/readyz")
    assert (found.status_code, found.json["database"]) == (503, "not migrated")
    (tmp_path / "hub.toml").write_text(
        f'database_url = "sqlite:///{home}/data/hub.sqlite"\nredis_url = "redis://127.0.0.1:1"\n',
        encoding="utf-8",
    )
    found = create_app(settings.load(tmp_path)).test_client().get("/readyz")
    assert (found.status_code, found.json["queue"]) == (503, "down")


def test_home_shows_connections_and_runs(client: Any) -> None:
    text = client.get("/").text
    assert "crm" in text
    assert "kunden" in text
    assert "1 in quarantine" in text
    assert "One record from crm could not be taken." in text
    assert "no worker runs" not in text  # nothing has a schedule
    assert text.count('class="node"') == 2
    assert client.get("/runs").text.count('<td data-label="Run"') == 3


def test_customers_come_in_pages_and_can_be_found(client: Any) -> None:
    first = client.get("/customers").text
    assert first.count('data-label="Name"') == PAGE
    following = re.search(r'href="(/customers\?before=cus_[0-9a-z]+)"', first)
    assert following
    second = client.get(following[1]).text
    assert 0 < second.count('data-label="Name"') < PAGE
    assert "Earlier customers" not in second
    found = client.get("/customers", query_string={"q": "ann@x.org"}).text
    assert found.count('data-label="Name"') == 1
    assert "Nobody." in client.get("/customers?q=nobody-at-all").text
    assert "There is no customer" in client.get("/customers?q=cus_0000000000001").text


def test_a_customer_shows_where_each_value_comes_from(client: Any) -> None:
    page = client.get("/customers/crm:1")
    assert page.status_code == 200
    assert "ann@x.org" in page.text
    assert "kunden" in page.text
    assert client.get("/customers/cus_0000000000001").status_code == 404


def test_what_people_wrote_is_text_and_nothing_else(client: Any) -> None:
    for page in (client.get("/customers").text, client.get("/customers/crm:9").text):
        scripts = re.findall(r"<script([^>]*)>([^<]*)</script>", page)
        assert scripts
        assert all("src=" in found and not code for found, code in scripts)  # none inline
        assert "<script>" not in page
        assert "&lt;script&gt;" in page
        assert "style=" not in page
        assert "onclick" not in page


def test_every_answer_forbids_what_no_page_needs(client: Any) -> None:
    for address in ("/", "/customers", "/runs", "/nothing", "/healthz", "/static/hub.css"):
        headers = client.get(address).headers
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "script-src 'self';" in policy
        assert "unsafe" not in policy
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "no-referrer"
    assert client.get("/customers").headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("address", "code"),
    [
        ("/nothing", 404),
        ("/runs?before=x", 400),
        ("/runs?before=99999999999999999999", 400),
        ("/customers?before=cus_x", 404),
        ("/customers/%00", 404),
        (f"/customers?q={'x' * 5000}", 200),
    ],
)
def test_what_is_wrong_is_a_page_with_a_sentence(client: Any, address: str, code: int) -> None:
    page = client.get(address)
    assert page.status_code == code
    assert "Traceback" not in page.text
    assert "<h1>" in page.text


def test_nothing_is_written_but_by_forms_with_their_guard(client: Any) -> None:
    """A form without the value of its cookie, or from another site, is refused before anything is looked at."""
    written = []
    for rule in client.application.url_map.iter_rules():
        if rule.rule.startswith(("/api/", "/hooks/")):
            continue
        assert rule.methods <= {"GET", "HEAD", "OPTIONS", "POST"}
        if "POST" in rule.methods:
            written.append(rule.rule)
            assert client.post(rule.rule.replace("<case>", f"rev_{0:026d}")).status_code == 403
    assert written
    assert client.post("/customers").status_code in (403, 405)


def test_a_defect_is_a_page_and_is_logged(
    client: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def defect(*_: Any, **__: Any) -> None:
        raise KeyError("secret detail")

    monkeypatch.setattr("hub.flows.account.overview", defect)
    page = client.get("/")
    assert page.status_code == 500
    assert "secret detail" not in page.text
    assert "a page failed" in caplog.text


def test_another_site_cannot_ask_under_its_own_name(client: Any) -> None:
    """Without users, a page of another site whose name leads here (DNS rebinding) must not read customers."""
    assert client.get("/customers", headers={"Host": "evil.example"}).status_code == 421
    assert client.get("/customers", headers={"Host": "evil.example:8080"}).status_code == 421
    for host in ("localhost:8080", "127.0.0.1", "[::1]:8080"):
        assert client.get("/customers", headers={"Host": host}).status_code == 200, host


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "hub.example.org", ""])
def test_the_pages_are_not_shown_beyond_the_machine_unasked(home: Path, host: str) -> None:
    found = settings.load(home, {})
    with pytest.raises(WrongUse, match="no users yet"):
        check_reach(found, host)
    check_reach(settings.load(home, {"HUB_WEB_REACH": "anyone"}), host)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "[::1]", "127.9.9.9"])
def test_this_machine_is_this_machine(host: str) -> None:
    assert is_loopback(host)


def test_empty_pages_say_what_will_be_there(empty: Any) -> None:
    assert "hub connection add" in empty.get("/").text
    assert "hub sync" in empty.get("/customers").text
    assert "Nothing has run yet" in empty.get("/runs").text


def test_pages_are_readable_by_a_screen_reader_and_on_a_phone(client: Any) -> None:
    for address in ("/", "/customers", "/customers/crm:1", "/runs", "/connections/crm", "/problems"):
        text = client.get(address).text
        assert '<html lang="en">' in text
        assert text.count("<h1>") == 1
        assert 'name="viewport"' in text
        assert 'href="#main"' in text
        heads = re.findall(r"<th[ >]", text)
        assert heads or address in ("/customers/crm:1", "/problems")
        cells = re.findall(r"<td([^>]*)>", text)
        assert all("data-label=" in cell for cell in cells)  # a card says what each value is


def test_a_map_that_does_not_compile_takes_no_page_down(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(*_: Any) -> None:
        raise WrongUse("The map crm.toml cannot be read.", fix="Correct line 3.")

    monkeypatch.setattr("hub.web.place.load_wiring", wrong)
    for address in ("/", "/connections/crm"):
        page = client.get(address)
        assert page.status_code == 200
        assert "The map crm.toml cannot be read." in page.text
        assert "Correct line 3." in page.text
    assert client.get("/customers").status_code == 200
