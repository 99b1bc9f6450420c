from __future__ import annotations

import pytest

from hub.errors import WrongFile
from hub.mapping.load import load_map
from hub.mapping.spec import PullLine, PushLine, Step
from hub.mapping.toml_lines import locate

HEAD = 'object = "customer"\n'


@pytest.mark.parametrize(
    ("text", "line", "told"),
    [
        ("[pull]\n", 1, "does not say which object it is for"),
        ('object = "custmer"', 1, "'custmer' is no object Fix: Did you mean 'customer'?"),
        (HEAD + "ignroe = []", 2, "a map has no key 'ignroe' Fix: Did you mean 'ignore'?"),
        (HEAD + '\n[pull]\n# a comment\nemial = "x"', 5, "Did you mean 'email'?"),
        (HEAD + '[pull]\n"phone[moble]" = "x"', 3, "Did you mean 'phone[mobile]'?"),
        (HEAD + '[pull]\naddress.citty = "x"', 3, "'address' has no part 'citty'"),
        (HEAD + '[pull]\nemail = { form = "x" }', 3, "has no key 'form' Fix: Did you mean 'from'?"),
        (HEAD + '[pull]\nemail = { from = "x", vie = [] }', 3, "Did you mean 'via'?"),
        (HEAD + '[pull]\nemail = { from = "x", via = ["trmi"] }', 3, "Did you mean 'trim'?"),
        (HEAD + '[pull]\nbirth_date = { from = "x", via = ["date(day)"] }', 3, "'day' is no date format"),
        (HEAD + '[pull]\nemail = { from = "x", via = ["lower(1)"] }', 3, "'lower' takes no brackets"),
        (HEAD + '[pull]\nemail = { from = "x", via = ["cut"] }', 3, "'cut' needs brackets Fix: Write cut(length)."),
        (HEAD + '[pull]\nemail = { from = ["x", "y"] }', 3, "Add one of: join, first."),
        (HEAD + '[pull]\nemail = { const = "a", via = [] }', 3, "a constant takes no other key"),
        (HEAD + '[pull]\nkind = { const = "persn" }', 3, "Did you mean 'person'?"),
        (HEAD + '[pull]\nbirth_date = { const = "soon" }', 3, "is not a date"),
        (HEAD + "[pull]\nemail = 5", 3, "'email' must name a field of the remote"),
        (HEAD + "[pull]\nemail = true", 3, "'email' must name a field of the remote"),
        (HEAD + '[pull]\nemail = { from = "x", currency = "y" }', 3, "'currency' is for money, and email is none"),
        (HEAD + '[pull]\nemail = { from = "x", via = ["minor"] }', 3, "'minor' is for money"),
        (HEAD + '[pull]\nemail = { from = "x", push = "no" }', 3, "'push' must be true or false"),
        (HEAD + '[pull]\nlines = "x"', 3, "no path 'lines' in customer"),
        (HEAD + '[pull."lines[]"]\nsku = "x"', 3, "'lines[]' is no list"),
        ('object = "order"\n[pull]\nlines = "x"', 3, "Give it a sub-map"),
        ('object = "order"\n[pull."lnes[]"]\nsku = "x"', 3, "Did you mean 'lines[]'?"),
        ('object = "order"\n[pull."lines[]"]\nskuu = "x"', 3, "Did you mean 'sku'?"),
        ('object = "order"\n[pull.organisation]\nname = "x"', 3, "only a customer map"),
        (HEAD + '[push]\n"x" = "emial"', 3, "Did you mean 'email'?"),
        (HEAD + '[push]\nx = { const = "y" }', 3, "Move the line to [push.only_on_create]"),
        (HEAD + '[push.organisation]\nx = "name"', 3, "needs a [pull.organisation]"),
        (HEAD + '[values.kind]\nP = "persn"', 3, "Did you mean 'person'?"),
        (HEAD + '[values.knd]\nP = "person"', 2, "no path 'knd' in customer"),
        (HEAD + 'ignore = "x"', 2, "'ignore' must be a list"),
        (HEAD + 'blank_as = "nul"', 2, "Did you mean 'null'?"),
        (HEAD + "pull = 5", 2, "'pull' must be a table"),
        (HEAD + "[pull]\nemail = x", 3, "not valid TOML"),
        (HEAD + '[pull]\nphone[mobile] = "x"', 3, 'Put names with brackets, spaces or other letters in quotes'),
        (HEAD + '[pull]\nemail = "姓名"\n手机 = "x"', 4, "in quotes"),
        (HEAD + '[pull]\nemail = "a"\nemail = "b"', 4, "not valid TOML"),
    ],
)  # fmt: skip
def test_what_a_map_may_not_say_is_refused_with_file_line_and_fix(text: str, line: int, told: str) -> None:
    with pytest.raises(WrongFile) as caught:
        load_map(text, file="maps/x.toml")
    assert told in str(caught.value)
    assert (caught.value.file, caught.value.line) == ("maps/x.toml", line)
    assert str(caught.value).startswith(f"maps/x.toml:{line}: ")


