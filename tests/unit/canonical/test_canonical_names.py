from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.canonical.names import complete, join, kind_of_name, legal_form, split


@pytest.mark.parametrize(
    ("fields", "derived"),
    [
        ({"given_name": "Ann", "family_name": "Lee"}, {"full_name": "Ann Lee", "display_name": "Ann Lee"}),
        (
            {"given_name": "Ann", "middle_name": "B.", "family_name": "Lee", "suffix": "Jr"},
            {"full_name": "Ann B. Lee Jr", "display_name": "Ann B. Lee Jr"},
        ),
        ({"given_name": "伟", "family_name": "王"}, {"full_name": "王伟", "display_name": "王伟"}),
        ({"given_name": "民秀", "family_name": "金"}, {"full_name": "金民秀", "display_name": "金民秀"}),
        (
            {"given_name": "さくら", "family_name": "山田"},
            {"full_name": "山田 さくら", "display_name": "山田 さくら"},
        ),
        (
            {"full_name": "欧阳娜娜"},
            {"display_name": "欧阳娜娜", "given_name": "娜娜", "family_name": "欧阳"},
        ),
        ({"full_name": "王小明"}, {"display_name": "王小明", "given_name": "小明", "family_name": "王"}),
        ({"full_name": "张王小明"}, {"display_name": "张王小明"}),
        (
            {"full_name": "约翰·史密斯"},
            {"display_name": "约翰·史密斯", "given_name": "约翰", "family_name": "史密斯"},
        ),
        (
            {"display_name": "Lee, Ann Mary"},
            {"full_name": "Lee, Ann Mary", "given_name": "Ann Mary", "family_name": "Lee"},
        ),
        (
            {"display_name": "John Smith, PhD"},
            {
                "full_name": "John Smith, PhD",
                "given_name": "John",
                "family_name": "Smith",
                "suffix": "PhD",
            },
        ),
        (
            {"full_name": "Dr. Ludwig van Beethoven Jr."},
            {
                "display_name": "Dr. Ludwig van Beethoven Jr.",
                "given_name": "Ludwig",
                "family_name": "van Beethoven",
                "prefix": "Dr.",
                "suffix": "Jr.",
            },
        ),
        ({"full_name": "Ann Lee", "family_name": "Lee"}, {"display_name": "Ann Lee", "given_name": "Ann"}),
        ({"full_name": "Ann Lee", "family_name": "Smith"}, {"display_name": "Ann Lee"}),
        ({"full_name": "Madonna"}, {"display_name": "Madonna"}),
        ({"given_name": "Ann"}, {"full_name": "Ann", "display_name": "Ann"}),
        ({"display_name": "Acme GmbH"}, {"name": "Acme GmbH"}),
        ({"kind": "organisation", "name": "Acme"}, {"display_name": "Acme"}),
        (
            {"legal_name": "北京某某有限公司"},
            {"name": "北京某某有限公司", "display_name": "北京某某有限公司"},
        ),
        ({"kind": "person", "display_name": "Ann Bank Ltd"}, None),
        ({"email": "a@x.org"}, {}),
        ({}, {}),
    ],
)
def test_names_complete_each_other(fields: dict[str, str], derived: dict[str, str] | None) -> None:
    whole, added = complete(fields)
    assert {path: whole[path] for path in fields} == fields
    assert set(whole) == set(fields) | added
    if derived is not None:
        assert {path: whole[path] for path in added} == derived
    else:
        assert "name" not in added


@pytest.mark.parametrize(
    "name",
    [
        "Acme GmbH", "Acme Ltd.", "Acme, Inc.", "Acme S.A.", "ACME LLC", "Acme Pty Ltd", "Acme & Co", "Acme B.V.",
        "上海某某有限公司", "某某（中国）有限公司", "株式会社山田", "招商银行", "Acme GmbH & Co. KG",
    ],
)  # fmt: skip
def test_legal_forms_make_an_organisation(name: str) -> None:
    assert legal_form(name)
    assert kind_of_name({"display_name": name}) == "organisation"


@pytest.mark.parametrize(
    "name", ["Ann Lee", "王伟", "Agatha Kg", "Marco", "Ag Lincoln", "Sacha", "Limited Ann"]
)
def test_names_of_people_have_none(name: str) -> None:
    if name != "Agatha Kg":
        assert not legal_form(name)
        assert kind_of_name({"display_name": name}) == "person"
    assert kind_of_name({"display_name": name, "given_name": "A"}) == "person"


NAMES = st.dictionaries(
    st.sampled_from(
        ["given_name", "family_name", "full_name", "display_name", "middle_name", "kind", "name"]
    ),
    st.one_of(st.text(min_size=1, max_size=12), st.sampled_from(["Ann", "王", "欧阳", "Lee, Ann", "person"])),
)


@given(NAMES)
def test_completing_changes_nothing_and_ends(fields: dict[str, str]) -> None:
    whole, added = complete(fields)
    assert all(whole[path] == value for path, value in fields.items())
    again, more = complete(whole)
    assert not more & added
    assert all(again[path] == whole[path] for path in whole)


@given(st.text(max_size=300))
def test_splitting_never_fails_and_gives_no_empty_part(text: str) -> None:
    for path, value in split(text):
        assert path in ("given_name", "family_name", "prefix", "suffix")
        assert value.strip()


def test_a_latin_name_is_joined_as_it_was_split() -> None:
    parts = dict(split("Ann Mary Lee"))
    assert join(parts["given_name"], parts["family_name"]) == "Ann Mary Lee"
