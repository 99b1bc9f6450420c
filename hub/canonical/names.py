"""Names: given, family, full and display name complete each other by the rules of their script.

The source is canonical-model.md, "Paths".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

_HAN = re.compile(r"[\u3005\u3007\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U000323af]+")
_KANA = re.compile(r"[\u3040-\u30ff\uff66-\uff9f]")
_HANGUL = re.compile(r"[\uac00-\ud7a3]+")
_LONGEST = 200
_DOTS = re.compile(r"[·・‧•]")


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


COMPOUND_SURNAMES = _words(
    "欧阳 歐陽 太史 端木 上官 司马 司馬 东方 東方 独孤 獨孤 南宫 南宮 万俟 萬俟 闻人 聞人 夏侯 诸葛 諸葛 尉迟 尉遲"
    " 公羊 赫连 赫連 澹台 澹臺 皇甫 宗政 濮阳 濮陽 公冶 太叔 申屠 公孙 公孫 慕容 仲孙 仲孫 钟离 鍾離 长孙 長孫 宇文"
    " 司徒 鲜于 鮮于 司空 闾丘 閭丘 子车 子車 亓官 司寇 巫马 巫馬 公西 颛孙 顓孫 壤驷 壤駟 公良 漆雕 乐正 樂正 宰父"
    " 谷梁 穀梁 拓跋 夹谷 夾谷 轩辕 軒轅 令狐 段干 百里 呼延 东郭 東郭 南门 南門 羊舌 微生 梁丘 左丘 东门 東門 西门"
    " 西門 第五 纳兰 納蘭 完颜 完顏"
)
_PARTICLES = _words(
    "van von der den de da di du del della dello des dos das do la le lo los las el al bin ibn ben binti ter ten te"
    " zu zum zur af av st. st san"
)
_PREFIXES = _words("mr mrs ms miss mx dr prof sir dame herr frau mme mlle sra srta ing dipl-ing")
_SUFFIXES = _words("jr sr ii iii iv phd md esq mba cpa dds jd junior senior")
_LEGAL = re.compile(
    r"(?:^|[\s,(])(?:gmbh|ag|kg|ohg|gbr|ug|e\.?\s?v\.?|e\.?k\.?|ltd|limited|llc|llp|l\.l\.c|inc|incorporated|corp"
    r"|corporation|co|company|plc|pty|s\.?a\.?|s\.?a\.?s|s\.?a\.?r\.?l|s\.?r\.?l|s\.?p\.?a|b\.?v|n\.?v|a\.?b|a/s|aps|oy"
    r"|oyj|s\.?l\.?|sp\.?\s?z\s?o\.?\s?o|kft|zrt|s\.?r\.?o|a\.?s|d\.?o\.?o|ооо|зао|pte|sdn\.?\s?bhd|bhd|k\.?k)\.?\)?$",
    re.IGNORECASE,
)
_LEGAL_CJK = re.compile(
    r"(?:公司|集团|集團|企业|企業|工厂|工廠|厂|商行|事务所|事務所|合作社|研究院|研究所|医院|醫院|学校|學校|大学|大學"
    r"|银行|銀行|基金会|協會|协会|中心|酒店|株式会社|有限会社|合同会社|주식회사|유한회사)(?:[（(].*[)）])?$|^(?:株式会社|有限会社|주식회사|㈜|\(주\))"
)


def legal_form(name: str) -> bool:
    """True if the name says by a legal form (GmbH, Ltd, 有限公司, …) that an organisation bears it."""
    return bool(_LEGAL.search(name) if name.isascii() else _LEGAL.search(name) or _LEGAL_CJK.search(name))


def kind_of_name(fields: Mapping[str, Any]) -> str:
    """`person` or `organisation`: as the record says, else by its fields, else by a legal form in the name."""
    kind = fields.get("kind")
    if kind in ("person", "organisation"):
        return str(kind)
    if fields.get("given_name") or fields.get("family_name"):
        return "person"
    if fields.get("name") or fields.get("legal_name"):
        return "organisation"
    shown = fields.get("display_name") or fields.get("full_name")
    return "organisation" if shown and legal_form(shown) else "person"


def join(
    given: str | None, family: str | None, *, middle: str | None = None, suffix: str | None = None
) -> str | None:
    """The full name of its parts: Chinese and Korean surname first without space, Japanese with; Latin given first."""
    if given and family:
        if _HANGUL.fullmatch(given + family) or _HAN.fullmatch(given + family):
            return family + (middle or "") + given
        if _KANA.search(given + family) and not given.isascii():
            return f"{family} {given}"
    return " ".join(part for part in (given, middle, family, suffix) if part) or None


def split(full: str) -> tuple[tuple[str, str], ...]:
    """(path, value) pairs for the parts of a full name; empty if it cannot be told apart without guessing."""
    return _split(full) if len(full) <= _LONGEST else ()


@lru_cache(maxsize=16_384)
def _split(full: str) -> tuple[tuple[str, str], ...]:
    dotted = _DOTS.split(full)
    if len(dotted) > 1 and not full.isascii():
        pieces = [piece.strip() for piece in dotted]
        return (("given_name", " ".join(pieces[:-1])), ("family_name", pieces[-1])) if all(pieces) else ()
    words = full.split()
    solid = "".join(words)
    if _HAN.fullmatch(solid) or _HANGUL.fullmatch(solid) or _KANA.search(solid):
        return _split_east(words, solid)
    return _split_latin(full)


def _split_east(words: list[str], solid: str) -> tuple[tuple[str, str], ...]:
    if len(words) == 2:
        return (("given_name", words[1]), ("family_name", words[0]))
    if len(words) > 2 or not 2 <= len(solid) <= 4 or _KANA.search(solid):
        return ()
    size = 2 if len(solid) > 2 and solid[:2] in COMPOUND_SURNAMES else 1
    if len(solid) == 4 and size == 1:  # a double surname (married) or no Chinese name: not for us to say
        return ()
    return (("given_name", solid[size:]), ("family_name", solid[:size]))


def _bare(word: str) -> str:
    return word.strip(".,").replace(".", "").lower()


def _split_latin(full: str) -> tuple[tuple[str, str], ...]:
    found: list[tuple[str, str]] = []
    head, comma, tail = (part.strip() for part in full.partition(","))
    if comma and tail and _bare(tail) in _SUFFIXES:
        found.append(("suffix", tail))
        comma, tail = "", ""
    words = (tail or head).split()
    while len(words) > 1 and _bare(words[0]) in _PREFIXES and len(_bare(words[0])) > 1:
        found.append(("prefix", words.pop(0)))
    while len(words) > (1 if comma else 2) and _bare(words[-1]) in _SUFFIXES:
        found.append(("suffix", words.pop()))
    if comma:
        if not words or not head:
            return ()
        return (("given_name", " ".join(words)), ("family_name", head), *dict(found).items())
    if len(words) < 2:
        return ()
    cut = len(words) - 1
    while cut > 1 and words[cut - 1].lower() in _PARTICLES:
        cut -= 1
    return (
        ("given_name", " ".join(words[:cut])),
        ("family_name", " ".join(words[cut:])),
        *dict(found).items(),
    )


def complete(fields: Mapping[str, Any]) -> tuple[dict[str, Any], frozenset[str]]:
    """All of `fields` with the name parts that follow from others added, and which paths were added.

    Never changes a part that is there. An organisation's `name` and `display_name` complete each other.
    """
    whole = dict(fields)
    if kind_of_name(fields) == "organisation":
        name = (
            fields.get("display_name")
            or fields.get("name")
            or fields.get("trade_name")
            or fields.get("legal_name")
        )
        added = {path: name for path in ("name", "display_name") if name and not fields.get(path)}
    else:
        added = _person(fields)
    whole.update(added)
    return whole, frozenset(added)


def _person(fields: Mapping[str, Any]) -> dict[str, Any]:
    given, family = fields.get("given_name"), fields.get("family_name")
    full = fields.get("full_name")
    added: dict[str, Any] = {}
    if not full:
        made = join(given, family, middle=fields.get("middle_name"), suffix=fields.get("suffix"))
        full = made if given and family else fields.get("display_name") or made
        if full:
            added["full_name"] = full
    if full and not fields.get("display_name"):
        added["display_name"] = full
    if full and not (given and family):
        parts = dict(split(full))
        if (not given or parts.get("given_name") == given) and (
            not family or parts.get("family_name") == family
        ):
            added.update({path: part for path, part in parts.items() if not fields.get(path)})
    return added
