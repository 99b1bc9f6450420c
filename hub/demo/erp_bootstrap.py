"""Runs inside the ERP's own environment: makes an empty ERP database with the wanted modules, countries and an API key.

`python erp_bootstrap.py CONFIG WANTED`; WANTED: JSON file {"database", "modules": […], "countries": [[code, name], …]}.
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
from pathlib import Path
from typing import Any

ADMIN = "admin"


def main(config_file: str, wanted_file: str) -> None:
    from trytond import config

    config.update_etc(config_file)
    wanted = json.loads(Path(wanted_file).read_text(encoding="utf-8"))
    database: str = wanted["database"]
    (Path(config.get("database", "path")) / f"{database}.sqlite").touch()
    _trust_module_data()
    _install(database, wanted["modules"])
    _fill(database, wanted["countries"])


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


if __name__ == "__main__":
    main(*sys.argv[1:3])
