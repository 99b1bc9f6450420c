"""Record keys (TIDs): 13 characters that sort by time; and the one that belongs to a marker of ours.

64 bits: 0, then 53 bits of microseconds since 1970, then 10 bits that tell writers apart (AT Protocol, "TID").
"""

from __future__ import annotations

from hashlib import blake2b

_ALPHABET = "234567abcdefghijklmnopqrstuvwxyz"
_VALUE = {letter: place for place, letter in enumerate(_ALPHABET)}
_IDS = "0123456789abcdefghjkmnpqrstvwxyz"
_WIDTH = 13
_SINCE_MS = 1_735_689_600_000  # 2025-01-01: where our ids begin to count
_SHIFT = 20
_WRITER_BITS = 10


def for_marker(marker: str) -> str:
    """The record key of a marker: always the same one, and no other id's. Its time is the id's."""
    number = _id(marker)
    if number is None:
        return encode(int.from_bytes(blake2b(marker.encode(), digest_size=8).digest(), "big") >> 1)
    milliseconds, count = number >> _SHIFT, number & ((1 << _SHIFT) - 1)
    micros = (_SINCE_MS + milliseconds) * 1000 + (count >> _WRITER_BITS)
    return encode((micros << _WRITER_BITS) | (count & ((1 << _WRITER_BITS) - 1)))


def seconds(tid: str) -> float | None:
    """The time in a record key, epoch seconds; None if it is no TID."""
    if len(tid) != _WIDTH or any(letter not in _VALUE for letter in tid):
        return None
    number = 0
    for letter in tid:
        number = number * 32 + _VALUE[letter]
    return (number >> 10) / 1e6


def encode(number: int) -> str:
    letters = []
    for _ in range(_WIDTH):
        number, rest = divmod(number, 32)
        letters.append(_ALPHABET[rest])
    return "".join(reversed(letters))


def _id(marker: str) -> int | None:
    """The number in one of our ids: milliseconds, then what counts within one; None if it is no such id."""
    tail = marker.rpartition("_")[2]
    if len(tail) != _WIDTH or any(letter not in _IDS for letter in tail):
        return None
    number = 0
    for letter in tail:
        number = number * 32 + _IDS.index(letter)
    return number if number < 1 << 62 else None
