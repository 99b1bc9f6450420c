"""Whether a connection works, step by step: for `check`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from connectors.zoho.api import Api
from connectors.zoho.fields import Fields
from hub.sdk import ConnectionBroken, Finding, HubError, NeedsReauth

_FIX = "is dc the account's data centre, and is Zoho reachable from here?"

Step = tuple[str, Callable[[], str]]


def findings(steps: Sequence[Step]) -> Iterator[Finding]:
    """Ends after the first step that fails."""
    for name, step in steps:
        try:
            detail = step()
        except HubError as error:
            cause = f" ({error.cause})" if error.cause else ""
            yield Finding(name, False, error.message + cause, error.fix or _FIX)
            return
        yield Finding(name, True, detail)


def modules(api: Api, wanted: Sequence[str]) -> str:
    """Which modules the account has. Raises what the call raises, ConnectionBroken where one is missing."""
    rows = api.read("/settings/modules", {}, key="modules").rows
    there = {str(row.get("api_name")) for row in rows if row.get("api_supported") is not False}
    missing = [one for one in wanted if one not in there]
    if missing:
        raise ConnectionBroken(
            f"the account has no {', '.join(missing)}",
            fix="switch the module on in Zoho CRM (Setup, Modules), or take it out of the setting modules",
        )
    return f"{len(there)} modules, {', '.join(wanted)} among them"


def sample(api: Api, module: str) -> str:
    rows = api.read(f"/{module}", {"fields": "id,Modified_Time", "per_page": "1"}).rows
    return f"{module}: there are records" if rows else f"{module}: no record yet"


def optional(api: Api, module: str) -> str:
    """As `sample`; that it cannot be read is told, and is no failure."""
    try:
        return sample(api, module)
    except NeedsReauth as error:
        return (
            f"{module} cannot be read ({error.cause or error.message}): leave its table out of the connection"
        )
    except ConnectionBroken as error:
        return f"the account has no {module} ({error.cause or error.message})"


def marker(fields: Fields, wanted: Sequence[str], field: str | None) -> str:
    if not field:
        return (
            "no marker_field is set: a create whose answer is lost is looked for by its content. "
            "A text field of its own in each module, named here, makes that certain"
        )
    missing = [module for module in wanted if field not in fields.of(module)]
    if missing:
        return f"{field} is not in {', '.join(missing)}: creates there are looked for by their content"
    return f"{field} is in {', '.join(wanted)}"
