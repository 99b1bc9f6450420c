"""Folding text so that spelling habits do not matter: case, accents, width, punctuation, traditional
characters."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

from hub.identity.han import TO_SIMPLIFIED

# Letters that Unicode does not decompose, in the spelling people use without them.
_LETTERS = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i", "ħ": "h"}
)
# Inside a name these join ("O'Brien" is one word); every other sign parts words.
_JOINING = "'’‘`´ʼ·•"
_SIGNS = str.maketrans(
    dict.fromkeys(_JOINING)
    | {chr(code): " " for code in range(128) if not chr(code).isalnum() and chr(code) not in _JOINING}
)


def fold(text: str) -> str:
    """Trimmed, compatibility-decomposed, without accents, case-folded; Chinese in simplified characters."""
    if text.isascii():
        return text.strip().lower()
    plain = unicodedata.normalize("NFKD", text)
    plain = "".join(
        letter for letter in plain if letter in "\u3099\u309a" or not unicodedata.combining(letter)
    )
    plain = unicodedata.normalize("NFC", plain)  # Hangul and kana back together
    return plain.casefold().translate(_LETTERS).translate(TO_SIMPLIFIED).strip()


def words(text: str) -> list[str]:
    """The folded words of `text` in the order written; signs part words, apostrophes do not."""
    folded = fold(text).translate(_SIGNS)
    if not folded.isascii():
        folded = "".join(letter if letter.isalnum() else " " for letter in folded)
    return folded.split()


_CODES = {
    **dict.fromkeys("bfpvw", "1"),
    **dict.fromkeys("cgjkqsxz", "2"),
    **dict.fromkeys("dt", "3"),
    "l": "4",
    **dict.fromkeys("mn", "5"),
    "r": "6",
}


@lru_cache(maxsize=100_000)
def sound(word: str) -> str:
    """The first letter and the consonants that can be told apart by ear, without doubles; other scripts as they are."""
    if not word.isascii() or not word[:1].isalpha():
        return word
    made, before = word[0], _CODES.get(word[0], "")
    for letter in word[1:]:
        code = _CODES.get(letter, "")
        if code and code != before:
            made += code
        if letter not in "hw":
            before = code
    return made[:6]
