"""A model trained on what is stored: said before it is stored, numbered, in force for all, and put back."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from flows.flow_hub import Hub
from flows.memory_system import MAP, MemorySystem

from hub.errors import NotFound, WrongUse
from hub.flows import models, rebuild, review, training
from hub.identity.model import load_model

System = Callable[..., MemorySystem]
GIVEN = ("Ann", "Bob", "Cem", "Dora", "Eve", "Finn", "Gus", "Hana", "Ivo", "Jana")
FAMILY = ("Abel", "Brodt", "Czerny", "Dietz", "Engel", "Fuchs", "Gross", "Huber", "Iven", "Jung")


@pytest.fixture
def peopled(hub: Hub, system: System, monkeypatch: pytest.MonkeyPatch) -> Hub:
    """A hundred people in two systems: mailboxes stay, phones mostly change, some names are misspelt."""
    monkeypatch.setattr(training, "STRANGERS", 3_000)
    lot = random.Random(7)
    alpha, beta = system("alpha"), system("beta")
    for number, (first, last) in enumerate((one, other) for one in GIVEN for other in FAMILY):
        row = {"first": first, "last": last, "mail": f"{first}.{last}@x.org".lower(), "city": "Bonn"}
        alpha.put(id=f"a{number}", **row, phone=f"+49 30 9018{number:03d}")
        if lot.random() < 0.3:
            row["last"] = last[:-1] + "x"
        beta.put(id=f"b{number}", **row, phone=f"+49 40 4285{lot.randrange(900):03d}")
    hub.connect("alpha", map=MAP)
    hub.connect("beta", map=MAP)
    hub.settle()
    return hub


def test_training_says_what_it_would_change_and_writes_nothing(peopled: Hub) -> None:
    before = peopled.content()
    found = training.train(peopled.db, peopled.wiring())
    assert peopled.content() == before
    again = training.train(peopled.db, peopled.wiring())
    assert (again.document, again.fitted) == (found.document, found.fitted)
    assert found.document["number"] == 2
    assert found.pairs >= 100
    assert found.strangers > 1_000
    differs = found.fitted.shifts["phone_differs"]
    assert differs.share > 0.8  # phones change here, so that another one says little
    assert differs.after > differs.before
    with peopled.db.read() as conn:
        told = training.told(conn, peopled.wiring(), found, examples=3)
    assert {one["kind"] for one in told} <= {"gained", "lost"}


def test_a_model_in_force_decides_what_it_said_and_can_be_put_back(peopled: Hub) -> None:
    before = peopled.content("identity", "edge", "customer")
    found = training.train(peopled.db, peopled.wiring())
    assert training.put_in_force(peopled.db, found.document) == 200
    assert peopled.wiring().model == load_model(found.document)
    assert rebuild.check(peopled.db, peopled.wiring()) == []
    assert peopled.one("SELECT count(DISTINCT customer_id) FROM identity") == found.change.after
    with pytest.raises(WrongUse, match="meanwhile"):
        training.put_in_force(peopled.db, found.document)
    with peopled.db.read() as conn:
        assert [(one.number, one.origin, one.in_force) for one in models.listed(conn)] == [
            (1, "shipped", False),
            (2, "here", True),
        ]
        back = {**models.numbered(conn, 1), "number": models.next_number(conn)}
        with pytest.raises(NotFound):
            models.numbered(conn, 7)
    training.put_in_force(peopled.db, back)
    assert peopled.wiring().model.number == 3
    after = peopled.content("identity", "edge", "customer")
    assert (after["identity"], after["edge"]) == (before["identity"], before["edge"])


def test_what_persons_said_is_learnt_from(peopled: Hub) -> None:
    wiring = peopled.wiring()
    with peopled.db.read() as conn:
        cases = review.queue(conn, wiring, limit=5).cases
    for case in cases:
        review.reject(peopled.db, wiring, (case.a, case.b), by="eve")
    found = training.train(peopled.db, wiring)
    assert found.words == peopled.count("decision") >= len(cases) > 0


def test_too_little_teaches_nothing(hub: Hub, system: System) -> None:
    alpha = system("alpha")
    alpha.put(id="a", first="Ann", last="Lee", mail="ann@x.org")
    hub.connect("alpha", map=MAP)
    hub.settle()
    with pytest.raises(WrongUse, match="too few to learn from"):
        training.train(hub.db, hub.wiring())
