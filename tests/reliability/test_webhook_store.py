"""A real store tells the hub of a change by webhook, and it stands in a real ERP a moment later, no pull between."""

from __future__ import annotations

import importlib.util
import os
import secrets
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import pytest
from reliability.striking_proxy import PARTY

from hub.demo.erp import Erp

pytestmark = pytest.mark.slow

PATIENCE = 60.0
ROOT = Path(__file__).resolve().parents[1]
CONNECTIONS = """
[connection.shop]
connector = "vendure"
url = "{store}"
user = "{user}"
password = "env:STORE_PASSWORD"
webhook_secret = "env:STORE_HOOK"
[connection.shop.customer]
update = true
overlay_text = '''
[pull]
"address[billing].line1" = false
"address[billing].locality" = false
"address[billing].postal_code" = false
"address[billing].country" = false
"address.line1" = "billing.line1"
"address.locality" = "billing.city"
"address.postal_code" = "billing.postal_code"
"address.country" = "billing.country"
'''
[connection.shop.order]
[connection.erp]
connector = "tryton"
url = "{erp}"
key = "env:ERP_KEY"
[connection.erp.customer]
update = true
create = "all"
"""


class Company(NamedTuple):
    """A store, an ERP and a hub at work between them. hub: calls a command."""

    store: Any
    counter: Any
    erp: Erp
    hub: Callable[..., str]
    log: Callable[[], str]

    def person(self, first: str) -> tuple[str, str]:
        """Somebody new in the store: id and e-mail."""
        email = f"{secrets.token_hex(6)}@example.org"
        given = {"firstName": first, "lastName": "Lindqvist", "emailAddress": email}
        made = self.store.admin(
            "mutation($i:CreateCustomerInput!){createCustomer(input:$i){...on Customer{id}}}", i=given
        )
        return str(made["createCustomer"]["id"]), email

    def contacts(self) -> dict[str, int]:
        """Every value of a contact in the ERP, with its party."""
        found = self._all("party.contact_mechanism", "party,value")
        return {one["value"].replace(" ", ""): one["party"] for one in found}

    def names(self) -> set[str]:
        return {one["name"] for one in self._all(PARTY, "name")}

    def cities(self) -> set[str]:
        return {one["city"] for one in self._all("party.address", "city")}

    def until(self, true: Callable[[], object], *, what: str) -> float:
        """Wait for it; the seconds it took."""
        began = time.monotonic()
        while not true():
            assert time.monotonic() - began < PATIENCE, (
                f"not in {PATIENCE:.0f} s: {what}\n{self.log()[-5000:]}"
            )
            time.sleep(0.05)
        return time.monotonic() - began

    def _all(self, model: str, fields: str) -> list[dict[str, Any]]:
        body = {"domain": [], "order": [["id", "ASC"]], "limit": None, "fields_names": fields.split(",")}
        return list(self.erp.call("POST", f"{model}/search_read", body, timeout=60))


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    server = _beside("server.py", "vendure_test_server")
    try:
        store = server.acquire()
    except server.Absent as reason:
        pytest.skip(f"no Vendure store: {reason}")
    folder = tmp_path_factory.mktemp("webhook-store")
    with ExitStack() as stack:
        stack.callback(server.release)
        counter = _beside("counter.py", "vendure_test_counter").Counter(store)
        erp = stack.enter_context(Erp.start(folder / "erp", progress=print))
        home, log = folder / "home", folder / "up.log"
        env = {
            **os.environ, "STORE_PASSWORD": store.password, "STORE_HOOK": store.secret, "ERP_KEY": erp.key,
            "HUB_WEB_PORT": "0",
        }  # fmt: skip

        def hub(*words: str) -> str:
            command = [sys.executable, "-P", "-m", "hub", "--home", str(home), *words]
            done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
            assert done.returncode == 0, f"hub {' '.join(words)}:\n{done.stdout}{done.stderr}"
            return done.stdout

        def said() -> str:
            return log.read_text(errors="replace") if log.exists() else ""

        made = Company(store, counter, erp, hub, said)
        made.person("Nils")
        hub("init", str(home))
        file = home / "connections.toml"
        file.write_text(CONNECTIONS.format(store=store.url, user=store.USER, erp=erp.url))
        hub("apply", str(file))
        hub("sync", "--confirm")
        address = stack.enter_context(_up(home, log, env=env, company=made))
        stack.enter_context(_forwarded(store.hooks, f"{address}/hooks/shop"))
        yield made


