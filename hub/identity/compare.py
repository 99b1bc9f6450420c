"""The features a pair is compared by. A feature's docstring is what a steward reads beside its points."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from hub.identity.contacts import (
    compare_birth_dates,
    compare_emails,
    compare_phones,
    compare_tax_ids,
    owner,
)
from hub.identity.features import Features
from hub.identity.han import Likeness
from hub.identity.model import MatchModel
from hub.identity.naming import NAMELESS, Names, compare_names, latin_parts
from hub.identity.organisations import compare_organisations, organisation_points
from hub.identity.places import compare_addresses


class Reason(NamedTuple):
    """feature: its name. detail: which values met, or did not. points: what it added; 0 where it only
    forbids."""

    feature: str
    detail: str
    points: int


class Found(NamedTuple):
    """What a feature says of a pair: the level its values agree at (the weight is `<feature>_<level>`), and its
    points."""

    level: str
    points: int


class NameFound(NamedTuple):
    """As Found, for names. likeness: unlike (two persons, or two organisations), doubtful (only a person should call
    them
    one), alike, partial, or none."""

    level: str
    points: int
    likeness: Likeness


def known_as(one: Features) -> list[Features]:
    """The record under its present name and under each former one."""
    former = [tuple(alias.split(" ")) for alias in one.aliases]
    return [
        one,
        *(one._replace(name=words, given="", family="", org=words if one.org else ()) for words in former),
    ]


def as_organisations(a: Features, b: Features) -> bool:
    """Whether the two are to be compared by the names of organisations."""
    return bool(
        a.org and b.org and (a.kind == "organisation" or b.kind == "organisation" or not (a.name and b.name))
    )


def name(a: Features, b: Features, model: MatchModel) -> NameFound | None:
    """Their names: given and family name in either order, with accents, initials, short forms, typing errors and other
    scripts allowed. Rare names say more than common ones. Two given names that are different names keep two people
    apart
    who share a mailbox, a telephone or a home."""
    found = _name(a, b, model)
    if found is None or not (a.aliases or b.aliases):
        return found
    others = [_name(mine, theirs, model) for mine in known_as(a) for theirs in known_as(b)]
    alike = [one for one in others if one is not None and one.likeness == "alike"]
    return max([found, *alike], key=lambda one: (one.likeness == "alike", one.points))


def _name(a: Features, b: Features, model: MatchModel) -> NameFound | None:
    if as_organisations(a, b):
        return _organisation(a, b, model)
    names = compare_names(a, b, model)
    if names is NAMELESS:
        return None
    points = min(names.points, model.weights.name_most)
    if a.generation != b.generation:
        if a.generation and b.generation:
            return NameFound("generation", points, "unlike")
        points += model.weights.name_generation
        if _likeness(names) == "alike":
            return NameFound(_level(names), points, "partial")
    return NameFound(_level(names), points, _likeness(names))


def _level(names: Names) -> str:
    return f"given {names.given}, family {names.family}" + (", the other way round" if names.swapped else "")


def _likeness(names: Names) -> Likeness:
    if names.given == "differs":
        return "unlike"
    if names.given == "other" or names.family == "differs":
        return "doubtful"
    if names.given in ("none", "initial") or names.family in ("none", "initial"):
        return "partial"
    return "alike"


def _organisation(a: Features, b: Features, model: MatchModel) -> NameFound:
    found = compare_organisations(a.org, b.org)
    weights = model.weights
    if found == "alike":
        worth = min(organisation_points(a.org), organisation_points(b.org))
        if a.org == b.org:
            return NameFound("exact", worth + weights.organisation_exact, "alike")
        return NameFound("close", max(0, worth + weights.organisation_close), "alike")
    if found == "doubtful":
        return NameFound("part", weights.organisation_part, "doubtful")
    return NameFound("differs", weights.organisation_differs, found)


def kind(a: Features, b: Features, model: MatchModel) -> Found | None:
    """A person is never the same customer as an organisation."""
    return Found("differs", 0) if a.kind and b.kind and a.kind != b.kind else None


def email(a: Features, b: Features, model: MatchModel) -> Found | None:
    """Both use the same mailbox, or one a typing error apart, or the same name before the @. Mailboxes of a role
    (info@,
    sales@) and placeholders do not count; +tags and Gmail's dots do not matter."""
    if not (a.emails and b.emails):
        return None
    weights = model.weights
    level = compare_emails(a.emails, b.emails)
    if level == "exact":
        foreign = a.name and b.name and _foreign(a.emails, a, b)
        return Found("shared", weights.email_shared) if foreign else Found(level, weights.email_exact)
    if level in ("differs", "local"):
        return _other_mailboxes(a, b, model, local=level == "local")
    return Found(level, weights.email_near)


def _other_mailboxes(a: Features, b: Features, model: MatchModel, *, local: bool) -> Found | None:
    weights = model.weights
    if a.org and b.org:
        return None  # two mailboxes of an office: their domains say it
    if local:
        return Found("alike", weights.email_alike) if _namely(a, b) else Found("local", weights.email_local)
    if _foreign(a.emails, a, b) != _foreign(b.emails, a, b):
        return Found("other", weights.email_other)
    return Found("differs", weights.email_differs)


