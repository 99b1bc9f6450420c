from __future__ import annotations

import json

import pytest

from hub.identity.features import NOTHING, Features, features
from hub.identity.keys import key, keys, kind_of
from hub.identity.model import MatchModel


def test_every_slot_counts_and_order_does_not(model: MatchModel) -> None:
    one = {
        "email[work]": "b@x.org",
        "email": "a@x.org",
        "phone[mobile]": "+4930901820",
        "phone": "+4930901821",
    }
    found = features(one, model)
    assert found.emails == ("a@x.org", "b@x.org")
    assert found.phones == ("+4930901820", "+4930901821")
    assert found == features(dict(reversed(one.items())), model)


@pytest.mark.parametrize(
    "address",
    ["info@acme.org", "noreply@acme.org", "no-reply@acme.org", "sales@acme.org", "office@acme.org", "admin@acme.org",
     "support@acme.org", "test@test.com", "sales+eu@acme.org", "x@a.invalid", "a@a.com", "nonsense", "@x.org"],
)  # fmt: skip
def test_blocked_mailboxes_give_neither_feature_nor_key(address: str, model: MatchModel) -> None:
    found = features({"email": address}, model)
    assert found.emails == ()
    assert keys(found, realm="") == ()
    assert found.blocked == (address,)


@pytest.mark.parametrize(
    "number", ["+4900000000", "+493000000000", "+491234567", "+1111111111", "030 12345", "000000", "+"]
)
def test_placeholder_numbers_do_not_count(number: str, model: MatchModel) -> None:
    assert features({"phone": number}, model).phones == ()


def test_fax_is_no_identifier(model: MatchModel) -> None:
    assert features({"phone[fax]": "+4930901820"}, model).phones == ()


@pytest.mark.parametrize("number", ["123456789", "00000000", "DE000000000", "12", "none"])
def test_placeholder_tax_ids_do_not_count(number: str, model: MatchModel) -> None:
    assert features({"tax_id[vat]": number}, model).tax_ids == ()


def test_tax_ids_meet_whatever_their_spelling_and_label(model: MatchModel) -> None:
    one = features({"tax_id[vat]": "DE 136.695.976"}, model)
    other = features({"tax_id": "de136695976"}, model)
    assert keys(one, realm="") == keys(other, realm="")


def test_gmail_ignores_dots_and_tags(model: MatchModel) -> None:
    assert features({"email": "ann.lee+news@googlemail.com"}, model) == features(
        {"email": "annlee@gmail.com"}, model
    )
    assert features({"email": "ann.lee@x.org"}, model) != features({"email": "annlee@x.org"}, model)


def test_realms_never_meet(model: MatchModel) -> None:
    found = features({"email": "a@x.org", "phone": "+4930901820"}, model)
    assert set(keys(found, realm="one")).isdisjoint(keys(found, realm="two"))
    assert keys(found, realm="one")[0] == key("email", "a@x.org", realm="one")


def test_keys_fit_a_signed_bigint_and_tell_kinds_apart(model: MatchModel) -> None:
    found = features({"email": "a@x.org", "external_ref[erp]": "a@x.org"}, model, own_ref="crm:7")
    made = keys(found, realm="")
    assert sorted(map(kind_of, made)) == ["email", "external_ref", "external_ref", "mailbox"]
    assert all(0 <= one < 2**63 for one in made)


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"email": "a@x.org"},
        {"kind": "organisation", "name": "Acme GmbH", "tax_id[vat]": "DE136695976"},
        {
            "kind": "person",
            "given_name": "Ann",
            "family_name": "Lee",
            "suffix": "Jr.",
            "birth_date": "1980-02-03",
        },
    ],
)
def test_json_round_trip(values: dict[str, str], model: MatchModel) -> None:
    found = features(values, model)
    assert Features.from_json(json.loads(json.dumps(found.to_json()))) == found
    assert found.to_json() == [] or found.to_json()[-1]


def test_kind_of_a_bare_name(model: MatchModel) -> None:
    assert features({"display_name": "Acme GmbH"}, model).kind == "organisation"
    assert features({"display_name": "Ann Lee"}, model).kind == ""
    assert features({"given_name": "Ann"}, model).kind == "person"
    assert features({"name": "Acme"}, model).kind == "organisation"
    assert features({"email": None, "given_name": ""}, model) == NOTHING


def test_default_birth_dates_do_not_count(model: MatchModel) -> None:
    assert features({"birth_date": "1900-01-01"}, model).birth_date == ""
