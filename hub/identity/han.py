"""Chinese names: traditional characters as simplified ones, surnames first, and pinyin for names met in Latin
letters."""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import permutations
from typing import Literal

from hub.canonical.names import COMPOUND_SURNAMES
from hub.identity.han_table import PAIRS

Likeness = Literal["alike", "partial", "doubtful", "unlike", "none"]
"""How two names agree: alike; partial, as far as they go; doubtful, for a person to say; unlike; none, one is
missing."""

TO_SIMPLIFIED = {ord(pair[0]): pair[1] for pair in PAIRS.split()}

# Forms of address written after a name; what remains is a part of the name only.
_ADDRESS_FORMS = ("先生", "女士", "小姐", "太太", "老师", "经理", "老板", "总监", "医生", "同学")

# Other romanisations of common surnames (Cantonese, Hokkien, Wade-Giles, Malay and Singapore habits).
_ROMANISATIONS = """
陈: chan tan ting; 李: lee lei; 王: wong ong heng; 黄: wong ng ooi wee hwang;
张: cheung chang teo chong; 林: lam lim; 刘: lau liew low; 吴: ng goh woo; 蔡: choi tsai chua choy;
杨: yeung yong young; 郑: cheng tay chung; 谢: tse hsieh chia; 郭: kwok kuo quek; 何: ho hoh;
许: hui hsu koh khoo; 周: chow chou chew; 叶: yip yeh yap; 曾: tsang chan tseng; 徐: tsui hsu chee;
朱: chu choo; 梁: leung liang neo; 萧: siu hsiao seow; 邓: tang teng; 罗: law lo loh; 赵: chiu chao;
余: yu yee; 卢: lo loo; 钟: chung cheong; 冯: fung feng; 潘: poon pan phua; 苏: so soo su;
沈: shum sim shen; 高: ko kao; 胡: wu hu woo; 洪: hung ang; 江: kong chiang; 廖: liu liaw; 简: kan chien;
钱: tsin chien; 孙: suen sun; 马: ma mah; 吕: lui lu; 唐: tong tang; 关: kwan;
"""
_ROMAN_SURNAMES = {
    entry.split(":")[0].strip(): frozenset(entry.split(":")[1].split())
    for entry in _ROMANISATIONS.split(";")
    if ":" in entry
}
# A run of pinyin syllables and nothing else: such a given name can be compared, an English one cannot.
_PINYIN = re.compile(
    r"(?:(?:zh|ch|sh|[bpmfdtnlgkhjqxrzcsyw])?"
    r"(?:iang|iong|uang|ang|eng|ong|iao|ian|ing|uai|uan|ai|ei|ao|ou|an|en|ia|ie|iu|in|ua|uo|ui|un|ue|er|a|o|e|i|u|v))+"
)


def is_han(text: str) -> bool:
    """Whether `text` is written in Chinese characters (its first letter decides)."""
    return bool(text) and "\u3400" <= text[0] <= "\u9fff"


def bare(name: str) -> tuple[str, bool]:
    """The name without a form of address after it, and whether there was one (then it is a part of a name
    only)."""
    for form in _ADDRESS_FORMS:
        if name.endswith(form) and len(name) > len(form):
            return name[: -len(form)], True
    return name, False


def surname_length(name: str) -> int:
    """How many leading characters of a Chinese name are the surname."""
    return 2 if len(name) > 2 and name[:2] in COMPOUND_SURNAMES else 1


@lru_cache(maxsize=20_000)
def romanised(name: str) -> tuple[frozenset[str], frozenset[str]]:
    """(spellings of the surname, spellings of the given name run together) of a Chinese name in Latin
    letters."""
    from pypinyin import Style, pinyin  # its dictionaries take 0.1 s: loaded only when two scripts meet

    cut = surname_length(name)

    def spellings(text: str) -> frozenset[str]:
        found = [""]
        for readings in pinyin(text, style=Style.NORMAL, heteronym=True):
            found = [head + tail for head in found for tail in readings][:32]
        return frozenset(found + [s.replace("v", "u") for s in found] + [s.replace("v", "yu") for s in found])

    surnames = spellings(name[:cut]) | _ROMAN_SURNAMES.get(name[:cut], frozenset())
    return surnames, spellings(name[cut:])


def compare_romanised(name: str, latin: tuple[str, ...]) -> Likeness:
    """How a Chinese name and Latin words agree; doubtful: the surname does, the given name cannot be compared."""
    surnames, given = romanised(name)
    whole = {head + tail for head in surnames for tail in given}
    if len(name) < 3 and len(latin) > 1 and not whole.isdisjoint(latin):
        return "partial"  # a given name without its surname
    if "".join(latin) in whole | {tail + head for head in surnames for tail in given}:
        return "alike"
    if len(latin) == 1 and (latin[0] in given or latin[0] in surnames):
        return "partial"
    found = {_beside(surname, given, latin) for surname in surnames.intersection(latin)}
    return "alike" if "alike" in found else "doubtful" if "doubtful" in found else "unlike"


def _beside(surname: str, given: frozenset[str], latin: tuple[str, ...]) -> Likeness:
    """How the words beside a surname that agrees compare with the given name."""
    rest = list(latin)
    rest.remove(surname)
    if len(rest) == 1 and len(rest[0]) == 1:
        return "alike" if rest[0] in {spelling[:1] for spelling in given} else "unlike"
    if len(rest) <= 3 and any("".join(order) in given for order in permutations(rest)):
        return "alike"
    some = any("".join(order) in given for size in (1, 2) for order in permutations(rest, size))
    # David Wang, or Wang Xiaoming David; but Wang Xiaohong is another name in full
    return "doubtful" if some or not all(_PINYIN.fullmatch(word) for word in rest) else "unlike"


@lru_cache(maxsize=20_000)
def pinyin_parts(name: str) -> tuple[str, str]:
    """(given name, surname) of a Chinese name in its likeliest pinyin, run together; "" for a missing part."""
    from pypinyin import lazy_pinyin  # its dictionaries take 0.1 s: loaded when the first such name comes

    name, _ = bare(name)
    if len(name) == 1:
        return "", "".join(lazy_pinyin(name))
    cut = surname_length(name)
    surname = _SURNAME_READINGS.get(name[:cut]) or "".join(lazy_pinyin(name[:cut]))
    return "".join(lazy_pinyin(name[cut:])), surname


# surnames that are read otherwise than the character alone
_SURNAME_READINGS = {
    "单": "shan", "曾": "zeng", "解": "xie", "仇": "qiu", "区": "ou", "任": "ren", "盖": "ge",
    "查": "zha", "朴": "piao", "翟": "zhai", "尉迟": "yuchi", "万俟": "moqi", "吕": "lu", "折": "she",
    "乐": "yue", "员": "yun", "缪": "miao",
}  # fmt: skip
