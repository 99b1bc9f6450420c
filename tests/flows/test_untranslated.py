"""A value the map has no word for parks its record; once the map has the word, exactly those go (DESIGN §6)."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flows.flow_hub import Hub
from flows.memory_system import MAP, MemorySystem

from hub.flows import dead_letters

System = Callable[..., MemorySystem]
GENDERS = """
[values.gender]
m = "male"
f = "female"
"""
ALPHA = MAP.replace('job_title = "note"', 'gender = "note"') + GENDERS + 'd = "other"\n'
BETA = MAP.replace('job_title = "note"', 'gender = "note"') + GENDERS


@pytest.fixture
def pair(hub: Hub, system: System) -> tuple[MemorySystem, MemorySystem]:
    """Alpha knows three words, beta two. Ann and Bo are known in both, Cy in alpha only."""
    alpha, beta = system("alpha"), system("beta")
    for name in ("ann", "bo"):
        for one in (alpha, beta):
            one.put(id=f"{one.name[0]}-{name}", first=name.title(), last="Lee", mail=f"{name}@x.org")
    hub.connect("alpha", "update = true", map=ALPHA)
    hub.connect("beta", 'update = true\ncreate = "all"', map=BETA)
    hub.settle()
    alpha.put(id="a-cy", first="Cy", last="Lee", mail="cy@x.org", note="d")
    alpha.edit("a-ann", note="d")
    hub.sync()
    return alpha, beta


def words(hub: Hub, text: str) -> None:
    (hub.home / "beta-words.toml").write_text(text)
    hub.connect("beta", 'update = true\ncreate = "all"\noverlay = "beta-words.toml"', map=BETA)


def test_the_missing_word_and_its_remedy_are_named(hub: Hub, pair: tuple[MemorySystem, MemorySystem]) -> None:
    _, beta = pair
    assert beta.writes == []
    letters = dead_letters.listed(hub.db, states=["dead"])
    assert sorted(one.kind for one in letters) == ["create", "update"]
    for cause in dead_letters.causes(letters):
        assert "gender" in cause.cause and "[values.gender]" in cause.cause
    assert any("other" in (one.cause or "") for one in letters)


def test_with_the_word_exactly_those_go(hub: Hub, pair: tuple[MemorySystem, MemorySystem]) -> None:
    alpha, beta = pair
    beta.arm("refuse")
    alpha.edit("a-bo", city="Bonn")
    hub.sync()  # the system itself refuses this one: no map mends that
    words(hub, '[values.gender]\nx = "other"\n')
    hub.sync(confirm=True)
    assert beta.rows["b-ann"]["note"] == "x"
    assert [row["note"] for row in beta.rows.values() if row["first"] == "Cy"] == ["x"]
    assert len(beta.writes) == 2
    (left,) = dead_letters.listed(hub.db)
    assert (left.external_id, left.code) == ("b-bo", "refused")


def test_another_word_parks_them_again_without_a_call(
    hub: Hub, pair: tuple[MemorySystem, MemorySystem]
) -> None:
    _, beta = pair
    words(hub, '[values.gender]\nu = "unknown"\n')
    calls = beta.calls["push"]
    hub.sync(confirm=True)
    assert beta.calls["push"] == calls
    assert {one.state for one in dead_letters.listed(hub.db)} == {"dead"}
