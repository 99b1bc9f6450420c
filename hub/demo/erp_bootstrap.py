"""Runs inside the ERP's own environment: makes an ERP database with the wanted modules, countries, an API key, and a
company that can sell: accounts, taxes, open books, payment term, and products for what is none (shipping, discount).

`python erp_bootstrap.py CONFIG WANTED`; WANTED: JSON file {"database", "modules": […], "countries": [[code, name], …],
"currencies": {code: rate}, "tax_rates": [text, …], "years": [number, …]}.
Written for a throw-away database: the modules' own data is not validated record by record, which halves the build.
"""
# mypy: disable-error-code="import-not-found, import-untyped, no-untyped-call, untyped-decorator"

from __future__ import annotations

import json
import os
import secrets
import sys
import tempfile
from argparse import Namespace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

ADMIN = "admin"
COMPANY = "Crane & Co"
SERVICES = {"SHIPPING": "Shipping", "DISCOUNT": "Discount", "REFUND": "Refund"}
PLACEHOLDER = ("UNKNOWN", "Article the ERP does not know")


def main(config_file: str, wanted_file: str) -> None:
    from trytond import config

    config.update_etc(config_file)
    wanted = json.loads(Path(wanted_file).read_text(encoding="utf-8"))
    database: str = wanted["database"]
    (Path(config.get("database", "path")) / f"{database}.sqlite").touch()
    _trust_module_data()
    _install(database, wanted["modules"])
    _fill(database, wanted["countries"])
    _open_company(config_file, wanted)


def _trust_module_data() -> None:
    from trytond.model.modelstorage import ModelStorage

    def unchecked(cls: Any, *args: Any, **kwargs: Any) -> None:
        return None

    ModelStorage._validate = classmethod(unchecked)


def _install(database: str, modules: list[str]) -> None:
    """What the ERP's own admin command does for `--update`, in this process."""
    from trytond.admin import run
    from trytond.pool import Pool

    with tempfile.NamedTemporaryFile("w", suffix=".txt") as password:
        # Nobody logs in by password: the only way in is the API key.
        password.write(secrets.token_urlsafe(24))
        password.flush()
        os.environ["TRYTONPASSFILE"] = password.name
        Pool.start()
        run(
            Namespace(
                database_names=[database],
                update=["ir", "res", *modules],
                activatedeps=True,
                update_modules_list=False,
                indexes=None,
                languages=[],
                login=ADMIN,
                administrator=True,
                active=True,
                email="",
                password=False,
                reset_password=False,
                hostname=None,
                test_email=None,
                export_translations=False,
                validate=None,
                validate_percentage=100,
            )
        )


def _fill(database: str, countries: list[tuple[str, str]]) -> None:
    from trytond.pool import Pool
    from trytond.transaction import Transaction

    with Transaction().start(database, 0) as transaction:
        pool = Pool(database)
        (user,) = pool.get("res.user").search([("login", "=", ADMIN)])
        pool.get("res.user.application").create(
            [{"user": user.id, "application": "rest", "state": "validated"}]
        )
        if countries:
            pool.get("country.country").create([{"code": code, "name": name} for code, name in countries])
        transaction.commit()


def _open_company(config_file: str, wanted: dict[str, Any]) -> None:
    """As an administrator sets a company up, by the ERP's own forms and wizards (proteus drives them)."""
    from proteus import Model
    from proteus import config as client
    from trytond.modules.account.tests.tools import create_chart, get_accounts
    from trytond.modules.company.tests.tools import create_company, get_company

    setup = client.set_trytond(wanted["database"], user=ADMIN, config_file=config_file)
    _currencies(wanted["currencies"])
    own = next(iter(wanted["currencies"]))
    (currency,) = Model.get("currency.currency").find([("code", "=", own)])
    (party,) = _saved("party.party", {"name": COMPANY})
    create_company(party=party, currency=currency)
    company = get_company()
    User, Company = Model.get("res.user"), Model.get("company.company")
    (admin,) = User.find([("login", "=", ADMIN)])
    admin.companies.append(Company(company.id))
    admin.company = Company(company.id)
    admin.save()
    setup._context = User.get_preferences(True, {})
    create_chart(company)
    accounts = get_accounts(company)
    _books(company, wanted["years"])
    _taxes(accounts["tax"], wanted["tax_rates"])
    _saved("account.invoice.payment_term", {"name": "Paid in the store"}, lines=[{"type": "remainder"}])
    _products(accounts)


def _saved(model: str, *rows: dict[str, Any], lines: list[dict[str, Any]] | None = None) -> list[Any]:
    from proteus import Model

    made = []
    for row in rows:
        record = Model.get(model)(**row)
        for line in lines or ():
            record.lines.new(**line)
        record.save()
        made.append(record)
    return made


def _currencies(rates: dict[str, str]) -> None:
    from proteus import Model

    digits = {"JPY": 0}
    for code, rate in rates.items():
        (record,) = _saved(
            "currency.currency",
            {
                "name": code,
                "symbol": code,
                "code": code,
                "digits": digits.get(code, 2),
                "rounding": Decimal(1).scaleb(-digits.get(code, 2)),
            },
        )
        Model.get("currency.currency.rate")(date=date(2000, 1, 1), rate=Decimal(rate), currency=record).save()


def _books(company: Any, years: list[int]) -> None:
    from trytond.modules.account.tests.tools import create_fiscalyear
    from trytond.modules.account_invoice.tests.tools import set_fiscalyear_invoice_sequences

    for year in years:
        opened = create_fiscalyear(company, (date(year, 1, 1), date(year, 12, 31)))
        opened.name, opened.start_date, opened.end_date = str(year), date(year, 1, 1), date(year, 12, 31)
        set_fiscalyear_invoice_sequences(opened).click("create_period")


def _taxes(account: Any, rates: list[str]) -> None:
    """Rounded by line, as stores do it: the totals then agree to the cent."""
    from proteus import Model

    for rate in rates:
        name = f"VAT {Decimal(rate) * 100:.0f} %"
        accounts = {"invoice_account": account, "credit_note_account": account}
        row = {"name": name, "description": name, "type": "percentage", "rate": Decimal(rate), **accounts}
        _saved("account.tax", row)
    configuration = Model.get("account.configuration")(1)
    configuration.tax_rounding = "line"
    configuration.save()


def _products(accounts: dict[str, Any]) -> None:
    from proteus import Model

    (category,) = _saved(
        "product.category",
        {
            "name": "Goods",
            "accounting": True,
            "account_expense": accounts["expense"],
            "account_revenue": accounts["revenue"],
        },
    )
    (unit,) = Model.get("product.uom").find([("symbol", "=", "u")])
    kinds = {
        **{code: (name, "service") for code, name in SERVICES.items()},
        PLACEHOLDER[0]: (PLACEHOLDER[1], "goods"),
    }
    for code, (name, kind) in kinds.items():
        template = Model.get("product.template")(name=name, default_uom=unit, type=kind, salable=True)
        template.list_price = Decimal(0)
        template.account_category = category
        template.products[0].suffix_code = code
        template.save()


if __name__ == "__main__":
    main(*sys.argv[1:3])
