"""Runs inside the shop's own environment: serves on loopback until its standard input closes.

`python shop_serve.py PORT`, with a pipe as standard input, so that it never outlives who started it. Prices are net of
a tax of 19 %, 7 % for books, and parcels cost money: what a shop sets up in its own code, and Oscar leaves out.
"""
# mypy: ignore-errors

from __future__ import annotations

import os
import sys
import threading
from decimal import Decimal

import django


def main(port: str) -> None:
    threading.Thread(target=_follow_parent, daemon=True).start()
    django.setup()
    _taxes()
    _parcels()
    import waitress
    from django.core.wsgi import get_wsgi_application

    waitress.serve(get_wsgi_application(), host="127.0.0.1", port=int(port), threads=4, connection_limit=1000)


def _taxes() -> None:
    from oscar.apps.partner import strategy

    class Taxed(
        strategy.UseFirstStockRecord, strategy.StockRequired, strategy.FixedRateTax, strategy.Structured
    ):
        exponent = Decimal("0.01")

        def get_rate(self, product, stockrecord):
            return Decimal("0.07") if product.upc.startswith("BOOK") else Decimal("0.19")

    def choose(self, request=None, user=None, **kwargs):
        return Taxed(request)

    strategy.Selector.strategy = choose


def _parcels() -> None:
    from oscar.apps.shipping import methods, repository

    parcel = methods.FixedPrice(charge_excl_tax=Decimal("4.90"), charge_incl_tax=Decimal("5.83"))
    repository.Repository.methods = (methods.Free(), parcel)


def _follow_parent() -> None:
    while os.read(0, 1024):
        pass
    # At once and whole: open requests of a vanished parent have nobody to answer.
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1])
