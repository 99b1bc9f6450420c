"""Ids as people see them: `cus_` and thirteen characters that sort by time (canonical-model.md, "Values")."""

from __future__ import annotations

from hub.errors import NotFound

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_VALUE = {character: position for position, character in enumerate(_ALPHABET)}
_WIDTH = 13


def show(prefix: str, number: int) -> str:
    """`show("cus", 1)` → `cus_0000000000001` (Crockford base 32, so the text sorts like the number)."""
    characters = []
    for _ in range(_WIDTH):
        number, rest = divmod(number, 32)
        characters.append(_ALPHABET[rest])
    return f"{prefix}_{''.join(reversed(characters))}"


def read(prefix: str, text: str) -> int:
    """The number behind an id. Raises NotFound if the text is not an id of this kind."""
    head, _, tail = text.strip().lower().partition("_")
    if head != prefix or len(tail) != _WIDTH or any(character not in _VALUE for character in tail):
        raise NotFound(f"{text!r} is not an id like {prefix}_{'0' * _WIDTH}")
    number = 0
    for character in tail:
        number = number * 32 + _VALUE[character]
    if number >= 1 << 63:
        raise NotFound(f"{text!r} is not an id of this hub")
    return number
