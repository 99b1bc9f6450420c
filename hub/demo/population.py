"""The people and companies behind the demo's records, as they truly are: deterministic by a seed, and clean.

What the three systems make of them, with the dirt, is in `views.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import Random

from phonenumbers import is_valid_number, parse
from pypinyin import Style, lazy_pinyin

from hub.canonical.names import join
from hub.demo import words
from hub.demo.words import ORIGINS, Origin

SYSTEMS = ("crm", "shop", "desk")
PERSONS, COMPANIES, HOUSEHOLDS = 470, 100, 25

_CODE = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_ODDS = {"crm": 0.62, "shop": 0.72, "desk": 0.38}


@dataclass(frozen=True, slots=True)
class Place:
    """A postal address."""

    line1: str
    city: str
    region: str
    postal_code: str
    country: str


@dataclass(frozen=True, slots=True)
class Party:
    """One real customer. key: the truth that matching should find again; systems: who knows this customer."""

    key: str
    origin: str
    place: Place
    given: str = ""
    family: str = ""
    company: str = ""
    email: str = ""
    mobile: str = ""
    phone: str = ""
    uscc: str = ""
    birth_date: str = ""
    business: bool = False
    systems: tuple[str, ...] = SYSTEMS

    @property
    def is_company(self) -> bool:
        return bool(self.company) and not self.family

    @property
    def name(self) -> str:
        """The name as its bearer writes it."""
        return self.company if self.is_company else join(self.given, self.family) or ""

    @property
    def language(self) -> str:
        return ORIGINS[self.origin].language


def population(rng: Random) -> list[Party]:
    """Everybody, each in at least one system; the cast of the story (`cast.py`) not among them."""
    maker = _Maker(rng)
    persons = [maker.person(f"p{number:03}") for number in range(PERSONS)]
    companies = [maker.company(f"c{number:03}") for number in range(COMPANIES)]
    for number in range(HOUSEHOLDS):
        persons += maker.household(f"h{number:03}")
    return [maker.known_to_some(one) for one in [*persons, *companies]]


class _Maker:
    """Draws parties; never the same telephone number or mailbox twice, unless it is meant."""

    def __init__(self, rng: Random) -> None:
        self.rng = rng
        self.taken: set[str] = set()

    def person(self, key: str) -> Party:
        origin = self.origin()
        given, family = self.rng.choice(origin.given), self.rng.choice(origin.family)
        birth = f"{self.rng.randint(1948, 2004)}-{self.rng.randint(1, 12):02}-{self.rng.randint(1, 28):02}"
        return Party(
            key,
            origin.country,
            self.place(origin),
            given,
            family,
            email=self.mailbox(f"{latin(given)}.{latin(family)}"),
            mobile=self.number(origin.mobile),
            phone=self.number(origin.landline) if self.rng.random() < 0.3 else "",
            birth_date=birth if self.rng.random() < 0.6 else "",
            business=self.rng.random() < 0.5,
        )

    def household(self, key: str) -> list[Party]:
        """Two of one family: one address, one landline, one mailbox; not one customer."""
        first = self.person(f"{key}a")
        origin = ORIGINS[first.origin]
        line, mailbox = self.number(origin.landline), self.mailbox(f"familie.{latin(first.family)}")
        other = self.rng.choice([name for name in origin.given if name[:1] != first.given[:1]])
        shared = replace(first, phone=line, email=mailbox, business=False, systems=("crm", "shop"))
        second = replace(shared, key=f"{key}b", given=other, mobile=self.number(origin.mobile), birth_date="")
        return [shared, second]

    def company(self, key: str) -> Party:
        origin = self.origin()
        form = self.rng.choice(origin.legal_forms)
        if origin.eastern:
            city = origin.cities[self.rng.randrange(len(origin.cities))].name
            name = f"{city}{self.rng.choice(words.LUCKY)}{self.rng.choice(words.BRANCHES_EAST)}{form}"
            domain = "".join(lazy_pinyin(name[:4], style=Style.NORMAL))
        else:
            branches = words.BRANCHES if origin.country == "DE" else words.BRANCHES_WEST
            family, branch = self.rng.choice(origin.family), self.rng.choice(branches)
            name, domain = f"{family} {branch} {form}", f"{latin(family)}-{branch.lower()}"
        return Party(
            key,
            origin.country,
            self.place(origin),
            company=name,
            email=f"{self.rng.choice(words.SHARED_MAILBOXES)}@{latin(domain)}.example",
            phone=self.number(origin.landline),
            uscc=self.uscc() if origin.country == "CN" else "",
            business=True,
        )

    def known_to_some(self, party: Party) -> Party:
        """Which systems know this customer."""
        known = [name for name in party.systems if self.rng.random() < _ODDS[name]]
        return replace(party, systems=tuple(known) or (self.rng.choice(party.systems),))

    def origin(self) -> Origin:
        listed = list(ORIGINS.values())
        return self.rng.choices(listed, weights=[one.share for one in listed])[0]

    def place(self, origin: Origin) -> Place:
        city = self.rng.choice(origin.cities)
        street, house = self.rng.choice(origin.streets), self.rng.randint(1, 140)
        line = f"{street}{house}号" if origin.eastern else f"{street} {house}"
        if origin.country in ("GB", "US", "FR"):
            line = f"{house} {street}"
        return Place(line, city.name, city.region, self.digits(city.postal_code), origin.country)

    def mailbox(self, wished: str) -> str:
        while True:
            number = "" if self.rng.random() < 0.4 else str(self.rng.randint(2, 99))
            found = f"{wished}{number}@{self.rng.choice(words.FREE_MAIL)}"
            if found not in self.taken:
                self.taken.add(found)
                return found
            wished += "x"

    def number(self, template: str) -> str:
        while True:
            found = self.digits(template)
            if found not in self.taken and is_valid_number(parse(found)):
                self.taken.add(found)
                return found

    def digits(self, template: str) -> str:
        return "".join(str(self.rng.randint(1, 9)) if char == "#" else char for char in template)

    def uscc(self) -> str:
        """A Chinese company number with its check character (GB 32100-2015)."""
        body = "91" + "310115" + "".join(self.rng.choice(_CODE) for _ in range(9))
        total = sum(_CODE.index(char) * pow(3, place, 31) for place, char in enumerate(body))
        return body + _CODE[(31 - total % 31) % 31]


_ASCII = str.maketrans(
    {
        "ä": "ae",
        "ö": "oe",
        "ü": "ue",
        "ß": "ss",
        **dict(zip("éèêëàâçîïôûž", "eeeeaaciiouz", strict=True)),
        **dict.fromkeys("'’ .&"),
    }
)


def latin(text: str) -> str:
    """The text as somebody types it who has ASCII only: Müller → mueller, 王 → wang."""
    return "".join(lazy_pinyin(text, style=Style.NORMAL)).lower().translate(_ASCII)


def pinyin(party: Party) -> str:
    """A Chinese name as a passport has it: 欧阳明 → Ouyang Ming."""
    family, given = (
        "".join(lazy_pinyin(part, style=Style.NORMAL)).capitalize() for part in (party.family, party.given)
    )
    return f"{family} {given}"


def traditional(text: str) -> str:
    """The text in traditional characters, as far as the demo's names go."""
    return "".join(words.TRADITIONAL.get(char, char) for char in text)


def known_in(parties: Sequence[Party], system: str) -> list[Party]:
    return [one for one in parties if system in one.systems]