def _namely(a: Features, b: Features) -> bool:
    """Whether what stands before the @ in both is a name and no more: then their names have said it already."""
    mailboxes = [mailbox.rpartition("@")[0] for one in (a, b) for mailbox in one.emails]
    return bool(a.name and b.name) and not any(sign.isdigit() for local in mailboxes for sign in local)


def _foreign(mailboxes: tuple[str, ...], a: Features, b: Features) -> bool:
    """Whether mailboxes name neither the one nor the other."""
    return not any(
        owner(mailbox, *latin_parts(one)) != "other" for mailbox in mailboxes for one in (a, b) if one.name
    )


def phone(a: Features, b: Features, model: MatchModel) -> Found | None:
    """Both have the same telephone number, however it is written, or one a digit apart. Placeholders and fax numbers do
    not count."""
    if not (a.phones and b.phones):
        return None
    weights = model.weights
    level = compare_phones(a.phones, b.phones)
    if level == "exact":
        return Found(level, weights.phone_exact)
    return Found(level, weights.phone_near if level == "near" else weights.phone_differs)


def address(a: Features, b: Features, model: MatchModel) -> Found | None:
    """They live at the same address: the same house in the same place, abbreviations and typing errors allowed; or
    at least
    in the same street, postal code or town."""
    if not (a.places and b.places):
        return None
    level = compare_addresses(a.places, b.places)
    return Found(level, getattr(model.weights, f"address_{level}")) if level else None


def birth_date(a: Features, b: Features, model: MatchModel) -> Found | None:
    """They were born on the same day, or a typing error (a digit, day and month swapped) explains the difference;
    the first
    of January, which is often made up, says less."""
    if not (a.birth_date and b.birth_date):
        return None
    level = compare_birth_dates(a.birth_date, b.birth_date)
    return Found(level, getattr(model.weights, f"birth_date_{level}")) if level else None


def tax_id(a: Features, b: Features, model: MatchModel) -> Found | None:
    """Both have the same tax or registration number; two numbers of one type speak against it."""
    if not (a.tax_ids and b.tax_ids):
        return None
    level = compare_tax_ids(a.tax_ids, b.tax_ids)
    return Found(level, getattr(model.weights, f"tax_id_{level}")) if level else None


def external_ref(a: Features, b: Features, model: MatchModel) -> Found | None:
    """Both name the same record of one system, or one is the record that the other names; or they are the same
    account of a
    social network."""
    if a.refs and b.refs and any(ref in b.refs for ref in a.refs):
        return Found("exact", model.weights.external_ref_exact)
    return None


def domain(a: Features, b: Features, model: MatchModel) -> Found | None:
    """Two organisations have the same domain of their own, in mailboxes or as website."""
    if not (a.domains and b.domains):
        return None
    if any(one in b.domains for one in a.domains):
        return Found("exact", model.weights.domain_exact)
    return Found("differs", model.weights.domain_differs)


def company(a: Features, b: Features, model: MatchModel) -> Found | None:
    """Both are at the same company."""
    if a.company and a.company == b.company:
        return Found("exact", model.weights.company_exact)
    return None


Feature = Callable[[Features, Features, MatchModel], Found | NameFound | None]
FEATURES: tuple[Feature, ...] = (
    kind, external_ref, tax_id, email, phone, address, birth_date, company, domain, name,
)  # fmt: skip


def levels(a: Features, b: Features, model: MatchModel) -> dict[str, str]:
    """The level each feature that spoke agrees at; with `given` and `family` apart for persons: what training
    counts."""
    found = {}
    for feature in FEATURES:
        if (said := feature(a, b, model)) is None:
            continue
        if feature is not name:
            found[feature.__name__] = said.level
        elif as_organisations(a, b):
            found["organisation"] = said.level
        else:
            names = compare_names(a, b, model)
            found |= {
                part: level
                for part, level in (("given", names.given), ("family", names.family))
                if level != "none"
            }
    return found


def detail(feature: str, a: Features, b: Features) -> str:
    """The values a feature compared, for people."""
    mine, theirs = _shown(feature, a), _shown(feature, b)
    return mine if mine == theirs else f"{mine} | {theirs}"


def _shown(feature: str, one: Features) -> str:
    if feature == "name":
        words = " ".join(one.org if one.kind == "organisation" else one.name or one.org)
        return f"{words} {one.generation}".strip() or "no name"
    if feature == "address":
        return "; ".join(" ".join(part for part in text.split("|") if part) for text in one.places)
    every: dict[str, str | tuple[str, ...]] = {
        "kind": one.kind,
        "external_ref": one.refs,
        "tax_id": one.tax_ids,
        "email": one.emails,
        "phone": one.phones,
        "birth_date": one.birth_date,
        "company": one.company,
        "domain": one.domains,
    }
    values = every[feature]
    return values if isinstance(values, str) else (" " if feature == "company" else ", ").join(values)
