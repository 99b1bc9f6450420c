"""The settings of a Zoho connection."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from connectors.zoho import party
from connectors.zoho.places import ENVIRONMENTS, PLACES
from connectors.zoho.products import POLICIES
from hub.sdk import ConnectionBroken, Setting

SPEC: Sequence[Setting] = (
    Setting(
        "dc",
        "text",
        f"the data centre the account lives in: {', '.join(PLACES)}",
        default="com",
    ),
    Setting("environment", "text", f"{', '.join(ENVIRONMENTS)}", default="production"),
    Setting("client_id", "text", "of the client made in Zoho's API console", required=True),
    Setting("client_secret", "secret", "of that client", required=True),
    Setting(
        "refresh_token",
        "secret",
        "of a self client; without it, authorise: hub connection authorize NAME",
    ),
    Setting("url", "url", "another host than Zoho's own for the API: a gateway of yours"),
    Setting("accounts_url", "url", "another host than Zoho's own for tokens"),
    Setting(
        "modules",
        "list",
        "where customers are: Accounts, Contacts, Leads, or some of them",
        default=party.MODULES,
    ),
    Setting(
        "new_persons", "text", "the module that new people are made in: Contacts or Leads", default="Contacts"
    ),
    Setting("fields", "list", "API names of further standard fields to read; custom ones are read anyway"),
    Setting(
        "marker_field",
        "text",
        "API name of a text field without duplicates, in each module, that keeps the hub's id of what it created",
    ),
    Setting(
        "triggers", "list", "Zoho automations that a write of the hub fires: workflow, approval, blueprint"
    ),
    Setting(
        "notify_url",
        "url",
        "the hub's address as Zoho reaches it, such as https://hub.example.org/hooks/NAME; pulls keep a channel for it",
    ),
    Setting("webhook_secret", "secret", "a token of your own, at most 50 characters, that Zoho sends back"),
    Setting("webhook_secret_old", "secret", "the one before, during a rotation"),
    Setting("home_currency", "text", "ISO code of amounts in records without a Currency, such as EUR"),
    Setting(
        "unknown_product",
        "text",
        "an order's line whose SKU is no Product_Code there: hold, create or placeholder",
        default="hold",
    ),
    Setting(
        "placeholder_product", "text", "Product_Code of the product that unknown_product = placeholder takes"
    ),
    Setting(
        "orders_account",
        "text",
        "id of the account that orders of people without one are for, if your layout wants an account",
    ),
    Setting(
        "bulk_from",
        "int",
        "modules with so many records are read by Zoho's bulk read in a first or full pull; 0: never",
        default=0,
    ),
    Setting(
        "credits_kept",
        "int",
        "pulls stop when the API credits of 24 hours fall to this many, so that writes still go",
        default=200,
    ),
)


class Choices(NamedTuple):
    """The settings that are not about access, checked."""

    modules: tuple[str, ...]
    persons: str
    fields: tuple[str, ...]
    marker_field: str | None
    triggers: tuple[str, ...]
    home_currency: str | None
    credits_kept: int
    bulk_from: int
    unknown_product: str
    placeholder_product: str | None
    orders_account: str | None


def choices(settings: Mapping[str, Any]) -> Choices:
    """Raises ConnectionBroken for a module that holds no customers."""
    modules = tuple(str(one) for one in settings.get("modules") or party.MODULES)
    persons = str(settings.get("new_persons") or party.CONTACTS)
    for one in (*modules, persons):
        if one not in party.KINDS:
            raise ConnectionBroken(
                f"{one} is no module with customers", fix=f"modules are some of {', '.join(party.MODULES)}"
            )
    policy = str(settings.get("unknown_product") or "hold")
    if policy not in POLICIES:
        raise ConnectionBroken(
            f"unknown_product cannot be {policy}", fix=f"it is one of {', '.join(POLICIES)}"
        )
    return Choices(
        tuple(one for one in party.MODULES if one in modules),
        persons,
        tuple(str(one) for one in settings.get("fields") or ()),
        str(settings["marker_field"]) if settings.get("marker_field") else None,
        tuple(str(one) for one in settings.get("triggers") or ()),
        str(settings["home_currency"]).upper() if settings.get("home_currency") else None,
        int(settings.get("credits_kept") or 0),
        int(settings.get("bulk_from") or 0),
        policy,
        str(settings["placeholder_product"]) if settings.get("placeholder_product") else None,
        str(settings["orders_account"]) if settings.get("orders_account") else None,
    )
