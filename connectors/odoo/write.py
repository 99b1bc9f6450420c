"""From a payload, in the words of a raw partner, to what Odoo's `write` and `load` take."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from connectors.odoo.lookups import Lookups
from connectors.odoo.partner import ADDRESSES, CHILD_PLAIN, PLAIN, SIMPLE, STREET, first_mail, link
from connectors.odoo.rpc import Row
from hub.sdk import RecordRejected

PLACES = ("state", "state_code", "country")
_ONES = frozenset(ADDRESSES)
_LANGUAGE_TITLE = frozenset({"lang", "title", "kind", "tags", "company_name"})
Values = dict[str, Any]


class Shape:
    """What can be written here: the fields this Odoo has, and the connection's further ones."""

    def __init__(self, fields: Mapping[str, Mapping[str, Any]], extra: Mapping[str, str]) -> None:
        self.fields = fields
        self.extra = extra


def flat(payload: Mapping[str, Any], *, under: str = "") -> dict[str, Any]:
    """Nested tables as dotted names."""
    result: dict[str, Any] = {}
    for name, value in payload.items():
        if isinstance(value, Mapping):
            result |= flat(value, under=f"{under}{name}.")
        else:
            result[under + name] = value
    return result


def values(
    payload: Mapping[str, Any],
    row: Row | None,
    children: Sequence[Row],
    *,
    lookups: Lookups,
    shape: Shape,
) -> Values:
    """What to create (`row` None) or write; address children as commands under `child_ids`.

    Raises RecordRejected for what Odoo has no place or no word for.
    """
    given = flat(payload)
    _refuse_rest(given, shape)
    result = _simple(given, row, lookups=lookups, shape=shape)
    result |= places({n: v for n, v in given.items() if n in PLACES}, row or {}, lookups)
    for name, kind in shape.extra.items():
        if name in given:
            result[name] = encode(given[name], kind, name)
    commands = [
        command
        for slot, type in ADDRESSES.items()
        for command in _child(given, slot, [one for one in children if one["type"] == type], lookups)
    ]
    if commands:
        result["child_ids"] = commands
    return result


def text(value: Any, name: str) -> str | bool:
    """Text for a field of theirs; `false` for a blank, as Odoo spells it."""
    if value is None or value == "" or value is False:
        return False
    if not isinstance(value, str):
        raise RecordRejected(f"{name} takes text, not {value!r}")
    if "\0" in value:
        raise RecordRejected(f"{name} holds a NUL character, which Odoo cannot store")
    return value


def encode(value: Any, kind: str, name: str) -> Any:
    """A further field's value in Odoo's own form."""
    if kind == "boolean":
        return value is True or str(value).lower() in {"true", "1", "yes"}
    if value is None or value == "":
        return False
    try:
        if kind == "integer":
            return int(str(value))
        if kind in {"float", "monetary"}:
            return float(str(value))
    except ValueError:
        raise RecordRejected(f"{name} takes a number, not {value!r}") from None
    if kind not in SIMPLE:
        raise RecordRejected(f"{name} cannot be written: it is a {kind}")
    if kind == "datetime":
        return str(value).replace("T", " ").removesuffix("Z").removesuffix("+00:00")[:19]
    return text(value, name)


def _refuse_rest(given: Mapping[str, Any], shape: Shape) -> None:
    known = {*PLAIN, *STREET, *PLACES, *_LANGUAGE_TITLE, *shape.extra}
    known |= {f"{slot}.{name}" for slot in ADDRESSES for name in (*CHILD_PLAIN, *PLACES)}
    for name in given:
        if name not in known:
            raise RecordRejected(
                f"{name} of a partner cannot be written", fix="take its line out of the map's push"
            )


def _simple(given: Mapping[str, Any], row: Row | None, *, lookups: Lookups, shape: Shape) -> Values:
    result: Values = {}
    for name in (*PLAIN, *STREET, "company_name"):
        if name not in given:
            continue
        value = text(given[name], name)
        if name not in shape.fields:
            if value:
                lookups.lacks(name)
            continue
        result[name] = value
    if "email" in result and row is not None:
        more = first_mail(row.get("email"))[1]
        result["email"] = f"{result['email']}, {more}" if more and result["email"] else result["email"]
    if row is not None and link(row.get("commercial_partner_id")) not in (None, row["id"]):
        # Odoo would take the company's number away from all its persons.
        for name in ("vat", "company_registry"):
            if result.pop(name, None):
                raise RecordRejected(
                    f"{name} belongs to the company of this person", fix="write it to the company"
                )
    if "kind" in given:
        result["is_company"] = given["kind"] == "organisation"
    result |= _worded(given, lookups, shape)
    if "tags" in given:
        result["category_id"] = [[6, 0, lookups.tag_ids([str(one) for one in given["tags"] or ()])]]
    return result


def _worded(given: Mapping[str, Any], lookups: Lookups, shape: Shape) -> Values:
    """Language and title, which Odoo has its own lists of."""
    result: Values = {}
    if "lang" in given:
        code = lookups.language(given["lang"]) if given["lang"] else False
        result |= {} if code is None else {"lang": code}
    if "title" in given and "title" in shape.fields:
        found = lookups.title(str(given["title"])) if given["title"] else False
        result |= {} if found is None else {"title": found}
    elif given.get("title"):
        lookups.lacks("title")
    return result


def places(asked: Mapping[str, Any], row: Mapping[str, Any], lookups: Lookups) -> Values:
    """Country and state, which Odoo holds as references; a state of another country cannot stay."""
    result: Values = {}
    before = link(row.get("country_id"))
    country = before
    if "country" in asked:
        country = lookups.country(asked["country"]) if asked["country"] else None
        result["country_id"] = country or False
        standing = lookups.state(link(row.get("state_id")))
        if standing and standing.country != country:
            result["state_id"] = False
    if asked.keys() & {"state", "state_code"}:
        found = lookups.region(country, asked.get("state_code"), asked.get("state"))
        blank = not (asked.get("state_code") or asked.get("state"))
        if found or blank:
            result["state_id"] = found or False
    return result


def _child(given: Mapping[str, Any], slot: str, mine: Sequence[Row], lookups: Lookups) -> list[list[Any]]:
    """The command that brings the first active address of this type to what is asked."""
    asked = {name.removeprefix(f"{slot}."): v for name, v in given.items() if name.startswith(f"{slot}.")}
    if not asked:
        return []
    main = next((one for one in mine if one.get("active")), None)
    written: Values = {name: text(asked[name], f"{slot}.{name}") for name in CHILD_PLAIN if name in asked}
    written |= places({n: v for n, v in asked.items() if n in PLACES}, main or {}, lookups)
    if main is None:
        filled = {name: value for name, value in written.items() if value}
        return [[0, 0, {"type": ADDRESSES[slot], **filled}]] if filled else []
    after = {**main, **written}
    if not any(after.get(name) for name in (*CHILD_PLAIN, "state_id", "country_id")):
        return [[1, main["id"], {"active": False}]]
    return [[1, main["id"], written]]
