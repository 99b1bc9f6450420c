"""The Review pages: best first, side by side, one word, the next; taken back; nothing without the form's guard."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from conftest_cli import lay_out

from hub import settings
from hub.cli.root import run
from hub.flows import models, pairs, rebuild
from hub.flows.find import meant
from hub.flows.wiring import load_wiring
from hub.store.session import Database
from hub.web import create_app
from hub.web.evidence import spans

PEOPLE = "5,Eve Stone,eve@x.org,,Ulm\n6,<i>Zed</i> Young,zed@x.org,,\n"
ALSO = "B5;Eve Stone;eve@x.org\nB6;<i>Zed</i> Young;zed@x.org\n"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return asked_home(tmp_path)


def asked_home(tmp_path: Path) -> Path:
    """A home with three people in crm and kunden whom the machine is unsure of: Ann, Eve, Zed."""
    folder = tmp_path / "home"
    assert run(["init", str(folder)]) == 0
    file = lay_out(folder)
    for name, rows in (("crm/customers.csv", PEOPLE), ("kunden/kunden.csv", ALSO)):
        export = tmp_path / name
        export.write_text(export.read_text(encoding="utf-8") + rows, encoding="utf-8")
    assert run(["--home", str(folder), "apply", str(file)]) == 0
    assert run(["--home", str(folder), "sync"]) == 0
    db = Database(settings.load(folder).database_url)
    with db.write() as conn:
        found = []
        for one, other in (("crm:1", "kunden:A1"), ("crm:5", "kunden:B5"), ("crm:6", "kunden:B6")):
            a, b = sorted(meant(conn, name).record_id or 0 for name in (one, other))
            found.append(pairs.scores(conn, load_wiring(db), [(a, b)])[a, b].points)
        document = models.document(conn)
        thresholds = {**document["thresholds"], "auto": max(found) + 1, "review": min(found)}
        models.keep(conn, {**document, "number": 9, "thresholds": thresholds}, now=1.0)
    rebuild.rebuild(db, load_wiring(db))
    db.close()
    return folder


@pytest.fixture
def client(home: Path) -> Any:
    return create_app(settings.load(home)).test_client()


def cases(text: str) -> list[str]:
    return list(dict.fromkeys(re.findall(r"/review/(rev_\w{26})", text)))


def guard(text: str) -> str:
    found = re.search(r'name="csrf" value="([^"]+)"', text)
    assert found
    return found[1]


def test_the_list_has_every_case_and_leads_to_it(client: Any) -> None:
    text = client.get("/review").text
    assert len(cases(text)) == 3
    assert "3 pairs may be one customer" in text
    assert '<span class="count needs" title="needs you">3</span>' in text
    assert "&lt;i&gt;Zed" in text
    assert "<i>Zed" not in text
    page = client.get(f"/review/{cases(text)[0]}")
    assert page.status_code == 200
    for key in ("y", "n", "d", "s"):
        assert f'data-key="{key}"' in page.text
    assert page.text.count('scope="row"') >= 3
    assert client.get("/review?connection=kunden").text.count("data-row") == 3
    assert client.get("/review?connection=nobody").status_code == 400
    assert client.get("/review?deferred=1").text.count("data-row") == 0
    assert client.get("/review/rev_1").status_code == 404


def test_a_word_is_taken_the_next_case_comes_and_the_word_can_be_taken_back(client: Any) -> None:
    first, *others = cases(client.get("/review").text)
    page = client.get(f"/review/{first}?preview=1")
    assert "leads to" in page.text
    form = {"csrf": guard(page.text), "verdict": "accept", "reason": "told by phone"}
    answer = client.post(f"/review/{first}", data=form)
    assert answer.status_code == 303
    after = client.get(answer.location)
    assert "They are one customer now." in after.text
    assert cases(answer.location) == [others[0]]
    assert sorted(cases(client.get("/review").text)) == sorted(others)
    back = {
        name: re.search(rf'name="{name}" value="([^"]*)"', after.text)[1] for name in ("csrf", "was", "act")
    }  # type: ignore[index]
    answer = client.post("/review/undo", data=back)
    assert (answer.status_code, cases(answer.location)) == (303, [first])
    assert len(cases(client.get("/review").text)) == 3
    for verdict in ("reject", "defer"):
        answer = client.post(f"/review/{first}", data=form | {"verdict": verdict})
        assert first not in cases(client.get("/review").text)
        shown = client.get(answer.location).text
        back = {
            name: re.search(rf'name="{name}" value="([^"]*)"', shown)[1] for name in ("csrf", "was", "act")
        }  # type: ignore[index]
        assert client.post("/review/undo", data=back).status_code == 303
        assert first in cases(client.get("/review").text)
    assert client.post(f"/review/{first}", data=form | {"verdict": "perhaps"}).status_code == 400


def test_the_last_word_leads_back_to_the_empty_list(client: Any) -> None:
    for left in (2, 1, 0):
        case = cases(client.get("/review").text)[0]
        form = {"csrf": guard(client.get(f"/review/{case}").text), "verdict": "reject"}
        shown = client.get(client.post(f"/review/{case}", data=form).location).text
        assert "They remain two customers." in shown
        assert ("Nothing waits" in shown) == (left == 0)


def test_a_form_of_another_site_does_nothing(client: Any) -> None:
    case = cases(client.get("/review").text)[0]
    token = guard(client.get(f"/review/{case}").text)
    address, form = f"/review/{case}", {"verdict": "accept"}
    for headers, given in (
        ({}, ""),
        ({}, token[::-1]),
        ({"Sec-Fetch-Site": "cross-site"}, token),
        ({"Origin": "https://evil.example"}, token),
    ):
        answer = client.post(address, data=form | {"csrf": given}, headers=headers)
        assert answer.status_code == 403
    stranger = client.application.test_client()
    assert stranger.post(address, data=form | {"csrf": token}).status_code == 403
    assert len(cases(client.get("/review").text)) == 3
    answer = client.post(
        address, data=form | {"csrf": token}, headers={"Origin": "null", "Sec-Fetch-Site": "same-origin"}
    )
    assert answer.status_code == 303
    cookie = client.get_cookie("csrf")
    assert cookie.http_only
    assert cookie.same_site == "Strict"


def test_the_pages_speak_chinese(client: Any) -> None:
    client.set_cookie("language", "zh")
    text = client.get("/review").text
    assert "对可能是同一个客户" in text
    assert "这两个是同一个客户吗" in client.get(f"/review/{cases(text)[0]}").text


@pytest.mark.parametrize(
    ("a", "b", "marked"),
    [
        ("Ann Lee", "Ann Lee", ""),
        ("Jon Smith", "John Smith", "h"),
        ("Ann", "Zoe", "Zoe"),
        ("", "Zoe", ""),
        ("STRASSE", "straße", "straße"),
    ],
)
def test_differences_are_marked_to_the_letter(a: str, b: str, marked: str) -> None:
    left, right = spans(a, b)
    assert ("".join(text for text, _ in left), "".join(text for text, _ in right)) == (a, b)
    assert "".join(text for text, differs in right if differs) == marked
