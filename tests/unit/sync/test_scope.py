"""Which records go where: creation policy, where, leaving, cap."""

from __future__ import annotations

import pytest

from hub.errors import WrongUse
from hub.sync.scope import Membership, cap, compile_scope, membership
from hub.sync.where import Facts, parse_where

FACTS = Facts(frozenset({"b2b", "big one"}), frozenset({"erp"}), frozenset({"loyal"}), {"email": "granted"})


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ('tag = "b2b"', True),
        ("tag = 'big one'", True),
        ("tag = b2c", False),
        ("tag != b2c", True),
        ("source=erp and segment=loyal", True),
        ("source = shop and segment = loyal or tag = b2b", True),
        ("source = shop and (segment = loyal or tag = b2b)", False),
        ("consent[email] = granted", True),
        ("consent[sms] = granted", False),
        ("consent[sms] != granted", True),
        ('tag = "and"', False),
    ],
)
def test_where(text: str, holds: bool) -> None:
    assert parse_where(text)(FACTS) is holds


@pytest.mark.parametrize(
    ("text", "position", "hint"),
    [
        ("tga = b2b", 1, "Did you mean tag"),
        ("tag b2b", 5, '"=" or "!="'),
        ("tag =", 6, "Write a value"),
        ("tag = b2b tag = x", 11, "Join two conditions"),
        ("(tag = b2b", 11, 'Put ")" here'),
        ("consent[e-mail] = granted", 1, "Did you mean email"),
        ('tag = "b2b', 7, "Close the quote"),
        ("", 1, "Use one of: tag"),
        ("tag = a and", 12, "Use one of: tag"),
    ],
)
def test_a_wrong_where_names_position_and_remedy(text: str, position: int, hint: str) -> None:
    with pytest.raises(WrongUse) as wrong:
        parse_where(text)
    assert f"position {position}," in wrong.value.message
    assert hint in (wrong.value.fix or "")


@pytest.mark.parametrize(
    ("create", "referenced", "expected"),
    [("never", True, False), ("referenced", True, True), ("referenced", False, False), ("all", False, True)],
)
def test_creation_policy(create: str, referenced: bool, expected: bool) -> None:
    scope = compile_scope(create)
    assert membership(scope, FACTS, bound=False, referenced=referenced).create is expected
    assert not membership(scope, FACTS, bound=False, referenced=referenced, barred=True).create


def test_a_record_that_no_longer_matches() -> None:
    freeze = compile_scope("matching", "tag = gone")
    unlink = compile_scope("matching", "tag = gone", on_exit="unlink")
    assert membership(freeze, FACTS, bound=True) == Membership(create=False, deliver=False, unlink=False)
    assert membership(unlink, FACTS, bound=True) == Membership(create=False, deliver=False, unlink=True)
    assert membership(compile_scope(), FACTS, bound=True).deliver


@pytest.mark.parametrize(
    "words",
    [("sometimes", None), ("matching", None), ("all", "tag = x")],
    ids=["unknown", "no where", "a where"],
)
def test_a_wrong_scope_is_refused(words: tuple[str, str | None]) -> None:
    with pytest.raises(WrongUse):
        compile_scope(*words)


def test_cap() -> None:
    assert (cap(0), cap(5000), cap(5010), cap(100_000)) == (500, 500, 501, 10_000)
