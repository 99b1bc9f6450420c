"""Customers for the benchmarks: one CSV of several systems' records, with the duplicates and blanks real ones have.

Deterministic by seed. About one record in three repeats somebody already there, from another system, with other
blanks, an
initial, swapped names or another spelling of the phone; some share a mailbox or a phone with somebody else.
"""

from __future__ import annotations

import csv
import random
from collections.abc import Iterator
from pathlib import Path

COLUMNS = (
    "id", "given_name", "family_name", "email", "phone", "birth_date", "street", "city", "postcode", "company",
    "tax_id", "updated",
)  # fmt: skip
MAP = """object = "customer"
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
source_updated_at = "updated"
"""

_SYLLABLES = [consonant + vowel for consonant in "bdklmnrst" for vowel in "aeio"]
_GIVEN = (
    "James", "Mary", "Wei", "Li", "Anna", "Otto", "Karl", "Maria", "Sven", "Peter", "Lucy", "Amir", "Noor", "Ivan",
    "Olga", "Jean", "Marie", "Hans", "Greta", "Tom", "Ines", "Paul", "Rosa", "Emil", "Clara", "Hugo", "Nina", "Leo",
    "Ida", "Max", "Eva", "Jan", "Lena", "Tim", "Mia", "Ben", "Zoe", "Finn", "Ella", "Noah", "Maya",
)  # fmt: skip
_STREETS = ("Main", "High", "Church", "Park", "Mill", "Station", "School", "Bridge", "Garden", "Lake", "Hill")
_CITIES = ("Berlin", "Hamburg", "Munich", "Cologne", "Leipzig", "Bremen", "Dresden", "Essen")


def write(path: Path, count: int, *, seed: int = 7) -> None:
    """Write `count` rows to `path`."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerows(rows(count, seed=seed))


def rows(count: int, *, seed: int = 7) -> Iterator[list[str]]:
    """The rows, in the order of COLUMNS."""
    chance = random.Random(seed)
    people: list[list[str]] = []
    for number in range(count):
        if people and chance.random() < 0.33:
            row = _again(chance.choice(people), chance)
        else:
            row = _person(number, chance)
            people.append(row)
        if chance.random() < 0.02:
            row = _shared(row, chance.choice(people))
        yield [
            f"R{number:07d}",
            *row,
            f"2026-{chance.randint(1, 9):02d}-{chance.randint(1, 28):02d}T08:00:00Z",
        ]


def _person(number: int, chance: random.Random) -> list[str]:
    given = chance.choice(_GIVEN)
    family = "".join(chance.choice(_SYLLABLES) for _ in range(chance.randint(2, 4))).title()
    email = (
        f"{given}.{family}{number % 1000}@mail{number % 53}.example".lower() if chance.random() < 0.8 else ""
    )
    phone = f"+49 30 {20_000_000 + number}" if chance.random() < 0.7 else ""
    born = f"19{chance.randint(40, 99)}-{chance.randint(1, 12):02d}-{chance.randint(1, 28):02d}"
    return [
        given,
        family,
        email,
        phone,
        born if chance.random() < 0.4 else "",
        f"{chance.choice(_STREETS)} St {chance.randint(1, 200)}",
        chance.choice(_CITIES),
        f"{chance.randint(10_000, 99_999)}",
        f"{family} GmbH" if chance.random() < 0.1 else "",
        f"DE{100_000_000 + number}" if chance.random() < 0.05 else "",
    ]


def _again(person: list[str], chance: random.Random) -> list[str]:
    """The same person, as another system has them."""
    row = list(person)
    for column in (3, 4, 5, 8, 9):
        if chance.random() < 0.3:
            row[column] = ""
    if row[3]:
        row[3] = row[3].replace("+49 30 ", "030/")
    if chance.random() < 0.1:
        row[0], row[1] = row[1], row[0]
    elif chance.random() < 0.1:
        row[0] = row[0][0] + "."
    return row


def _shared(row: list[str], other: list[str]) -> list[str]:
    """Somebody who uses another's mailbox and phone."""
    return [*row[:2], other[2], other[3], *row[4:]]
