"""The features a pair is compared by. A feature's docstring is what a steward reads beside its points."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from hub.identity.features import Features
from hub.identity.han import Likeness
from hub.identity.model import MatchModel
from hub.identity.organisations import compare_organisations
from hub.identity.persons import compare_persons


class Reason(NamedTuple):
    """feature: its name. detail: which values met, or did not. points: what it added; 0 where it only
    forbids."""

    feature: str
    detail: str
    points: int


def likeness(a: Features, b: Features) -> Likeness:
    """How the names of two records agree; a name that stood in one of them before an edit agrees as well as its own."""
    found = _names_alike(a, b)
    if found in ("alike", "none") or not (a.aliases or b.aliases):
        return found
    others = ((mine, theirs) for mine in _known_as(a) for theirs in _known_as(b))
    return "alike" if any(_names_alike(mine, theirs) == "alike" for mine, theirs in others) else found


def _known_as(one: Features) -> list[Features]:
    """The record under its present name and under each former one."""
    former = [tuple(alias.split(" ")) for alias in one.aliases]
    return [
        one,
        *(one._replace(name=words, given="", family="", org=words if one.org else ()) for words in former),
    ]


def _names_alike(a: Features, b: Features) -> Likeness:
    """As organisations where both are or may be one, else as persons."""
    if a.org and b.org and (a.kind == "organisation" or b.kind == "organisation" or not (a.name and b.name)):
        return compare_organisations(a.org, b.org)
    return compare_persons(a, b)


def same_birth_date(a: str, b: str) -> bool | None:
    """True: equal. False: they contradict each other. None: a typing error explains it (day and month
    swapped, one digit)."""
    if a == b:
        return True
    if a[:4] == b[:4] and a[5:7] == b[8:10] and a[8:10] == b[5:7]:
        return None
    if len(a) == len(b) and sum(x != y for x, y in zip(a, b, strict=True)) == 1:
        return None
    return False


def tax_points(mine: tuple[str, ...], theirs: tuple[str, ...], model: MatchModel) -> int:
    """Points of two lists of tax ids: an equal number counts where its types agree or one is unnamed."""
    differs = False
    for one in mine:
        if one in theirs:
            return model.weights.tax_id
        kind, _, value = one.partition(":")
        for other in theirs:
            other_kind, _, other_value = other.partition(":")
            open_kind = kind in ("", "other") or other_kind in ("", "other")
            if value == other_value and open_kind:
                return model.weights.tax_id
            differs |= kind == other_kind != "" and value[:2] == other_value[:2]
    return model.weights.tax_id_differs if differs else 0


def kind(a: Features, b: Features, model: MatchModel) -> Reason | None:
    """A person is never the same customer as an organisation."""
    if a.kind and b.kind and a.kind != b.kind:
        return Reason("kind", f"{a.kind}, {b.kind}", 0)
    return None


def email(a: Features, b: Features, model: MatchModel) -> Reason | None:
    """Both use the same mailbox. Mailboxes of a role (info@, sales@) and placeholders do not count."""
    return _met("email", a.emails, b.emails, model.weights.email)


def phone(a: Features, b: Features, model: MatchModel) -> Reason | None:
    """Both have the same telephone number. Only numbers that are valid in their country count, and no
    placeholders."""
    return _met("phone", a.phones, b.phones, model.weights.phone)


def external_ref(a: Features, b: Features, model: MatchModel) -> Reason | None:
    """Both name the same record of one system, or one is the record that the other names."""
    return _met("external_ref", a.refs, b.refs, model.weights.external_ref)


def tax_id(a: Features, b: Features, model: MatchModel) -> Reason | None:
    """Both have the same tax or registration number; two numbers of one type speak against it."""
    found = tax_points(a.tax_ids, b.tax_ids, model) if a.tax_ids and b.tax_ids else 0
    if not found:
        return None
    return Reason("tax_id", f"{', '.join(a.tax_ids)} | {', '.join(b.tax_ids)}", found)


def name(a: Features, b: Features, model: MatchModel) -> Reason | None:
    """Their names agree, in any order, with initials, short forms and typing errors allowed; or they do not,
    and then a shared mailbox or telephone is a household's or an office's, and the two are never joined by
    the machine."""
    found = likeness(a, b)
    if found == "none":
        return None
    added = {"alike": model.weights.name, "doubtful": model.weights.name_doubtful}.get(found, 0)
    if found == "unlike" and (external_ref(a, b, model) or tax_points(a.tax_ids, b.tax_ids, model) > 0):
        added = model.weights.name_doubtful
    return Reason("name", f"{found}: {_shown(a)} | {_shown(b)}", added)


def birth_date(a: Features, b: Features, model: MatchModel) -> Reason | None:
    """They were born on the same day; or not, and no typing error (a digit, day and month swapped) explains
    it."""
    if not a.birth_date or not b.birth_date:
        return None
    same = same_birth_date(a.birth_date, b.birth_date)
    if same is None:
        return Reason("birth_date", f"nearly: {a.birth_date} | {b.birth_date}", 0)
    added = model.weights.birth_date if same else model.weights.birth_date_differs
    return Reason("birth_date", a.birth_date if same else f"{a.birth_date} | {b.birth_date}", added)


Feature = Callable[[Features, Features, MatchModel], Reason | None]
FEATURES: tuple[Feature, ...] = (kind, external_ref, tax_id, email, phone, name, birth_date)


def _met(feature: str, mine: tuple[str, ...], theirs: tuple[str, ...], added: int) -> Reason | None:
    both = [value for value in mine if value in theirs]
    return Reason(feature, ", ".join(both), added) if both else None


def _shown(features: Features) -> str:
    words = " ".join(features.org if features.kind == "organisation" else features.name or features.org)
    return f"{words} {features.generation}".strip() or "no name"
