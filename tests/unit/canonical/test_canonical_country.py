from __future__ import annotations

import phonenumbers
import pytest

from hub.canonical.country import COUNTRIES, to_country
from hub.canonical.country_table import TABLE


def test_the_table_is_iso_3166() -> None:
    assert len(COUNTRIES) == 249
    assert len({country.alpha3 for country in COUNTRIES.values()}) == 249
    assert all(len(a2) == 2 and len(c.alpha3) == 3 and a2.isupper() for a2, c in COUNTRIES.items())
    assert list(COUNTRIES) == sorted(COUNTRIES)
    assert set(phonenumbers.SUPPORTED_REGIONS) - set(COUNTRIES) == {"AC", "TA", "XK"}  # no codes of ISO


def test_every_name_means_one_country() -> None:
    for row in TABLE.strip().splitlines():
        code, *names = row.split("|")
        assert [to_country(name) for name in (code, code.lower(), *names)] == [code] * (len(names) + 2)


@pytest.mark.parametrize(
    ("given", "value"),
    [
        ("the Netherlands", "NL"), ("u.s.a.", "US"), ("UK", "GB"), (" 中国 ", "CN"), ("DEUTSCHLAND", "DE"),
        ("ＵＳＡ", "US"), ("Narnia", "Narnia"), ("zz", "zz"), ("", None), (None, None), ("x" * 5000, "x" * 5000),
    ],
)  # fmt: skip
def test_codes_and_names_in_english_and_chinese(given: str | None, value: str | None) -> None:
    assert to_country(given) == value
