"""What the CRM, the shop and the helpdesk each know of a customer: their columns, their habits, their dirt."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any, NamedTuple

from hub.canonical.country import COUNTRIES
from hub.demo import dirt
from hub.demo.cast import CAST
from hub.demo.dirt import chance
from hub.demo.population import Party, known_in, pinyin, population, traditional

Row = dict[str, Any]

CRM_COLUMNS = (
    *("客户编号", "类型", "名称", "税号", "邮箱", "手机", "电话", "国家", "省份", "城市", "地址", "邮编"),
    *("标签", "生日", "负责人", "更新时间"),
)
SHOP_COLUMNS = (
    *("customer_no", "account", "first_name", "last_name", "company", "email", "phone", "landline", "street"),
    *("zip", "city", "country", "language", "newsletter", "updated"),
)
DESK_KEYS = ("id", "name", "email", "phone", "company_number", "locale", "vip", "updated_at")


class World(NamedTuple):
    """The rows of each system by external id; who each really is: (system, external id) → Party.key; who there is."""

    crm: dict[str, Row]
    shop: dict[str, Row]
    desk: dict[str, Row]
    truth: dict[tuple[str, str], str]
    parties: dict[str, Party]

    def id_of(self, system: str, key: str) -> str:
        """The first external id of a party in a system."""
        return next(id for (name, id), who in self.truth.items() if name == system and who == key)


def world(seed: int) -> World:
    """Three systems that grew apart."""
    rng = Random(seed)
    parties = [*CAST, *population(rng)]
    made = World({}, {}, {}, {}, {one.key: one for one in parties})
    for system, table, row_of, id_of in (
        ("crm", made.crm, crm_row, "KH{:05}".format),
        ("shop", made.shop, shop_row, "{}".format),
        ("desk", made.desk, desk_row, "{}".format),
    ):
        start = {"crm": 1, "shop": 10_001, "desk": 500_001}[system]
        for number, party in enumerate(_with_doubles(rng, known_in(parties, system)), start=start):
            id = id_of(number)
            table[id] = row_of(Random(f"{seed}/{system}/{id}"), id, party)
            made.truth[(system, id)] = party.key
    return made


def _with_doubles(rng: Random, parties: Sequence[Party]) -> list[Party]:
    """Some register twice; the planted ones do not."""
    doubles = [one for one in parties if one not in CAST and not one.is_company and chance(rng, 3)]
    return [*parties, *doubles]


def crm_row(rng: Random, id: str, party: Party) -> Row:
    """A row of the CRM, kept in Chinese by people who type fast. Who has the tag b2b is decided here."""
    name = party.name
    if party not in CAST and not party.is_company and name.isascii() and chance(rng, 20):
        name = dirt.family_first(party.given, party.family)
    place = party.place
    tags = ["b2b"] if party.business else []
    tags += ["vip"] if chance(rng, 8) else []
    return {
        "客户编号": id,
        "类型": "公司" if party.is_company else "个人",
        "名称": _name(rng, party, name),
        "税号": party.uscc,
        "邮箱": _email(rng, party),
        "手机": _phone(rng, party, party.mobile),
        "电话": _phone(rng, party, party.phone),
        "国家": COUNTRIES[place.country].chinese,
        "省份": place.region,
        "城市": place.city,
        "地址": place.line1,
        "邮编": place.postal_code,
        "标签": ",".join(tags),
        "生日": party.birth_date.replace("-", "/") if chance(rng, 70) else "",
        "负责人": rng.choice(("张敏", "李强", "")),
        "更新时间": _day(rng, 2023).replace("T", " "),
    }


def shop_row(rng: Random, id: str, party: Party) -> Row:
    """An account of the shop: typed by the customers themselves, Chinese names often in pinyin."""
    given, family = party.given, party.family
    if _han(family) and (party in CAST or chance(rng, 35)):
        family, given = pinyin(party).split(" ", 1)
    elif not party.is_company and party not in CAST and chance(rng, 8):
        family = dirt.mistyped(rng, family)
    place = party.place
    return {
        "customer_no": id,
        "account": "business" if party.is_company else "private",
        "first_name": given,
        "last_name": dirt.cased(rng, family) if party not in CAST and chance(rng, 6) else family,
        "company": party.company,
        "email": _email(rng, party),
        "phone": _phone(rng, party, party.mobile),
        "landline": _phone(rng, party, party.phone),
        "street": place.line1 if party in CAST or chance(rng, 85) else latin_street(place.line1),
        "zip": place.postal_code,
        "city": place.city,
        "country": place.country,
        "language": party.language,
        "newsletter": rng.choice(("yes", "no", "no")),
        "updated": _day(rng, 2024),
    }


def desk_row(rng: Random, id: str, party: Party) -> Row:
    """A requester of the helpdesk: a name, a way to answer, little else."""
    name: str = party.name
    if _han(name) and not party.is_company:
        name = traditional(name) if party in CAST or chance(rng, 40) else pinyin(party)
    elif not party.is_company and chance(rng, 15):
        name = dirt.cased(rng, name)
    return {
        "id": int(id),
        "name": name,
        "email": _email(rng, party) or None,
        "phone": party.mobile or party.phone or None,
        "company_number": party.uscc or None,
        "locale": party.language if chance(rng, 60) else None,
        "vip": chance(rng, 5),
        "updated_at": _day(rng, 2022) + "Z",
    }


def latin_street(text: str) -> str:
    return text.replace("straße", "strasse").replace("str.", "strasse").replace("é", "e").replace("号", "")


def _name(rng: Random, party: Party, name: str) -> str:
    if party in CAST:
        return name
    if party.is_company or _han(name):
        return f" {name}" if chance(rng, 5) else name
    if chance(rng, 6):
        return dirt.mistyped(rng, name)
    return dirt.cased(rng, name) if chance(rng, 6) else name


def _email(rng: Random, party: Party) -> str:
    if party in CAST or party.is_company:
        return party.email
    if chance(rng, 10):
        return rng.choice(dirt.BLANKS)
    if chance(rng, 2):
        return rng.choice(dirt.NO_MAIL)
    return dirt.cased(rng, party.email) if chance(rng, 10) else party.email


def _phone(rng: Random, party: Party, number: str) -> str:
    """Companies and business people are called up: their numbers are in order, if written in many ways."""
    if party in CAST or not number:
        return number
    if not party.business and chance(rng, 12):
        return rng.choice((*dirt.BLANKS, *dirt.NO_PHONE))
    return dirt.phone(rng, number)


def _han(text: str) -> bool:
    return any("\u4e00" <= char <= "\u9fff" for char in text)


def _day(rng: Random, year: int) -> str:
    """A moment of the year or the one after."""
    year += rng.randrange(2)
    return f"{year}-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}T{rng.randint(7, 21):02}:{rng.randint(0, 59):02}:00"
