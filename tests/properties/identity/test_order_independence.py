"""The same records in any order, in pages of any size, by one writer or by four at once, give one partition, and the
same pairs with the same points: live counts, withdrawn keys and edits included (DESIGN §4)."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from properties.identity.match_world import BENCH, Matcher, pages

from hub.identity.features import Features
from hub.identity.model import MatchModel
from hub.store.session import Database

HERE = Path(__file__).resolve().parent
ORDERS = 20
SIZE = 160
SETS = ("customers_20k", "febrl3", "fake_1000", "people", "companies")


def _model() -> MatchModel:
    """The shipped one, with a cap so low that a small sample has keys over it."""
    import engine

    return replace(engine.shipped(), key_cap=9)


def _records(name: str, folder: Path) -> list[tuple[str, Features]]:
    """Records that stand close together: those whose names come first in the alphabet."""
    import engine
    import population

    if name in engine.SETS:
        if not engine.DATA.is_dir():
            pytest.skip("the labelled sets are not here")
        found = engine.read(engine.SETS[name], engine.DATA, _model())
    else:
        population.write(folder, 3_000, what=name)
        found = engine.read(engine.generated(folder, name), folder, _model())
    named = [one for one in found.items() if one[1].family or one[1].org]
    ordered = sorted(named, key=lambda one: (one[1].family or " ".join(one[1].org), one[1].name, one[0]))
    return ordered[200 : 200 + SIZE]


@pytest.fixture(scope="module", params=SETS)
def records(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> list[tuple[str, Features]]:
    sys.path.append(str(BENCH))
    return _records(request.param, tmp_path_factory.mktemp("set"))


@pytest.fixture
def store(sqlite_template: Path, tmp_path: Path) -> Iterator[Database]:
    file = tmp_path / "hub.sqlite"
    file.write_bytes(sqlite_template.read_bytes())
    db = Database(f"sqlite:///{file}")
    yield db
    db.close()


def test_every_order_and_page_size_gives_one_partition(records: Any, store: Database) -> None:
    chance = random.Random(1)
    matcher = Matcher(store, _model())
    expected = None
    for number in range(ORDERS):
        matcher.clear()
        order = records[:]
        chance.shuffle(order)
        if number % 3 == 2:  # some are first taken for somebody else, and put right later
            wrong = [(name, chance.choice(records)[1]) for name, _ in chance.sample(order, 30)]
            for page in pages(wrong, 7):
                matcher.take(page)
        for page in pages(order, (500, 7, 1)[number % 3] if number < 6 else (500, 7)[number % 2]):
            matcher.take(page)
        found = matcher.state()
        expected = expected or found
        assert found == expected
    assert expected is not None and expected[1]
    assert any(len(group) > 1 for group in expected[0])


def test_the_store_finds_what_the_engine_finds_in_memory(records: Any, store: Database) -> None:
    import engine

    model = _model()
    matcher = Matcher(store, model)
    for page in pages(records, 50):
        matcher.take(page)
    groups, edges, common = matcher.state()
    names, nodes = [name for name, _ in records], [found for _, found in records]
    linked = engine.link(nodes, model, realm="default")
    assert edges == {
        (min(names[a], names[b]), max(names[a], names[b])): points for (a, b), points in linked.pairs.items()
    }
    assert common == linked.capped
    label = engine.partition(nodes, linked.pairs, model, "auto", names=names)
    by_label: dict[int, set[str]] = {}
    for name, one in zip(names, label, strict=True):
        by_label.setdefault(one, set()).add(name)
    assert groups == {frozenset(group) for group in by_label.values()}


@pytest.mark.slow
def test_four_workers_at_once_on_postgresql_give_the_same(
    postgres: Any, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    sys.path.append(str(BENCH))
    found = _records("people", tmp_path)
    model = _model()
    name = postgres.create(migrated=True)
    url = postgres.url(name)
    db = Database(url)
    try:
        environment = {
            **os.environ,
            "PYTHONPATH": f"{HERE.parents[1]}:{BENCH}:{os.environ.get('PYTHONPATH', '')}",
        }
        workers = [
            subprocess.Popen(
                [sys.executable, str(HERE / "match_worker.py"), url, str(tmp_path), str(part), "4"],
                env=environment,
            )
            for part in range(4)
        ]
        assert [worker.wait(timeout=120) for worker in workers] == [0, 0, 0, 0]
        together = Matcher(db, model).state()
        matcher = Matcher(db, model)
        matcher.clear()
        for page in pages(found, 500):
            matcher.take(page)
        assert matcher.state() == together
    finally:
        db.close()
        postgres.drop(name)
