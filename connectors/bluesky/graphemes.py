"""How long a text is to Bluesky: in what a reader sees as one character (grapheme clusters, UAX 29).

Not the whole of UAX 29: marks, joined emoji, skin tones, flags, Hangul and CR LF. Where it errs (some Indic scripts)
it counts too many, and then a text that just fits is refused here; too long ones the service refuses itself.
"""

from __future__ import annotations

import unicodedata

_JOINER = "\u200d"
_MARKS = frozenset({"Mn", "Me", "Mc"})


def count(text: str) -> int:
    found = 0
    before = ""
    flag = False  # the last one was the first half of a flag
    for letter in text:
        if before and _continues(before, letter, flag):
            flag = False
        else:
            found += 1
            flag = _is_flag(letter)
        before = letter
    return found


def _continues(before: str, letter: str, flag: bool) -> bool:
    if before == "\r":
        return letter == "\n"
    if letter == _JOINER or 0x1F3FB <= ord(letter) <= 0x1F3FF or 0xE0020 <= ord(letter) <= 0xE007F:
        return before not in "\n\r"
    if unicodedata.category(letter) in _MARKS:
        return before not in "\n\r"
    if before == _JOINER:
        return ord(letter) >= 0x2190  # a pictogram goes on; a letter after a joiner is one of its own
    if flag and _is_flag(letter):
        return True
    return _hangul(before, letter)


def _is_flag(letter: str) -> bool:
    return 0x1F1E6 <= ord(letter) <= 0x1F1FF


def _hangul(before: str, letter: str) -> bool:
    """Jamo of one syllable: leading, vowel, trailing."""
    first, second = ord(before), ord(letter)
    vowel, trailing = 0x1160 <= second <= 0x11A7, 0x11A8 <= second <= 0x11FF
    if 0x1100 <= first <= 0x115F:
        return vowel or 0x1100 <= second <= 0x115F
    if 0x1160 <= first <= 0x11A7:
        return vowel or trailing
    return 0x11A8 <= first <= 0x11FF and trailing