WHOLE = """
description = "a map"
object = "customer"
ignore = ["id", "x"]
blank = ["N/A", false]
blank_as = "null"
[pull]
email = "mail"
"phone[mobile]" = { from = "cell", country = "cc" }
birth_date = { from = "dob", via = ["date(%d.%m.%Y|%Y)"] }
address.line1 = { from = ["no", "street"], via = ["join(, )"] }
credit_limit = { from = "limit", currency = "cur" }
custom.crm.level = "level"
kind = { const = "Company" }
language = { from = "lang", push = false }
[pull.address.country]
from = "cc"
[pull.organisation]
name = "company"
[push]
"first.mail" = "email"
nested.name = { from = ["given_name", "family_name"], via = ["join"] }
[push.only_on_create]
source = { const = "hub" }
[push.organisation]
org = "name"
[push.organisation.only_on_create]
type = { const = 2 }
[values.kind]
P = "person"
[values.custom.crm.level]
"1" = "gold"
"""


def test_every_form_of_a_line_is_read() -> None:
    spec = load_map(WHOLE, file="x.toml")
    main, organisation = spec.parts
    lines = {line.path: line for line in main.pull}
    assert lines["email"] == PullLine("email", ("mail",))
    assert lines["phone[mobile]"].beside == "cc"
    assert lines["birth_date"].via == (Step("date", "%d.%m.%Y|%Y"),)
    assert lines["address.line1"] == PullLine("address.line1", ("no", "street"), (Step("join", ", "),))
    assert lines["credit_limit"].beside == "cur"
    assert lines["custom.crm.level"].sources == ("level",)
    assert lines["kind"].const == "organisation"
    assert lines["language"].push is False
    assert lines["address.country"].sources == ("cc",)
    assert main.push == (
        PushLine("first.mail", ("email",)),
        PushLine("nested.name", ("given_name", "family_name"), (Step("join"),)),
    )
    assert main.create == (PushLine("source", const="hub"),)
    assert organisation.pull == (PullLine("name", ("company",)),)
    assert organisation.push == (PushLine("org", ("name",)),)
    assert organisation.create == (PushLine("type", const=2),)
    assert spec.values == {"kind": {"P": "person"}, "custom.crm.level": {"1": "gold"}}
    assert (spec.ignore, spec.blank, spec.blank_as) == (("id", "x"), ("N/A", False), None)


BASE = HEAD + '[pull]\nemail = "mail"\nphone = "tel"\n[push]\nx = "email"\n[values.kind]\nP = "person"\n'


def test_an_overlay_adds_changes_and_takes_out_lines() -> None:
    overlay = """
ignore = ["b"]
[pull]
phone = "mobile"
email = false
custom.shop.colour = "colour"
[push]
x = false
y = "phone"
[values.kind]
O = "organisation"
"""
    spec = load_map('ignore = ["a"]\n' + BASE, file="base.toml", overlay=overlay, overlay_file="over.toml")
    assert {line.path: line.sources for line in spec.parts[0].pull} == {
        "phone": ("mobile",),
        "custom.shop.colour": ("colour",),
    }
    assert spec.parts[0].push == (PushLine("y", ("phone",)),)
    assert spec.values["kind"] == {"P": "person", "O": "organisation"}
    assert spec.ignore == ("a", "b")


@pytest.mark.parametrize(
    ("overlay", "line", "told"),
    [
        ('[pull]\nemial = "x"', 2, "Did you mean 'email'?"),
        ("[pull]\nfamily_name = false", 2, "there is no line 'family_name' to take out"),
        ('object = "order"', 1, "the overlay is for 'order', its map for 'customer'"),
        ("[pull", 1, "not valid TOML"),
        ('[pul]\nemail = "x"', 1, "Did you mean 'pull'?"),
    ],
)
def test_an_overlay_is_refused_under_its_own_name(overlay: str, line: int, told: str) -> None:
    with pytest.raises(WrongFile, match=r"over\.toml") as caught:
        load_map(BASE, file="base.toml", overlay=overlay, overlay_file="over.toml")
    assert told in str(caught.value)
    assert (caught.value.file, caught.value.line) == ("over.toml", line)


def test_keys_are_found_where_they_stand() -> None:
    text = '''# a = 1
a = """
[no]
b = 2
"""
c = [ # [x]
  "]", 'd = 1',
]
[t."x.y"]
"k[1]" . e = { f = "#" } # g = 1
'lit' = 3
[[list]]
h = '\\'
i = "\\""
'''
    assert dict(locate(text)) == {
        ("a",): 2,
        ("c",): 6,
        ("t", "x.y"): 9,
        ("t", "x.y", "k[1]", "e"): 10,
        ("t", "x.y", "lit"): 11,
        ("list",): 12,
        ("list", "h"): 13,
        ("list", "i"): 14,
    }


def test_a_byte_order_mark_and_windows_lines_are_no_trouble() -> None:
    with pytest.raises(WrongFile) as caught:
        load_map('\ufeffobject = "customer"\r\n[pull]\r\nemial = "x"\r\n', file="x.toml")
    assert caught.value.line == 3
