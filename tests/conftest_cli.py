"""A home with two systems of exports, synced once; and a way to call the command as a person would."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from hub.cli.root import run

CUSTOMERS = """\
id,name,mail,tel,city
1,Ann Archer,ann@x.org,+49 30 901820,Berlin
2,Bob Baker,bob@x.org,,Köln
3,王小明,wang@x.cn,+86 10 6552 9988,北京
4,Dora Day,dora@x.org,,Bonn,one cell too many
"""
KUNDEN = "nr;name;mail\nA1;Ann Archer;ann@x.org\nA2;Carl Cole;carl@x.org\n"
ORDERS = "no,customer,sku,qty,price\nO1,1,S1,2,5.00\nO1,1,S2,1,7.00\n"
MAP = """\
object = "customer"
[pull]
display_name = "name"
email = "mail"
"""
ORDER_MAP = """\
object = "order"
[pull]
customer_record = "customer"
[pull."lines[]"]
sku = "sku"
quantity = "qty"
unit_price = "price"
"""
CONNECTIONS = """\
[connection.crm]
connector = "files"
path = "crm/"
currency = "EUR"
[[connection.crm.file]]
match = "customers*.csv"
map = "crm.toml"
[[connection.crm.file]]
object = "order"
match = "orders*.csv"
id = "no"
map = "orders.toml"

[connection.kunden]
connector = "files"
path = "kunden/"
customer.overlay = "over.toml"
[[connection.kunden.file]]
match = "*.csv"
id = "nr"
map = "kunden.toml"
"""


class Said(NamedTuple):
    """What a call of the command left: exit code, stdout, stderr."""

    code: int
    out: str
    err: str

    @property
    def records(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.splitlines()]


Hub = Callable[..., Said]


def lay_out(home: Path) -> Path:
    """The exports, maps and connections file of the tests, beside the home; returns the connections file."""
    files = {
        "crm/customers.csv": CUSTOMERS,
        "crm/orders.csv": ORDERS,
        "kunden/kunden.csv": KUNDEN,
        "crm.toml": MAP + 'phone = "tel"\naddress.locality = "city"\n',
        "kunden.toml": MAP,
        "orders.toml": ORDER_MAP,
        "over.toml": 'ignore = ["nr"]\n',
        "connections.toml": CONNECTIONS,
    }
    for name, text in files.items():
        file = home.parent / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return home.parent / "connections.toml"


def caller(home: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> Hub:
    def call(*args: str, at: Sequence[str] | None = None) -> Said:
        capfdbinary.readouterr()
        code = run([*(at if at is not None else ("--home", str(home))), *args])
        out, err = capfdbinary.readouterr()
        return Said(code, out.decode(), err.decode())

    return call


@pytest.fixture(scope="session")
def synced_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Made once and only read by the tests that use it."""
    home = tmp_path_factory.mktemp("cli") / "home"
    assert run(["init", str(home)]) == 0
    file = lay_out(home)
    assert run(["--home", str(home), "apply", str(file)]) == 0
    assert run(["--home", str(home), "sync"]) == 0
    return home


@pytest.fixture
def synced(synced_home: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> Hub:
    return caller(synced_home, capfdbinary)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A fresh home with nothing connected."""
    folder = tmp_path / "home"
    assert run(["init", str(folder)]) == 0
    return folder


@pytest.fixture
def hub(home: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> Hub:
    return caller(home, capfdbinary)
