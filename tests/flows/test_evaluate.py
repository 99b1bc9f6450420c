"""The figures of `hub match eval` against the plainest way to count them."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.errors import WrongFile
from hub.flows.evaluate import figure, read_truth

GROUPS = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=14)


@given(GROUPS)
def test_the_figures_are_those_of_counting_pair_by_pair(rows: list[tuple[int, int]]) -> None:
    got = {("", str(n)): cluster for n, (cluster, _) in enumerate(rows)}
    want = {("", str(n)): str(entity) for n, (_, entity) in enumerate(rows)}
    found = figure("auto", got, want)
    pairs = list(combinations(got, 2))
    joined = {pair for pair in pairs if got[pair[0]] == got[pair[1]]}
    true = {pair for pair in pairs if want[pair[0]] == want[pair[1]]}
    assert (found.joined, found.true, found.right) == (len(joined), len(true), len(joined & true))
    assert found.precision == (len(joined & true) / len(joined) if joined else 1.0)
    assert found.recall == (len(joined & true) / len(true) if true else 1.0)
    mine = {frozenset(k for k in got if got[k] == c) for c in got.values()}
    theirs = {frozenset(k for k in want if want[k] == e) for e in want.values()}
    assert (found.clusters, found.true_clusters, found.exact) == (len(mine), len(theirs), len(mine & theirs))
    both = found.cluster_precision + found.cluster_recall
    assert found.cluster_f1 == pytest.approx(
        2 * found.cluster_precision * found.cluster_recall / both if both else 0
    )
    assert found.largest == max(map(len, mine))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("id,name\n1,a\n", "columns are id, name"),
        ("id,entity\n1,\n", ":2"),
        ("id,entity\n1,a\n1,b\n", "two entities"),
        ("id,entity\n", "names no record"),
        ("", "columns are none"),
    ],
)
def test_a_truth_that_is_none_is_refused(text: str, told: str, tmp_path: Path) -> None:
    file = tmp_path / "truth.csv"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(WrongFile, match=told):
        read_truth(file)


def test_a_truth_may_name_the_connection(tmp_path: Path) -> None:
    file = tmp_path / "truth.csv"
    file.write_text("\ufeffconnection,id,entity\na,1,x\nb,1,y\n", encoding="utf-8")
    assert read_truth(file).entity_of == {("a", "1"): "x", ("b", "1"): "y"}
