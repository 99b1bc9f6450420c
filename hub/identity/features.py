"""What matching reads of a record: a small tuple of folded values, made once when the record comes and stored
beside it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from hub.canonical.names import legal_form, split
from hub.canonical.paths import group
from hub.identity.contacts import birth_text, dashed, own_domain
from hub.identity.fold import fold, words
from hub.identity.han import is_han
from hub.identity.organisations import organisation_words
from hub.identity.places import places

if TYPE_CHECKING:
    from hub.identity.model import MatchModel


class Features(NamedTuple):
    """kind: `person`, `organisation` or "" (nobody said). name: all folded words of a person's name, sorted;
    one word of characters for a Chinese name. given, family: the same apart, where the record has them apart.
    generation: `jr`, `sr`, `ii` … org: words of an organisation's name without its legal form, sorted.
    emails: mailboxes. phones: E.164, or the digits of one that is not valid
    without the zeros before them. tax_ids: `type:value`. refs: `namespace:value`. birth_date:
    `YYYY-MM-DD`, or eight digits that are no date (`contacts.birth_text`).
    blocked: what the record says that counts for nothing, for explaining. aliases: names that
    stood here before an edit, as the words of `name` or `org` joined by spaces. places: addresses as
    `places.places` writes them. company: the words of the organisation a person is at. domains: an organisation's
    own, of its mailboxes (those of a role too) and its website. Values are in sorted order,
    so that two records that say the same have equal features.
    """

    kind: str = ""
    name: tuple[str, ...] = ()
    given: str = ""
    family: str = ""
    generation: str = ""
    org: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
    phones: tuple[str, ...] = ()
    tax_ids: tuple[str, ...] = ()
    refs: tuple[str, ...] = ()
    birth_date: str = ""
    blocked: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    company: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()

    def to_json(self) -> list[Any]:
        """A compact list: fields in order, the empty ones at the end left out."""
        found: list[Any] = [list(part) if part.__class__ is tuple else part for part in self]
        while found and not found[-1]:
            found.pop()
        return found

    @classmethod
    def from_json(cls, found: list[Any]) -> Features:
        """The features `to_json` wrote."""
        return cls._make([*map(_frozen, found), *NOTHING[len(found) :]]) if found else NOTHING


NOTHING = Features()
"""The features of a record that says nothing about who it is."""


def _frozen(part: Any) -> Any:
    return tuple(part) if part.__class__ is list else part


# Fields of a record by what becomes of them.
_EMAIL, _PHONE, _TAX, _REF, _SOCIAL, _NAME, _PLACE, _OTHER = range(8)
_GENERATIONS = {
    **dict.fromkeys(("jr", "junior", "jnr", "jun"), "jr"),
    **dict.fromkeys(("sr", "senior", "snr", "sen"), "sr"),
    **dict.fromkeys(("ii", "2nd"), "ii"),
    **dict.fromkeys(("iii", "3rd"), "iii"),
    **dict.fromkeys(("iv", "4th"), "iv"),
}
# Dropped from names: forms of address and degrees. None of them is anybody's name.
_TITLE_WORDS = "mr mrs ms miss mx dr prof professor herr frau mme mlle dipl ing phd md mba esq"
_TITLES = frozenset(_TITLE_WORDS.split())
_DOTLESS = ("gmail.com", "googlemail.com")


def features(
    values: Mapping[str, Any],
    model: MatchModel,
    *,
    own_ref: str | None = None,
    former: Mapping[str, Sequence[Any]] | None = None,
) -> Features:
    """The features of a record's contributed values (flat path dictionary, canonical values; None counts as
    absent).

    model: gives the blocked values. own_ref: the record's own `connection:external_id`, so that a reference
    to it from another system meets it. former: identifiers by path, and names whole (path → value) under "name",
    that stood in the record before edits; an edit does not make it somebody else's. A birth date there is one that
    cannot be read, and counts where the record has no other.
    """
    blocked: list[str] = []
    pairs = [*values.items(), *_identifiers(former)] if former else values.items()
    found, named, placed = _read(pairs, values, model, blocked=blocked, own_ref=own_ref)
    birth_date = values.get("birth_date") or (_unread(former) if former else "")
    if dashed(birth_date) in model.blocked.birth_dates:
        blocked.append(birth_date)
        birth_date = ""
    kind = values.get("kind") or ""
    names = _names(values, kind, model, blocked) if named else _NAMELESS
    if kind not in ("person", "organisation"):
        kind = _kind(values)
    return Features(
        kind,
        *names,
        *found,
        birth_date,
        tuple(blocked) if blocked else (),
        _aliases(former, kind, model, names) if former else (),
        places(values) if placed else (),
        _company(values, kind),
        _domains(values) if names[4] and kind != "person" else (),
    )


def _unread(former: Mapping[str, Sequence[Any]]) -> str:
    said = former.get("birth_date")
    return birth_text(said[-1]) if said else ""


_Ids = tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...], tuple[str, ...]]


def _read(
    pairs: Iterable[tuple[str, Any]],
    values: Mapping[str, Any],
    model: MatchModel,
    *,
    blocked: list[str],
    own_ref: str | None,
) -> tuple[_Ids, bool, bool]:
    """((e-mails, phones, tax ids, references), whether there is a name, an address); what counts for nothing goes to
    `blocked`."""
    emails: list[str] = []
    phones: list[str] = []
    tax_ids: list[str] = []
    refs: list[str] = [own_ref] if own_ref else []
    named = placed = False
    for path, value in pairs:
        role, label = _role(path)
        if role == _OTHER or not value:
            continue
        if role == _NAME:
            named = True
        elif role == _PLACE:
            placed = True
        elif role == _EMAIL:
            mailbox = _mailbox(value, model)
            _keep(mailbox, emails, blocked, value)
        elif role == _PHONE:
            phone = _phone(value, model)
            _keep(phone, phones, blocked, value)
        elif role == _TAX:
            tax_id = _tax_id(value, model)
            _keep(tax_id and f"{label}:{tax_id}", tax_ids, blocked, value)
        elif role == _SOCIAL:
            refs.append(_handle(path, value, values))
        else:
            refs.append(f"{label}:{value}")
    return (_tidy(emails), _tidy(phones), _tidy(tax_ids), _tidy(refs)), named, placed


def identifies(path: str) -> bool:
    """Whether a value under this path says who somebody is."""
    return _role(path)[0] in (_EMAIL, _PHONE, _TAX, _REF, _SOCIAL)


def _identifiers(former: Mapping[str, Sequence[Any]]) -> list[tuple[str, Any]]:
    return [(path, value) for path, values in former.items() if path != "name" for value in values]


def _aliases(
    former: Mapping[str, Sequence[Any]], kind: str, model: MatchModel, names: _Names
) -> tuple[str, ...]:
    """The former names that differ from the present one, sorted."""
    found = set()
    for values in former.get("name", ()):
        name, _, _, _, org = _names(values, kind, model, [])
        words = name if names[0] or not org else org
        if words and words != (names[0] or names[4]):
            found.add(" ".join(words))
    return tuple(sorted(found))


_ROLES = {"email": _EMAIL, "phone": _PHONE, "tax_id": _TAX, "external_ref": _REF, "social": _SOCIAL}
_Names = tuple[tuple[str, ...], str, str, str, tuple[str, ...]]
_NAMELESS: _Names = ((), "", "", "", ())


@lru_cache(maxsize=4096)
def _role(path: str) -> tuple[int, str]:
    """(what becomes of a path's value, its label)."""
    if "." in path:
        if path.startswith("social[") and path.endswith(".platform_user_id"):
            return _SOCIAL, ""
        return _PLACE if path.startswith("address") else _OTHER, ""
    field, _, label = path.partition("[")
    label = label.removesuffix("]")
    if field == "phone" and label == "fax":
        return _OTHER, ""  # an office shares its fax
    role = _ROLES.get(field)
    if role is not None:
        return role, label
    return (_NAME if group(path) == "name" or field in ("legal_name", "trade_name") else _OTHER), label


def _handle(path: str, value: Any, values: Mapping[str, Any]) -> str:
    """A handle or user id with its network and the account of ours it was seen from: many networks number people anew
    for each."""
    slot = path.partition(".")[0]
    scope = values.get(f"{slot}.account") or ""
    return f"{slot}{scope}:{str(value).lower()}"


def _keep(found: str | None, into: list[str], blocked: list[str], value: Any) -> None:
    if found:
        into.append(found)
    else:
        blocked.append(str(value)[:120])


def _tidy(found: list[str]) -> tuple[str, ...]:
    return tuple(found) if len(found) < 2 else tuple(sorted(set(found)))


def _mailbox(value: str, model: MatchModel) -> str | None:
    """The mailbox an address leads to; None where it is nobody's own."""
    local, at, domain = value.rpartition("@")
    blocked = model.blocked
    if not at or not local or "." not in domain or value in blocked.emails or domain in blocked.domains:
        return None
    plain = local.partition("+")[0]
    if plain in blocked.mailboxes or local in blocked.mailboxes:
        return None
    if any(domain.endswith(f".{end}") for end in _suffixes(domain) if end in blocked.domains):
        return None
    if domain in _DOTLESS:
        plain, domain = plain.replace(".", ""), "gmail.com"
    elif len(plain) == len(local):
        return value
    return f"{plain}@{domain}" if plain else value


@lru_cache(maxsize=4096)
def _suffixes(domain: str) -> tuple[str, ...]:
    parts = domain.split(".")
    return tuple(".".join(parts[start:]) for start in range(1, len(parts)))


@lru_cache(maxsize=32_768)
def _digits(value: str) -> str:
    return "".join(sign for sign in value if sign in "0123456789").lstrip("0")


def _phone(value: str, model: MatchModel) -> str | None:
    """E.164; or, of what is no valid number in its country, the digits from the first that is not 0, if there are eight
    and the country may be among them. None for a placeholder."""
    valid = value[0] == "+" and value[1:].isdigit()
    digits = value[1:] if valid else _digits(value)
    if not (7 if valid else 8) <= len(digits) < 16:
        return None
    if digits.count(digits[-1], len(digits) - 7) > 6 or digits.endswith(model.blocked.phone_endings):
        return None
    return value if valid else digits


def _tax_id(value: str, model: MatchModel) -> str | None:
    plain = "".join(letter for letter in value.upper() if letter.isalnum())
    digits = "".join(letter for letter in plain if letter.isdigit())
    if len(plain) < 5 or len(set(digits)) < 2 or plain in model.blocked.tax_ids:
        return None
    return plain


def _domains(values: Mapping[str, Any]) -> tuple[str, ...]:
    found = {
        own_domain(value)
        for path, value in values.items()
        if value.__class__ is str and path.startswith(("email", "website", "web")) and "." not in path
    }
    return tuple(sorted(found - {""}))


def _company(values: Mapping[str, Any], kind: str) -> tuple[str, ...]:
    company = values.get("company") if kind != "organisation" else None
    return _org_words(company) if company else ()


@lru_cache(maxsize=20_000)
def _org_words(name: str) -> tuple[str, ...]:
    return organisation_words(name)


def _kind(values: Mapping[str, Any]) -> str:
    """The kind of a record that says none: by the names it has; a bare display name tells only by a legal
    form."""
    if values.get("given_name") or values.get("family_name") or values.get("full_name"):
        return "person"
    if values.get("name") or values.get("legal_name") or values.get("trade_name"):
        return "organisation"
    shown = values.get("display_name")
    return "organisation" if shown and legal_form(shown) else ""


def _names(
    values: Mapping[str, Any], kind: str, model: MatchModel, blocked: list[str]
) -> tuple[tuple[str, ...], str, str, str, tuple[str, ...]]:
    """(name, given, family, generation, org)."""
    org: tuple[str, ...] = ()
    shown = (
        values.get("name")
        or values.get("legal_name")
        or values.get("trade_name")
        or values.get("display_name")
    )
    if kind != "person" and shown:
        org = organisation_words(shown)
        if tuple(sorted(words(shown))) in model.blocked.names:
            blocked.append(shown[:120])
            org = ()
        if kind == "organisation":
            return (), "", "", "", org
    if kind != "organisation":
        name, given, family, generation = _person(values)
        if name in model.blocked.names:
            blocked.append(" ".join(name))
            return (), "", "", "", org
        return name, given, family, generation, org
    return (), "", "", "", org


def _person(values: Mapping[str, Any]) -> tuple[tuple[str, ...], str, str, str]:
    """(name, given, family, generation) of a person."""
    given = _words(values.get("given_name") or "")
    family = _words(values.get("family_name") or "")
    generation = _GENERATIONS.get(fold(values.get("suffix") or "").rstrip("."), "")
    if given and family:
        found = [*given, *_words(values.get("middle_name") or ""), *family]
    else:
        whole = values.get("full_name") or values.get("display_name")
        found = list(_words(whole)) if whole else [*given, *_words(values.get("middle_name") or ""), *family]
        if whole and not given and not family:
            parts = dict(split(whole))
            given, family = _words(parts.get("given_name", "")), _words(parts.get("family_name", ""))
            generation = generation or _GENERATIONS.get(fold(parts.get("suffix", "")).rstrip("."), "")
    if is_han("".join(found)) and all(is_han(word) for word in found):
        return (("".join([*family, *given]) if given and family else "".join(found)),), "", "", generation
    if len(found) > 1 and (found[-1] in _GENERATIONS or found[0] in _TITLES or found[-1] in _TITLES):
        found, generation = _without_titles(found, generation)
    return tuple(sorted(found)), " ".join(given), " ".join(family), generation


@lru_cache(maxsize=50_000)
def _words(text: str) -> tuple[str, ...]:
    return tuple(words(text)) if text else ()


def _without_titles(found: list[str], generation: str) -> tuple[list[str], str]:
    while len(found) > 1 and found[0] in _TITLES:
        found = found[1:]
    while len(found) > 1 and (found[-1] in _TITLES or found[-1] in _GENERATIONS):
        generation = _GENERATIONS.get(found[-1], generation)
        found = found[:-1]
    return found, generation
