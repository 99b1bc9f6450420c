"""States and provinces: the store keeps codes of its own (`CA`, `CN2`), people and other systems know names.

The store's own table says which is which, country by country; it is asked once per job, and only if needed.
"""

from __future__ import annotations

import html
from collections.abc import Mapping
from typing import Any

from connectors.woocommerce.rest import Rest
from hub.sdk import HubError, RetryLater, segment


class Regions:
    """The tables of one store. Without a table (or the right to see it) a state is what it says."""

    def __init__(self, rest: Rest) -> None:
        self._rest = rest
        self._tables: dict[str, Mapping[str, str]] = {}

    def name(self, country: Any, state: Any) -> str:
        """The name of a state; "" if there is none. Raises RetryLater."""
        code = str(state or "")
        return self._table(str(country or "")).get(code, code) if code and country else code

    def code(self, country: Any, name: str) -> str:
        """The store's code for a state by its name (either of two, "Beijing / 北京") or code. Raises RetryLater."""
        wanted = name.strip().casefold()
        if not wanted or not country:
            return name
        table = self._table(str(country))
        for code, said in table.items():
            if wanted in {
                code.casefold(),
                said.casefold(),
                *(one.strip().casefold() for one in said.split("/")),
            }:
                return code
        return name

    def _table(self, country: str) -> Mapping[str, str]:
        key = country.upper()
        if key not in self._tables:
            self._tables[key] = self._ask(key)
        return self._tables[key]

    def _ask(self, country: str) -> Mapping[str, str]:
        if not (country.isascii() and country.isalpha() and len(country) == 2):
            return {}
        try:
            found = self._rest.read(f"data/countries/{segment(country.lower())}", {"_fields": "code,states"})
        except RetryLater:
            raise
        except HubError:
            return {}
        states = found.get("states") if isinstance(found, dict) else None
        return {
            str(one["code"]): html.unescape(str(one["name"]))
            for one in (states if isinstance(states, list) else ())
            if isinstance(one, dict) and one.get("code") and one.get("name")
        }
