"""Changes of customers: what is written of the customer itself and of its two default addresses, and in which order.

An address is written by its own mutation, so a change may take several calls: the customer first, whose e-mail may be
taken; a clean refusal then. An address refused after something has landed leaves the change in doubt.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from connectors.vendure import customer
from connectors.vendure.customer import ADDRESS, DEFAULTS, PLAIN
from connectors.vendure.graphql import Api, Row, items
from hub.sdk import Change, HubError, OutcomeUnknown, Receipt, RecordRejected
from hub.sdk.writing import push_each

_REQUIRED = ("first_name", "last_name", "email")

_CREATE_ADDRESS = """mutation($customer:ID!,$input:CreateAddressInput!){
 createCustomerAddress(customerId:$customer,input:$input){id}}"""
_UPDATE_ADDRESS = "mutation($input:UpdateAddressInput!){updateCustomerAddress(input:$input){id}}"


class AddressStep(NamedTuple):
    """One mutation of an address. `id` None: a new one."""

    id: str | None
    input: dict[str, Any]


class CustomerWriter:
    """Writes a batch of changes. `extra`: names of the custom fields that may be written."""

    def __init__(self, api: Api, *, extra: Sequence[str]) -> None:
        self._api = api
        self._extra = tuple(extra)
        self._fields = customer.fields(extra)
        self._rows: dict[str, Row] = {}

    def push(self, changes: Sequence[Change]) -> list[Receipt]:
        self._read([one.external_id for one in changes if one.external_id])
        return push_each(changes, self._write)

    def _write(self, change: Change) -> Receipt:
        given = flat(change.payload)
        plain, addresses = self._plain(given), _addresses(given)
        if change.external_id is None:
            return self._create(change, plain, addresses)
        row = self._rows.get(change.external_id)
        if row is None:
            return Receipt(
                change.key, "refused", change.external_id, cause=f"customer {change.external_id} is not there"
            )
        return self._update(change, row, plain, addresses)

    def _update(
        self, change: Change, row: Row, plain: dict[str, Any], addresses: Mapping[str, Row]
    ) -> Receipt:
        id = str(row["id"])
        steps = list(address_steps(row, addresses))
        after: Row | None = row
        if plain:
            after = self._mutate("updateCustomer", "UpdateCustomerInput", {"id": id, **plain})
        return self._finish(change, id, after, steps, begun=bool(plain))

    def _create(self, change: Change, plain: dict[str, Any], addresses: Mapping[str, Row]) -> Receipt:
        lacking = [name for name in _REQUIRED if not plain.get(PLAIN[name])]
        if lacking:
            raise RecordRejected(
                f"a customer there needs {', '.join(lacking)}", fix="complete it, or do not create it there"
            )
        steps = list(address_steps({"addresses": []}, addresses))
        made = self._mutate("createCustomer", "CreateCustomerInput", plain)
        return self._finish(change, str(made.get("id")), made, steps, begun=True)

    def _finish(
        self, change: Change, id: str, after: Row | None, steps: Sequence[AddressStep], *, begun: bool
    ) -> Receipt:
        """Write the addresses, and say what became of it all. `begun`: something of this change has landed already."""
        for step in steps:
            try:
                self._write_address(id, step)
            except HubError as error:
                if not begun or isinstance(error, OutcomeUnknown):
                    raise
                # Neither done nor undone: only `unknown` keeps the hub from taking the part that landed for an edit.
                said = f"customer {id} was written, but not all of its addresses"
                raise OutcomeUnknown(said, cause=str(error)) from None
            begun = True
        if steps:
            after = self._again(id)
        return Receipt(change.key, "done", id, self._record(after))

    def _mutate(self, name: str, input_type: str, input: Mapping[str, Any]) -> Row:
        mutation = (
            f"mutation($input:{input_type}!){{{name}(input:$input)"
            f"{{__typename ...on ErrorResult{{errorCode message}} ...on Customer{{{self._fields}}}}}}}"
        )
        return self._api.write(name, mutation, input=dict(input))

    def _write_address(self, customer_id: str, step: AddressStep) -> None:
        if step.id is None:
            self._api.write("createCustomerAddress", _CREATE_ADDRESS, customer=customer_id, input=step.input)
        else:
            self._api.write("updateCustomerAddress", _UPDATE_ADDRESS, input={"id": step.id, **step.input})

    def _plain(self, given: dict[str, Any]) -> dict[str, Any]:
        """What of `given` the customer itself takes, under their names. Raises RecordRejected for a name unknown."""
        plain: dict[str, Any] = {}
        custom: dict[str, Any] = {}
        for name, value in given.items():
            head, _, rest = name.partition(".")
            if name in PLAIN:
                plain[PLAIN[name]] = text(value, name)
            elif head == "custom" and rest in self._extra:
                custom[rest] = value
            elif not (head in DEFAULTS and rest in ADDRESS):
                raise RecordRejected(
                    f"{name} of a customer cannot be written", fix="take its line out of the map's push"
                )
        if "emailAddress" in plain and not plain["emailAddress"]:
            raise RecordRejected("a customer there cannot be without e-mail")
        return {**plain, **({"customFields": custom} if custom else {})}

    def _read(self, ids: Sequence[str]) -> None:
        if ids:
            rows = read(self._api, {"filter": {"id": {"in": list(ids)}}, "take": len(ids)}, self._fields)
            self._rows = {str(row["id"]): row for row in rows}

    def _again(self, id: str) -> Row | None:
        """The customer after its addresses were written; None if it cannot be read now."""
        try:
            rows = read(self._api, {"filter": {"id": {"eq": id}}, "take": 1}, self._fields)
        except HubError:
            return None
        return rows[0] if rows else None

    def _record(self, row: Row | None) -> Any:
        try:
            return customer.record(row, extra=self._extra) if row else None
        except RecordRejected:
            return None


def read(api: Api, options: Mapping[str, Any], fields: str) -> list[Row]:
    """The customers of these list options."""
    query = f"query($options:CustomerListOptions){{customers(options:$options){{items{{{fields}}}}}}}"
    return items(api.read(query, options=dict(options)), "customers")[0]


def address_steps(row: Row, given: Mapping[str, Row]) -> Iterator[AddressStep]:
    """How to bring the default addresses of `row` to what is given: kind → our names, only those that change.

    An address that is both defaults is parted when they become different. One that becomes blank is no default any
    more, and stays in the customer's list. Raises RecordRejected for a new address without a country.
    """
    now = {kind: customer.default(row, kind) for kind in DEFAULTS}
    after = {kind: {**_shown(now[kind]), **given.get(kind, {})} for kind in DEFAULTS}
    wanted = [kind for kind in DEFAULTS if after[kind] != _shown(now[kind])]
    joint = now["billing"] is not None and now["billing"] is now["shipping"]
    if joint and after["billing"] == after["shipping"]:
        wanted = wanted[:1]
        heirs = set(wanted)
    else:
        heirs = {_heir(after, wanted)} if joint else set(DEFAULTS)
    fresh: dict[str, Row] = {}
    for kind in wanted:
        standing = now[kind]
        if standing and not any(after[kind].values()):
            flags = DEFAULTS if joint and after["billing"] == after["shipping"] else (kind,)
            yield AddressStep(str(standing["id"]), {DEFAULTS[one]: False for one in flags})
        elif standing and kind in heirs:
            yield AddressStep(str(standing["id"]), _changed(after[kind], _shown(standing)))
        else:
            yield from _new(row, kind, after[kind], fresh)
    yield from _made(fresh)


def _heir(after: Mapping[str, Row], wanted: Sequence[str]) -> str:
    """Which default keeps the record that was both: the one that does not change, else shipping."""
    if len(wanted) == 1:
        return "shipping" if wanted[0] == "billing" else "billing"
    return "shipping" if any(after["shipping"].values()) else "billing"


def _new(row: Row, kind: str, wanted: Row, fresh: dict[str, Row]) -> Iterator[AddressStep]:
    """Another address becomes this default: one of the list that is the same, or a new one (gathered in `fresh`)."""
    same = next((one for one in customer.by_age(row) if _shown(one) == wanted), None)
    if same:
        yield AddressStep(str(same["id"]), {DEFAULTS[kind]: True})
        return
    if not wanted["country"]:
        raise RecordRejected(
            f"a new {kind} address there needs a country", fix="complete it, or set the connection's country"
        )
    fresh[kind] = wanted


def _made(fresh: Mapping[str, Row]) -> Iterator[AddressStep]:
    """The new records; two that are alike become one that is both defaults."""
    done: list[Row] = []
    for wanted in fresh.values():
        if wanted in done:
            continue
        done.append(wanted)
        flags = {DEFAULTS[kind]: True for kind, other in fresh.items() if other == wanted}
        yield AddressStep(None, {**{ADDRESS[name]: value for name, value in wanted.items()}, **flags})


def _shown(row: Row | None) -> Row:
    """An address by our names without its id, every blank as an empty text."""
    if row is None:
        return dict.fromkeys(ADDRESS, "")
    shown = customer.address(row)
    return {name: shown[name] or "" for name in ADDRESS}


def _changed(after: Row, before: Row) -> dict[str, Any]:
    changed = {ADDRESS[name]: value for name, value in after.items() if value != before[name]}
    if changed.get("countryCode") == "":
        raise RecordRejected("an address there cannot be without a country")
    return changed


def _addresses(given: Mapping[str, Any]) -> dict[str, Row]:
    found: dict[str, Row] = {}
    for name, value in given.items():
        kind, _, rest = name.partition(".")
        if kind in DEFAULTS and rest in ADDRESS:
            found.setdefault(kind, {})[rest] = text(value, name)
    return found


def flat(payload: Mapping[str, Any], *, under: str = "") -> dict[str, Any]:
    """Nested tables as dotted names."""
    result: dict[str, Any] = {}
    for name, value in payload.items():
        if isinstance(value, Mapping):
            result |= flat(value, under=f"{under}{name}.")
        else:
            result[under + name] = value
    return result


def text(value: Any, name: str) -> str:
    """A text their database takes; an empty one for a blank. Raises RecordRejected."""
    if value is None:
        return ""
    if not isinstance(value, str):
        raise RecordRejected(f"{name} takes text, not {value!r}")
    if "\0" in value:
        raise RecordRejected(f"{name} holds a NUL character, which the store's database cannot hold")
    return value
