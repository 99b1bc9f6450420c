"""Content that remotes really send and that has broken importers before: for seeding and for writing."""

from __future__ import annotations

from collections.abc import Mapping

TEXTS: Mapping[str, str] = {
    "5,000 characters": "long-" + "Ñandú " * 832 + "end",
    "Chinese": "欧阳修远",
    "rare Chinese": "𠮷野家 㐂",
    "emoji": "Zoë 👩‍👩‍👧 🇩🇪",
    "right-to-left": "محمد صلاح \u200f(מנחם)\u200f",
    "bidi controls": "abc\u202edcba\u202c xyz",
    "combining marks": "Zoe\u0308 Ame\u0301lie",
    "formula": '=HYPERLINK("http://example.org","x")',
    "formula at": "@SUM(1+1)*cmd|' /C calc'!A0",
    "formula minus": "-2+3",
    "quotes and separators": 'O\'Neil, "Bob"; {x} \\ 50% <b>&amp;</b>',
    "line breaks": "first\nsecond\r\nthird",
    "null byte": "nul\x00inside",
    "spaces around": "  padded  ",
    "looks like a number": "007",
    "looks like nothing": "null",
    "looks like a date": "2026-02-30",
    "injection": "Robert'); DROP TABLE customers;--",
}
