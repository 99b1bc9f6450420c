"""Checks a connection's settings against what its connector's spec() takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hub.errors import WrongUse
from hub.sdk.connector import Setting
from hub.sdk.manifest import nearest

KINDS: Mapping[str, tuple[type, ...]] = {
    "text": (str,),
    "url": (str,),
    "path": (str,),
    "secret": (str,),
    "int": (int,),
    "bool": (bool,),
    "list": (list, tuple),
}


def check_settings(spec: Sequence[Setting], given: Mapping[str, Any]) -> dict[str, Any]:
    """`given` with the defaults filled in. Raises WrongUse for a key unknown, missing or of the wrong kind.

    `given` holds the connector's own settings only, not the keys every connection has (country, realm, …); a secret
    stands in it as its reference (env:NAME, file:PATH), whose value is not looked at.
    """
    known = {one.name: one for one in spec}
    for name in given:
        if name not in known:
            guess = nearest(name, known)
            fix = f'did you mean "{guess}"?' if guess else f"known settings: {', '.join(sorted(known))}"
            raise WrongUse(f'unknown setting "{name}"', fix=fix)
    result: dict[str, Any] = {}
    for name, one in known.items():
        value = given.get(name)
        if value is None or value == "":
            if one.required:
                raise WrongUse(f'the setting "{name}" is missing', fix=one.help)
            result[name] = one.default
            continue
        right = isinstance(value, KINDS[one.kind]) and (one.kind == "bool" or not isinstance(value, bool))
        if not right:
            raise WrongUse(f'the setting "{name}" must be a {one.kind}', fix=one.help)
        result[name] = value
    return result
