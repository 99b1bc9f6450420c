# ruff: noqa: E501, SIM905, PLR0912
"""Customers and companies with the truth beside them, for quality and speed at any size: people in households,
fathers and
sons, marriages, moves, shared mailboxes, typing errors; companies with legal forms, branches and abbreviations.

Deterministic by seed, streamed, an entity at a time, so that a million fit into memory. Not the data of anybody else's
benchmark: rates, names and layout are this file's own.
"""

from __future__ import annotations

import csv
import random
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

PEOPLE = (
    "id", "given_name", "family_name", "email", "phone", "birth_date", "street", "city", "postcode", "company", "tax_id",
)  # fmt: skip
COMPANIES = ("id", "name", "email", "phone", "street", "city", "postcode", "website", "tax_id")
PEOPLE_MAP = """object = "customer"
[pull]
given_name = "given_name"
family_name = "family_name"
email = "email"
phone = "phone"
birth_date = "birth_date"
"address.line1" = "street"
"address.locality" = "city"
"address.postal_code" = "postcode"
company = "company"
tax_id = "tax_id"
"""
COMPANIES_MAP = """object = "customer"
[pull]
kind = { const = "organisation" }
name = "name"
email = "email"
phone = "phone"
"address.line1" = "street"
"address.locality" = "city"
"address.postal_code" = "postcode"
website = "website"
"tax_id[vat]" = "tax_id"
"""

_GIVEN = (
    "James Mary John Patricia Robert Jennifer Michael Linda William Elizabeth David Barbara Richard Susan Joseph Jessica "
    "Thomas Sarah Charles Karen Christopher Nancy Daniel Lisa Matthew Betty Anthony Margaret Mark Sandra Steven Ashley "
    "Andrew Emily Paul Donna Joshua Michelle Kenneth Carol Kevin Amanda Brian Melissa George Deborah Edward Stephanie "
    "Anna Lukas Lea Finn Mia Jonas Emma Leon Hannah Paul Sophie Max Laura Felix Julia Tim Lena Moritz Katharina Jan "
    "Camille Hugo Chloe Louis Manon Jules Ines Arthur Jeanne Gabriel Sofia Mateo Lucia Diego Carmen Alvaro Elena Pablo "
    "Giulia Marco Chiara Luca Francesca Matteo Priya Arjun Ananya Rohan Kavya Vikram Olga Dmitri Svetlana Pavel Irina"
).split()
_SHORT = {
    "James": "Jim", "Robert": "Bob", "Michael": "Mike", "William": "Bill", "Elizabeth": "Liz", "Richard": "Rick",
    "Joseph": "Joe", "Thomas": "Tom", "Charles": "Chuck", "Christopher": "Chris", "Daniel": "Dan", "Matthew": "Matt",
    "Anthony": "Tony", "Margaret": "Maggie", "Andrew": "Andy", "Joshua": "Josh", "Kenneth": "Ken", "Edward": "Ted",
    "Deborah": "Debbie", "Stephanie": "Steph", "Katharina": "Kathi", "Patricia": "Pat", "Jennifer": "Jenny",
    "Jessica": "Jess", "Susan": "Sue", "Barbara": "Barb",
}  # fmt: skip
_FAMILY = (
    "Smith Johnson Williams Brown Jones Garcia Miller Davis Martinez Lopez Wilson Anderson Taylor Thomas Moore Jackson "
    "Martin Lee Thompson White Harris Clark Lewis Robinson Walker Young Allen King Wright Scott Hill Green Adams Nelson "
    "Baker Hall Campbell Mitchell Carter Roberts Müller Schmidt Schneider Fischer Weber Meyer Wagner Becker Schulz Hoffmann "
    "Koch Bauer Richter Klein Wolf Schröder Neumann Schwarz Braun Krüger Dubois Moreau Laurent Lefebvre Rossi Russo Ferrari "
    "Esposito Bianchi Romano Fernández González Rodríguez Pérez Sánchez Patel Sharma Gupta Singh Ivanov Petrov Smirnov"
).split()
_HEADS = "Ab Al Bar Bel Ber Bor Bran Cal Car Chas Dal Dan Del Dor Eg El Far Fen Gar Gil Har Hol Jas Kel Kar Lan Lor Mal Mar "
_HEADS += "Nor Ol Par Pel Quil Ras Ren Ros Sal Sed Sten Tal Tor Und Val Vor Wes Wil Yar Zel"
_TAILS = "bach berg bury by dale der don es feld ford gate ham hart in ingen ko ler ley lin man mann mer mont nen ner o "
_TAILS += "off rick ridge ron sen ski son stein sted ston ton vic ville wald well wick wood worth y"
_STREETS = "Main High Church Park Mill Station School Bridge Garden Lake Hill Forest River Market Castle Abbey Orchard Meadow "
_STREETS += "Linden Birch Cedar Willow Chestnut Victoria Albert King Queen Duke Bishop Harbour Wharf Canal Tower Well Spring"
_KINDS = (
    ("Street", "St"),
    ("Road", "Rd"),
    ("Avenue", "Ave"),
    ("Lane", "Ln"),
    ("Drive", "Dr"),
    ("Court", "Ct"),
)
_TOWNS = "wood field ton bridge mouth port haven bury stead ford"
_PROVIDERS = "gmail.com outlook.com yahoo.com icloud.com gmx.net web.de hotmail.com proton.me".split()
_BRANCHES = "Logistics Systems Trading Foods Engineering Consulting Energy Media Pharma Textiles Optics Marine Timber Analytics"
_FORMS = (
    ("GmbH", "G.m.b.H."),
    ("Ltd", "Limited"),
    ("Inc.", "Incorporated"),
    ("S.A.", "SA"),
    ("AG", ""),
    ("LLC", ""),
    ("B.V.", "BV"),
)


