"""The demo's data: always the same, sums that add up but for those meant not to, and dirt where real data has it."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from decimal import Decimal
from pathlib import Path
from random import Random

import phonenumbers
import pytest

from hub.demo import cast, dirt, systems
from hub.demo.orders import ORDERS, comma, orders
from hub.demo.population import _CODE, latin, population, traditional
from hub.demo.story import SEED
from hub.demo.views import World, world


@pytest.fixture(scope="module")
def made() -> World:
    return world(SEED)


def amount(text: str) -> Decimal:
    return Decimal(text.replace(".", "").replace(",", "."))


def files(folder: Path) -> dict[str, bytes]:
    return {
        str(one.relative_to(folder)): one.read_bytes() for one in sorted(folder.rglob("*")) if one.is_file()
    }


def test_the_same_seed_writes_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a", "b", "other"):
        seed = SEED + (name == "other")
        systems.install(tmp_path / name, world(seed), seed=seed)
    assert files(tmp_path / "a") == files(tmp_path / "b")
    assert files(tmp_path / "a") != files(tmp_path / "other")


def test_there_are_enough_customers_in_every_system(made: World) -> None:
    assert len(made.parties) >= 500
    assert min(len(made.crm), len(made.shop), len(made.desk)) >= 150
    assert set(made.truth.values()) == set(made.parties)


def test_customers_stand_in_several_systems_and_some_twice_in_one(made: World) -> None:
    places = defaultdict(list)
    for (system, _), key in made.truth.items():
        places[key].append(system)
    assert sum(len(set(found)) > 1 for found in places.values()) > 250
    assert any(max(Counter(found).values()) > 1 for found in places.values())
    assert sum(len(set(found)) == 3 for found in places.values()) > 50


def test_the_dirt_of_real_life_is_there(made: World) -> None:
    mails = Counter(row["邮箱"].strip().lower() for row in made.crm.values())
    assert any(count > 1 and "familie." in mail for mail, count in mails.items())  # a household's mailbox
    assert any(mail.startswith("info@") for mail in mails)
    assert any(mail in dirt.NO_MAIL for mail in mails)
    phones = [row["手机"] for row in made.crm.values()]
    assert {"+", "0", "("} <= {phone[:1] for phone in phones + [row["phone"] for row in made.shop.values()]}
    assert any(phone in dirt.NO_PHONE for phone in phones)
    assert any(
        mail in ("-", "n/a", " ") for mail in mails | Counter(row["邮箱"] for row in made.crm.values())
    )
    names = [row["名称"] for row in made.crm.values()]
    assert any(", " in name for name in names)
    assert any(name != name.strip() for name in names)
    assert any("有限公司" in name for name in names)
    assert any("GmbH" in name for name in names)


def test_one_customer_is_written_in_two_scripts(made: World) -> None:
    crm = made.crm[made.id_of("crm", cast.DUPLICATE)]["名称"]
    shop = made.shop[made.id_of("shop", cast.DUPLICATE)]
    desk = made.desk[made.id_of("desk", cast.DUPLICATE)]["name"]
    assert (crm, shop["last_name"], shop["first_name"], desk) == ("欧阳明", "Ouyang", "Ming", "歐陽明")


def test_telephone_numbers_of_the_true_customers_are_valid_and_their_own() -> None:
    parties = population(Random(SEED))
    mobiles = [one.mobile for one in parties if one.mobile]
    assert len(mobiles) == len(set(mobiles))
    valid = [phonenumbers.is_valid_number(phonenumbers.parse(number)) for number in mobiles]
    assert all(valid)


def test_chinese_company_numbers_have_their_check_character() -> None:
    numbers = [one.uscc for one in population(Random(SEED)) if one.uscc]
    assert len(numbers) >= 10
    for number in numbers:
        total = sum(_CODE.index(char) * pow(3, place, 31) for place, char in enumerate(number[:17]))
        assert (total + _CODE.index(number[17])) % 31 == 0


def test_order_totals_add_up_but_for_those_meant_not_to(made: World) -> None:
    found = orders(SEED, list(made.shop))
    lines = defaultdict(list)
    for row in found.rows:
        lines[row["order_no"]].append(row)
    assert len(lines) == ORDERS == 1_000
    wrong = set()
    for number, rows in lines.items():
        head = rows[0]
        items = sum((amount(row["line_total"]) for row in rows), Decimal(0))
        assert all(amount(row["price"]) * int(row["quantity"]) == amount(row["line_total"]) for row in rows)
        assert {row["total"] for row in rows} == {head["total"]}
        if items - amount(head["discount"]) + amount(head["shipping"]) != amount(head["total"]):
            wrong.add(number)
    assert wrong == set(found.wrong)
    assert 3 <= len(wrong) <= 10
    assert {row["customer_no"] for row in found.rows} <= set(made.shop)


def test_amounts_are_written_as_the_shop_does() -> None:
    assert comma(Decimal("1234.5")) == "1.234,50"
    assert comma(Decimal(0)) == "0,00"


def test_the_files_are_what_those_systems_write(tmp_path: Path, made: World) -> None:
    systems.install(tmp_path, made, seed=SEED)
    crm = (tmp_path / "exports/crm/客户导出.csv").read_bytes()
    with pytest.raises(UnicodeDecodeError):
        crm.decode("utf-8")
    assert crm.decode("gb18030").startswith("客户编号,类型,名称")
    shop = (tmp_path / "exports/shop/customers.csv").read_bytes()
    assert shop.startswith(b"\xef\xbb\xbfcustomer_no;account")
    desk = (tmp_path / "exports/desk/requesters.jsonl").read_text(encoding="utf-8").splitlines()
    assert {json.loads(line)["name"] for line in desk[:-1]} == {row["name"] for row in made.desk.values()}


def test_an_edit_changes_the_row_and_its_time_and_nothing_else(tmp_path: Path) -> None:
    shop = systems.install(tmp_path, world(SEED), seed=SEED)[0]["shop"]
    before = files(tmp_path)["exports/shop/customers.csv"].decode("utf-8-sig").splitlines()
    shop.edit("10002", {"street": "Gartenstraße 9"})
    shop.export()
    after = files(tmp_path)["exports/shop/customers.csv"].decode("utf-8-sig").splitlines()
    differing = [(old, new) for old, new in zip(before, after, strict=True) if old != new]
    assert len(differing) == 1
    assert "Gartenstraße 9" in differing[0][1]
    assert differing[0][0].split(";")[-1] < differing[0][1].split(";")[-1]


def test_a_system_imports_each_file_that_came_back_once(tmp_path: Path) -> None:
    shop = systems.install(tmp_path, world(SEED), seed=SEED)[0]["shop"]
    row = {**shop.rows["10003"], "email": "new@post.example"}
    shop.inbox.mkdir(parents=True)
    lines = [";".join(row), ";".join(row.values())]
    (shop.inbox / "customers-20261124T130501Z.csv").write_text("\n".join(lines), encoding="utf-8-sig")
    assert shop.take_back() == 1
    assert shop.take_back() == 0
    assert shop.rows["10003"]["email"] == "new@post.example"
    assert shop.came_back("10003", "email") == "new@post.example"
    assert shop.came_back("10004", "email") is None


@pytest.mark.parametrize(
    ("text", "plain"), [("Müller", "mueller"), ("Straßer", "strasser"), ("O'Neill", "oneill"), ("王", "wang")]
)
def test_names_as_typed_in_ascii(text: str, plain: str) -> None:
    assert latin(text) == plain


def test_traditional_writing() -> None:
    assert traditional("欧阳丽华") == "歐陽麗華"


def test_a_typing_error_keeps_the_first_letter_and_changes_something() -> None:
    for seed in range(200):
        found = dirt.mistyped(Random(seed), "Hartmann")
        assert found[0] == "H"
        assert abs(len(found) - len("Hartmann")) <= 1


def test_every_way_of_writing_a_number_means_the_same_number() -> None:
    for seed in range(50):
        for number, country in (("+491713920022", "DE"), ("+8613855512345", "CN"), ("+12125550123", "US")):
            written = dirt.phone(Random(seed), number)
            parsed = phonenumbers.parse(written.replace("Tel. ", ""), country)
            assert phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164) == number
