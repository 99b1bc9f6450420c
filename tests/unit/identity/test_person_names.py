"""Which names are one person's. Every pair is tried both ways round."""

from __future__ import annotations

import pytest

from hub.identity.compare import name as compare_name
from hub.identity.features import Features, features
from hub.identity.model import MatchModel

ALIKE = [
    ("John Smith", "john smith"),
    ("John Smith", "Smith John"),
    ("John Smith", "Smith, John"),
    ("John Smith", "John A. Smith"),
    ("John Smith", "Jon Smith"),
    ("Robert Miller", "Bob Miller"),
    ("Bob Miller", "Rob Miller"),
    ("Sam Reid", "Sammy Reid"),
    ("James Cording", "Jimmie Cording"),
    ("Jett Newns", "Jet Newns"),
    ("José García", "Jose Garcia"),
    ("Jörg Weiß", "Joerg Weiss"),
    ("Łukasz Øster", "Lukasz Oster"),
    ("Seán O'Brien", "Sean OBrien"),
    ("Seán O’Brien", "Sean O'Brien"),
    ("Michael Johnson", "Micheal Johnson"),
    ("Ann Johnston", "Ann Johnson"),
    ("Dr. Anna Schmidt", "Anna Schmidt"),
    ("Anna Maria Schmidt", "Anna Schmidt-Wolf"),
    ("Rachel Ray", "Rachael Ray"),
    ("Caitlin Moss", "Caity Moss"),
    ("Mathtew Yun", "Matty Yun"),
    ("Zacdhary Laing", "Zack Laing"),
    ("Dr. Lucinda Hart", "Lucy Hart"),
    ("李榮", "李荣"),
    ("ＪＯＨＮ Smith", "John Smith"),
    ("王小明", "王小明"),
    ("陳美麗", "陈美丽"),
    ("王小明", "Wang Xiaoming"),
    ("王小明", "Xiaoming Wang"),
    ("王小明", "Wang Xiao Ming"),
    ("歐陽娜", "Ouyang Na"),
    ("单伟", "Shan Wei"),
    ("吕芳", "Lu Fang"),
]
PARTIAL = [
    ("John Smith", "J. Smith"),
    ("Ann Lee", "Ann"),
    ("Ann Lee", "Lee"),
    ("John Smith", "J. S."),
    ("John Smith", "John Smith Jr."),
    ("王小明", "小明"),
    ("王小明", "王先生"),
    ("王小明", "Wang"),
    ("小明", "Wang Xiaoming"),
    ("俊", "Jun Sun"),
]
DOUBTFUL = [
    ("王小明", "David Wang"),
    ("Иван Петров", "Ivan Petrov"),
    ("Ann Lee", "Ann King"),
    ("Maria Rossi", "Mario Rossi"),
    ("Martin Weber", "Martina Weber"),
    ("Martin Weber", "Marvin Weber"),
    ("Daniel Roth", "Daniela Roth"),
    ("Christian Beck", "Christina Beck"),
    ("Alexander Kern", "Alexandra Kern"),
    ("Carl Hahn", "Carol Hahn"),
    ("Francis Moore", "Frances Moore"),
    ("Marina Costa", "Maria Costa"),
    ("Marie Jones", "Maria Jones"),
]
UNLIKE = [
    ("Ann Lee", "Bob Lee"),
    ("Chris Jones", "Tina Jones"),
    ("John Smith Jr.", "John Smith Sr."),
    ("John Smith II", "John Smith III"),
    ("John Smith", "M. Smith"),
    ("王小明", "王小红"),
    ("王小明", "李小明"),
    ("王小明", "Li Na"),
    ("王小明", "Wang Xiaohong"),
    ("Ann", "Bob Lee"),
]


def _compare(one: str, other: str, model: MatchModel) -> set[str]:
    a, b = (features({"kind": "person", "full_name": name}, model) for name in (one, other))
    return {_likeness(a, b, model), _likeness(b, a, model)}


def _likeness(a: Features, b: Features, model: MatchModel) -> str:
    found = compare_name(a, b, model)
    return found.likeness if found else "none"


@pytest.mark.parametrize(
    ("expected", "one", "other"),
    [
        (word, one, other)
        for word, pairs in (
            ("alike", ALIKE),
            ("partial", PARTIAL),
            ("doubtful", DOUBTFUL),
            ("unlike", UNLIKE),
        )
        for one, other in pairs
    ],
)
def test_names_of_persons(expected: str, one: str, other: str, model: MatchModel) -> None:
    assert _compare(one, other, model) == {expected}


def test_known_family_names_may_differ_in_their_ending(model: MatchModel) -> None:
    a = features({"given_name": "Ivan", "family_name": "Karamazov"}, model)
    b = features({"given_name": "Ivan", "family_name": "Karamazova"}, model)
    assert _likeness(a, b, model) == "alike"


def test_parts_run_together(model: MatchModel) -> None:
    a = features({"given_name": "Mary Ann", "family_name": "De La Cruz"}, model)
    b = features({"given_name": "Maryann", "family_name": "Delacruz"}, model)
    assert _likeness(a, b, model) == "alike"


def test_parts_and_whole_say_the_same(model: MatchModel) -> None:
    for given, family, whole in (("小明", "王", "王小明"), ("Ann", "Lee", "Lee, Ann")):
        parts = features({"kind": "person", "given_name": given, "family_name": family}, model)
        assert parts.name == features({"kind": "person", "display_name": whole}, model).name


@pytest.mark.parametrize(
    "name", ["Test Test", "John Doe", "DOE, JOHN", "N/A", "测试", "測試", "未知", "Max Mustermann", "unknown"]
)
def test_placeholders_are_no_names(name: str, model: MatchModel) -> None:
    found = features({"kind": "person", "full_name": name}, model)
    assert (found.name, found.given, found.family) == ((), "", "")
    assert found.blocked