class Row(NamedTuple):
    """A record's values in the order of the columns, after its id; and whose it is."""

    values: list[str]
    entity: str


def write(folder: Path, count: int, *, seed: int = 11, what: str = "people") -> Path:
    """Write `customers.csv` of about `count` rows and `truth.csv` (id, entity) into `folder`; the path of the first.
    The rows
    stand in an order that says nothing of who is who."""
    chance = random.Random(seed)
    columns = PEOPLE if what == "people" else COMPANIES
    rows: list[Row] = []
    for row in people(chance) if what == "people" else companies(chance):
        rows.append(row)
        if len(rows) >= count:
            break
    chance.shuffle(rows)
    file = folder / "customers.csv"
    with (
        file.open("w", newline="", encoding="utf-8") as out,
        (folder / "truth.csv").open("w", newline="") as said,
    ):
        first, second = csv.writer(out), csv.writer(said)
        first.writerow(columns)
        second.writerow(("id", "entity"))
        for number, row in enumerate(rows):
            first.writerow([f"P{number}", *row.values])
            second.writerow([f"P{number}", row.entity])
    return file


def people(chance: random.Random) -> Iterator[Row]:
    """Records without end: household after household, each person several times."""
    number = 0
    while True:
        home, family = _home(chance), _family(chance)
        shared_phone, shared_mail = (
            _phone(chance),
            f"{family.lower()}.family{chance.randint(1, 999)}@{chance.choice(_PROVIDERS)}",
        )
        size = chance.choices((1, 2, 3, 4), (55, 25, 12, 8))[0]
        first = None
        for member in range(size):
            number += 1
            given = chance.choice(_GIVEN)
            if first is not None and member == 2 and chance.random() < 0.06:
                given = first  # a son called like his father
            first = first or given
            named = family if chance.random() < 0.9 else _family(chance)
            person = _person(chance, given, named, home=home, number=number)
            if size > 1 and chance.random() < 0.25:
                person["phone"] = shared_phone
            if size > 1 and chance.random() < 0.08:
                person["email"] = shared_mail
            for _ in range(chance.choices((1, 2, 3, 4, 5), (40, 27, 17, 10, 6))[0]):
                yield Row(_record(chance, person), f"E{number}")


def _person(
    chance: random.Random, given: str, family: str, *, home: dict[str, str], number: int
) -> dict[str, str]:
    born = f"{chance.randint(1940, 2005)}-{chance.randint(1, 12):02d}-{chance.randint(1, 28):02d}"
    return {
        "given_name": given,
        "family_name": family,
        "email": _mailbox(chance, given, family, number=number),
        "phone": _phone(chance),
        "birth_date": born,
        **home,
        "company": f"{_family(chance)} {chance.choice(_BRANCHES.split())}" if chance.random() < 0.1 else "",
        "tax_id": str(chance.randint(10**10, 10**11 - 1)),
        "second": _mailbox(chance, given, family, number=number),
        "maiden": _family(chance) if chance.random() < 0.08 else "",
        "moved": "1" if chance.random() < 0.1 else "",
    }


