"""From a change of a customer to a row of Contacts, Accounts or Leads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connectors.zoho import party
from connectors.zoho.api import Row
from connectors.zoho.fields import Field, Fields
from connectors.zoho.push import Wish
from connectors.zoho.users import Users
from hub.sdk import Change, RecordRejected, Unsupported

_CONSENT: Mapping[str, bool | None] = {
    "granted": False,
    "withdrawn": True,
    "denied": True,
    "pending": None,
    "unknown": None,
}
_NUMBERS = frozenset({"integer", "bigint"})
_DECIMALS = frozenset({"double", "currency"})
# Ours to show, nobody's to write; a contact's account is a relation, not a text of the contact.
_SHOWN = frozenset({"module", "ref", "account_ref", "currency", "Account", "Company"})


class PartyWriter:
    """`persons`: the module that new people are made in. `marker_field`: where the mark of a create goes."""

    def __init__(self, fields: Fields, users: Users, *, persons: str, marker_field: str | None) -> None:
        self._fields = fields
        self._users = users
        self._persons = persons
        self._marker = marker_field

    def wish(self, change: Change) -> Wish:
        """The row of a change. Raises RecordRejected, Unsupported."""
        if change.external_id is None:
            module = self.module_for(change.payload)
            row = self.row(module, change.payload)
            unique = self._marker if change.marker and self._marker in self._fields.of(module) else None
            if unique:
                row[unique] = change.marker
            return Wish(change, module, None, row, unique)
        parts = party.parted(change.external_id)
        if parts is None or parts[0] not in party.KINDS:
            raise RecordRejected(f"{change.external_id} is no record of Zoho's")
        return Wish(change, parts[0], parts[1], self.row(parts[0], change.payload))

    def module_for(self, payload: Mapping[str, Any]) -> str:
        """Where a new record goes: by its kind, else by the names it has."""
        kind = payload.get("kind")
        if kind == "organisation" or (
            kind != "person" and payload.get("Account_Name") and not payload.get("Last_Name")
        ):
            return party.ACCOUNTS
        return self._persons

    def row(self, module: str, payload: Mapping[str, Any]) -> Row:
        """Zoho's names and types. A field that only other modules have is left out; one that none has is refused."""
        theirs = {ours: name for name, ours in party.ALIASES[module].items()}
        there = self._fields.of(module)
        row: Row = {}
        for name, value in payload.items():
            if name == "kind":
                self._kind(module, value)
            elif name == "owner":
                row["Owner"] = self._users.owner(value)
            elif name == "tags":
                row["Tag"] = [{"name": str(one)} for one in value or ()]
            elif name == "email_consent":
                row |= _consent(value, there)
            elif name == "Company" and module == party.LEADS:
                row[name] = _typed(there.get(name), value)
            elif name not in _SHOWN:
                own = theirs.get(name, name)
                if own in there:
                    row[own] = _typed(there[own], value)
                elif not self._elsewhere(name):
                    raise Unsupported(
                        f"no module of this account has a field {name}",
                        fix="compare the map's lines with: hub connection discover NAME",
                    )
        return row

    def _kind(self, module: str, value: Any) -> None:
        if value and value != party.KINDS[module]:
            raise Unsupported(f"a record of {module} cannot become one of a {value}")

    def _elsewhere(self, name: str) -> bool:
        """Whether it is a usual field, or one of another module of the account."""
        usual = any(
            name in names or name in party.ALIASES[one].values() for one, names in party.USUAL.items()
        )
        return usual or any(name in self._fields.of(module) for module in party.MODULES)


def _consent(value: Any, there: Mapping[str, Field]) -> Row:
    said = _CONSENT.get(str(value)) if value else None
    return {"Email_Opt_Out": said} if said is not None and "Email_Opt_Out" in there else {}


def _typed(field: Field | None, value: Any) -> Any:
    """In the JSON type that Zoho takes. Raises RecordRejected for a text that is no such value."""
    if value is None or value == "":
        return None
    if isinstance(value, str) and "\0" in value:
        raise RecordRejected("Zoho takes no NUL character", cause=field.name if field else None)
    kind = field.type if field else "text"
    try:
        if kind in _NUMBERS:
            return int(value)
        if kind in _DECIMALS:
            number = float(value)
            return int(number) if number.is_integer() else number
    except (TypeError, ValueError):
        raise RecordRejected(f"{field.name if field else 'a field'} takes a number, not {value!r}") from None
    if kind == "boolean" and not isinstance(value, bool):
        raise RecordRejected(f"{field.name if field else 'a field'} takes true or false, not {value!r}")
    return value
