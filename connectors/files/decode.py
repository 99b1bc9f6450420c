"""Which encoding a file has, decided the same way every time and over the whole file.

Order: a byte order mark (it also beats a configured encoding, so that a write-back, always UTF-8, can be read under any
setting) · the configured one · zero bytes at every other place: UTF-16 · UTF-8, if at least half of the lines with
non-ASCII bytes are valid in it (the others are broken rows) · GB18030, if most of its characters are common Chinese
ones · a statistical guess for long runs of non-ASCII bytes (Cyrillic, Big5, Shift JIS, …) · Windows-1252 · Latin-1.
"""

from __future__ import annotations

import codecs
import os
import re
import tempfile
from collections.abc import Iterator
from typing import NamedTuple

from connectors.files.folder import Handle
from hub.errors import ConnectionBroken

BLOCK = 256 * 1024
_SAMPLE = 64 * 1024
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_REFUSED = {"idna", "punycode", "unicode-escape", "raw-unicode-escape", "undefined", "mbcs", "oem", "utf-7"}
_WIDER = {"gb2312": "gb18030", "gbk": "gb18030", "utf-16": "utf-16-le", "utf-32": "utf-32-le"}
_OTHERS = ["cp1251", "koi8_r", "big5", "shift_jis", "euc_jp", "euc_kr", "cp1253", "cp1255", "cp1256", "cp874"]
_HIGH_RUNS = re.compile(rb"[\x80-\xff]+")


class Encoding(NamedTuple):
    """`codec`, bytes to `skip` (the mark), how it was decided; `plain`: UTF-8 without a mark."""

    codec: str
    skip: int
    why: str
    plain: bool


def codec_name(wanted: str) -> str:
    """Python's name of a configured encoding. Raises ConnectionBroken for one that is not a text encoding."""
    name = wanted.strip().lower()
    try:
        "a".encode(name)
        found = codecs.lookup(name).name.replace("_", "-")
    except (LookupError, UnicodeError, ValueError):
        found = ""
    if not found or found in _REFUSED:
        raise ConnectionBroken(
            f'encoding = "{wanted}" is not known',
            fix='write "auto" or a name such as utf-8, utf-16, gb18030, big5, windows-1252, latin-1',
        )
    return "utf-8" if found == "utf-8-sig" else _WIDER.get(found, found)


def decide(handle: Handle, size: int, wanted: str) -> Encoding:
    """The encoding of an open file of `size` bytes; `wanted` is "auto" or a name."""
    configured = None if wanted == "auto" else codec_name(wanted)
    head = os.pread(handle.fd, 4096, 0)
    for mark, codec in _MARKS:
        if head.startswith(mark):
            return Encoding(codec, len(mark), "byte order mark", False)
    if configured:
        return Encoding(configured, 0, "as configured", configured == "utf-8")
    wide = _wide(head)
    if wide:
        return Encoding(wide, 0, "zero bytes at every other place", False)
    valid, sample, wrong = _lines_in_utf8(handle, size)
    if valid >= wrong:
        why = (
            f"but for {wrong} of {valid + wrong} lines"
            if wrong
            else "valid throughout"
            if valid
            else "ASCII only"
        )
        return Encoding("utf-8", 0, why, True)
    if _chinese(sample):
        return Encoding("gb18030", 0, "common Chinese characters", False)
    return _western_or_guess(sample)


def _wide(head: bytes) -> str | None:
    half = len(head) // 2
    if half < 2:
        return None
    even, odd = head[0 : half * 2 : 2].count(0), head[1 : half * 2 : 2].count(0)
    if odd > half * 0.4 and even < half * 0.05:
        return "utf-16-le"
    if even > half * 0.4 and odd < half * 0.05:
        return "utf-16-be"
    return None


def _lines_in_utf8(handle: Handle, size: int) -> tuple[int, bytes, int]:
    """(lines with non-ASCII bytes valid in UTF-8, a sample of the invalid ones, how many those are)."""
    valid = wrong = 0
    sample = bytearray()
    for block in _blocks(handle, size):
        if block.isascii():
            continue
        lines = [one for one in block.splitlines() if not one.isascii()]
        try:
            block.decode("utf-8")
            valid += len(lines)
            continue
        except UnicodeDecodeError:
            pass
        for line in lines:
            try:
                line.decode("utf-8")
                valid += 1
            except UnicodeDecodeError:
                wrong += 1
                if len(sample) < _SAMPLE:
                    sample += line[:4096] + b"\n"
    return valid, bytes(sample), wrong


def _blocks(handle: Handle, size: int) -> Iterator[bytes]:
    """The file in blocks that end with a line, or anywhere if a line is longer than a block."""
    at = 0
    while at < size:
        data = os.pread(handle.fd, min(BLOCK, size - at), at)
        if not data:
            return
        cut = len(data) if at + len(data) >= size else (data.rfind(b"\n") + 1 or len(data))
        yield data[:cut]
        at += cut


def _chinese(sample: bytes) -> bool:
    """Whether the bytes read as GB18030 are mostly the 3,755 characters of GB 2312's first level."""
    common = other = lines = wrong = 0
    for line in sample.splitlines():
        lines += 1
        try:
            text = line.decode("gb18030")
        except UnicodeDecodeError:
            wrong += 1
            continue
        for letter in text:
            if letter > "\x7f":
                code = letter.encode("gb18030")
                if len(code) == 2 and 0xB0 <= code[0] <= 0xD7 and code[1] >= 0xA1:
                    common += 1
                elif not (len(code) == 2 and 0xA1 <= code[0] <= 0xA3 and code[1] >= 0xA1):  # not punctuation
                    other += 1
    return wrong * 10 <= lines and common > 0 and common >= 0.6 * (common + other)


def _western_or_guess(sample: bytes) -> Encoding:
    runs = [len(one) for one in _HIGH_RUNS.findall(sample)]
    if sum(one for one in runs if one >= 3) > 0.5 * sum(runs):
        from charset_normalizer import from_bytes

        best = from_bytes(sample, cp_isolation=_OTHERS).best()
        if best is not None:
            return Encoding(best.encoding.replace("_", "-"), 0, "a guess: set encoding if it is wrong", False)
    for codec in ("cp1252", "latin-1"):
        try:
            sample.decode(codec)
            return Encoding(codec, 0, "neither UTF-8 nor Chinese: set encoding if it is wrong", False)
        except UnicodeDecodeError:
            continue
    raise AssertionError("every byte is valid in latin-1")


def line_safe(codec: str) -> bool:
    """Whether line breaks, quotes and delimiters can be looked for in the bytes themselves."""
    every = bytes(range(128))
    try:
        return every.decode(codec) == every.decode("ascii")
    except UnicodeError:
        return False


def transcoded(handle: Handle, size: int, encoding: Encoding) -> tuple[Handle, int]:
    """A nameless temporary copy in UTF-8, and its size. What cannot be decoded becomes a byte that UTF-8 never has."""
    decoder = codecs.getincrementaldecoder(encoding.codec)("replace")
    with tempfile.TemporaryFile() as copy:
        at = encoding.skip
        while at < size:
            data = os.pread(handle.fd, min(BLOCK, size - at), at)
            if not data:
                break
            at += len(data)
            text = decoder.decode(data, at >= size)
            copy.write(text.encode("utf-8", "replace").replace(b"\xef\xbf\xbd", b"\xff"))
        copy.flush()
        return Handle(os.dup(copy.fileno())), os.fstat(copy.fileno()).st_size