_KEPT = {
    "crm": {"email": 0.85, "phone": 0.7, "birth_date": 0.12, "street": 0.6, "city": 0.8, "tax_id": 0.04},
    "erp": {"email": 0.5, "phone": 0.6, "birth_date": 0.05, "street": 0.95, "city": 0.97, "tax_id": 0.4},
    "shop": {"email": 0.97, "phone": 0.5, "birth_date": 0.07, "street": 0.85, "city": 0.9, "tax_id": 0.0},
    "pos": {"email": 0.4, "phone": 0.85, "birth_date": 0.6, "street": 0.2, "city": 0.5, "tax_id": 0.0},
    "social": {"email": 0.35, "phone": 0.1, "birth_date": 0.15, "street": 0.1, "city": 0.5, "tax_id": 0.0},
}


def _record(chance: random.Random, person: dict[str, str]) -> list[str]:
    """One system's record of a person: blanks, habits, errors."""
    one = dict(person)
    kept = _KEPT[chance.choices(tuple(_KEPT), (30, 20, 30, 12, 8))[0]]
    for column, share in kept.items():
        if chance.random() >= share:
            one[column] = ""
    one["postcode"] = one["postcode"] if one["street"] else ""
    if one["moved"] and chance.random() < 0.4:
        one |= {name: value for name, value in _home(chance).items() if one[name]}
    if one["maiden"] and chance.random() < 0.5:
        one["family_name"] = one["maiden"]
    if one["email"] and chance.random() < 0.2:
        one["email"] = one["second"]
    if one["email"] and chance.random() < 0.05:
        local, _, domain = one["email"].partition("@")
        one["email"] = f"{local}+shop@{domain}"
    roll = chance.random()
    if roll < 0.06:
        one["given_name"] = _SHORT.get(one["given_name"], one["given_name"])
    elif roll < 0.09:
        one["given_name"] = one["given_name"][0]
    elif roll < 0.11:
        one["given_name"], one["family_name"] = one["family_name"], one["given_name"]
    for column, share in (("given_name", 0.04), ("family_name", 0.05), ("street", 0.04), ("email", 0.015)):
        if one[column] and chance.random() < share:
            one[column] = _mistyped(chance, one[column])
    if one["birth_date"]:
        one["birth_date"] = _date(chance, one["birth_date"])
    one["phone"] = _written(chance, one["phone"])
    if one["street"] and chance.random() < 0.3:
        one["street"] = _shorter(one["street"])
    if chance.random() < 0.15:
        one["given_name"], one["family_name"] = one["given_name"].lower(), one["family_name"].upper()
    return [one[name] for name in PEOPLE[1:]]


def companies(chance: random.Random) -> Iterator[Row]:
    """Records of companies without end; groups have several, with names alike."""
    number = 0
    while True:
        stem, town = _family(chance, common=0.08), _home(chance)
        group = chance.random() < 0.12
        site = f"{_plain(stem)}{number}" if chance.random() < 0.3 else ""  # one domain for the whole group
        for _ in range(chance.randint(2, 4) if group else 1):
            number += 1
            branch, form = chance.choice(_BRANCHES.split()), chance.choice(_FORMS)
            home = town if not group or chance.random() < 0.3 else _home(chance)
            domain = f"{site or _plain(stem) + '-' + branch.lower() + str(number)}.com"
            company = {
                "name": f"{stem} {branch}",
                "form": form[0],
                "long": form[1],
                "domain": domain,
                "phone": _phone(chance),
                "tax_id": f"DE{chance.randint(10**8, 10**9 - 1)}",
                **home,
            }
            for _ in range(chance.choices((1, 2, 3, 4), (45, 30, 15, 10))[0]):
                yield Row(_company_record(chance, company), f"C{number}")