def test_what_people_do_in_the_store_stands_in_the_erp_a_moment_later(company: Company) -> None:
    runs = company.hub("run", "list", "shop", "--json").count('"pull"')
    id, email = company.person("Astrid")
    took = {"made": company.until(lambda: email in company.contacts(), what="a new customer")}
    assert "Astrid Lindqvist" in company.names()

    changed = {"id": id, "lastName": "Lindqvist-Berg", "phoneNumber": "+4930901820"}
    company.store.admin(
        "mutation($i:UpdateCustomerInput!){updateCustomer(input:$i){...on Customer{id}}}", i=changed
    )
    took["changed"] = company.until(
        lambda: "Astrid Lindqvist-Berg" in company.names() and "+4930901820" in company.contacts(),
        what="a changed name and telephone",
    )

    place = {"fullName": "A L", "streetLine1": "Skeppsbron 1", "city": "Uppsala", "countryCode": "FR"}
    company.store.admin(
        "mutation($id:ID!,$i:CreateAddressInput!){createCustomerAddress(customerId:$id,input:$i){id}}",
        id=id, i={**place, "defaultBillingAddress": True},
    )  # fmt: skip
    took["address"] = company.until(
        lambda: "Uppsala" in company.cities(), what="an address, which moves no stamp in the store"
    )
    print({what: f"{seconds:.2f} s" for what, seconds in took.items()})
    assert company.hub("run", "list", "shop", "--json").count('"pull"') == runs
    company.hub("rebuild", "--check")


def test_an_order_placed_is_in_the_hub_without_a_pull(company: Company) -> None:
    email = f"{secrets.token_hex(6)}@example.org"
    order = company.counter.order(email)

    def there() -> bool:
        return f",{order}," in company.hub("export", "orders", "--format", "csv")

    print(f"an order: {company.until(there, what='the order'):.2f} s")
    told = company.hub("inbox", "list", "shop", "--json")
    assert '"dead"' not in told


def _beside(file: str, name: str) -> ModuleType:
    """A file of the store's own tests as a module, the same one that they use."""
    if name not in sys.modules:
        path = ROOT / "connectors" / "vendure" / file
        spec = importlib.util.spec_from_file_location(name, path)
        assert spec is not None and spec.loader is not None
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    return sys.modules[name]


@contextmanager
def _up(home: Path, log: Path, *, env: dict[str, str], company: Company) -> Iterator[str]:
    """`hub up`; its address."""
    command = [sys.executable, "-P", "-m", "hub", "--home", str(home), "up"]
    with log.open("wb") as out:
        process = subprocess.Popen(command, env=env, stdout=out, stderr=out)
    try:
        company.until(lambda: "is up at " in company.log(), what="hub up")
        time.sleep(3.0)  # its workers
        yield company.log().partition("is up at ")[2].split()[0]
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(30)


@contextmanager
def _forwarded(hooks: Any, address: str) -> Iterator[None]:
    """What the store sends to these tests goes on to the hub, byte for byte."""
    over, done = threading.Event(), len(hooks.taken)

    def forward() -> None:
        at = done
        while not over.wait(0.005):
            for headers, body in hooks.taken[at:]:
                at += 1
                request = urllib.request.Request(address, body, headers)
                with urllib.request.urlopen(request, timeout=30) as answer:
                    assert answer.status == 200

    thread = threading.Thread(target=forward, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