def _company_record(chance: random.Random, company: dict[str, str]) -> list[str]:
    name = company["name"]
    roll = chance.random()
    if roll < 0.65:
        name = f"{name} {company['form']}"
    elif roll < 0.75 and company["long"]:
        name = f"{name} {company['long']}"
    elif roll < 0.8:
        name = f"The {name} Company"
    if chance.random() < 0.06:
        name = _mistyped(chance, name)
    if chance.random() < 0.15:
        name = name.upper()
    mailbox = chance.choice(("info", "sales", "office", f"{chance.choice(_GIVEN).lower()}", "berlin"))
    street = company["street"] if chance.random() < 0.7 else ""
    return [
        name,
        f"{mailbox}@{company['domain']}" if chance.random() < 0.6 else "",
        _written(chance, company["phone"]) if chance.random() < 0.6 else "",
        _shorter(street) if chance.random() < 0.3 else street,
        company["city"] if chance.random() < 0.85 else "",
        company["postcode"] if street else "",
        f"https://www.{company['domain']}" if chance.random() < 0.4 else "",
        company["tax_id"] if chance.random() < 0.3 else "",
    ]


def _family(chance: random.Random, *, common: float = 0.35) -> str:
    if chance.random() < common:
        return chance.choice(_FAMILY)
    return (
        chance.choice(_HEADS.split())
        + chance.choice(_TAILS.split())
        + (chance.choice(("", "", "er", "s", "e")))
    )


def _home(chance: random.Random) -> dict[str, str]:
    town = chance.choice(_HEADS.split()) + chance.choice(_TOWNS.split())
    return {
        "street": f"{chance.randint(1, 300)} {chance.choice(_STREETS.split())} {chance.choice(_KINDS)[0]}",
        "city": town,
        "postcode": f"{10_000 + sum(map(ord, town)) * 37 % 89_000 + chance.randint(0, 9)}",
    }


def _mailbox(chance: random.Random, given: str, family: str, *, number: int) -> str:
    """A mailbox that nobody else has: a number wherever the name is not rare."""
    a, b = _plain(given), _plain(family)
    local = chance.choice((f"{a}.{b}", f"{a[0]}{b}", f"{a}{b}", f"{a}_{b}", f"{b}.{a}", f"{a}{b[0]}"))
    rare = family not in _FAMILY and number < 10_000
    tail = "" if rare and chance.random() < 0.4 else f"{number}"
    if chance.random() < 0.06:
        local = f"{chance.choice(_STREETS.split()).lower()}{chance.choice(_BRANCHES.split()).lower()}"
    return f"{local}{tail}@{chance.choice(_PROVIDERS)}"


def _plain(name: str) -> str:
    return (
        name.lower()
        .translate(str.maketrans({"ü": "ue", "ö": "oe", "ä": "ae", "é": "e", "á": "a", "í": "i"}))
        .replace(" ", "")
    )


def _phone(chance: random.Random) -> str:
    return f"4915{chance.randint(1, 7)}{chance.randint(10**7, 10**8 - 1)}"


def _written(chance: random.Random, number: str) -> str:
    if not number:
        return ""
    return chance.choice(
        (
            f"+{number}",
            f"0{number[2:]}",
            f"00{number}",
            f"0{number[2:5]} {number[5:]}",
            f"+49 {number[2:5]} {number[5:]}",
        )
    )


def _date(chance: random.Random, date: str) -> str:
    roll = chance.random()
    if roll < 0.03:
        return "1900-01-01"
    year, month, day = date.split("-")
    if roll < 0.05 and int(day) <= 12:
        return f"{year}-{day}-{month}"
    return f"{year}-{month}-{chance.randint(1, 28):02d}" if roll < 0.07 else date


def _mistyped(chance: random.Random, text: str) -> str:
    at = chance.randrange(max(1, len(text) - 1))
    roll = chance.random()
    letter = chance.choice("abcdefghijklmnopqrstuvwxyz")
    if roll < 0.25:
        return text[:at] + text[at + 1 :]
    if roll < 0.5:
        return text[:at] + letter + text[at:]
    if roll < 0.75:
        return text[:at] + letter + text[at + 1 :]
    return text[:at] + text[at : at + 2][::-1] + text[at + 2 :]


def _shorter(street: str) -> str:
    for long, short in _KINDS:
        street = street.replace(long, short)
    return street
