"""Comparing the names of two organisations, without their legal form."""

from __future__ import annotations

from itertools import permutations

from rapidfuzz.distance import OSA, JaroWinkler

from hub.identity.fold import words
from hub.identity.han import Likeness, is_han

TYPO = 0.92

_FORM_WORDS = """
inc incorporated corp corporation co company llc llp lp ltd limited plc pty gmbh mbh ag kg kgaa ohg gbr ug ev
eg se sarl sas sasu sa eurl snc sca srl spa sapa sl slu sau bv nv vof cv bvba sprl ab as asa aps oy oyj doo dd
sro kft zrt nyrt bt spzoo ooo oao zao pao ltda eireli sac saic kk gk sdn bhd pte jsc pjsc tbk
"""
_FILLER_WORDS = "the and und et y e of"

# Words that say which form a company has, not which company. Runs of letters (S. A., d. o. o.) are joined
# first.
_FORMS = frozenset(_FORM_WORDS.split())
_FILLERS = frozenset(_FILLER_WORDS.split())
_HAN_FORM_WORDS = """
股份有限公司 有限责任公司 集团有限公司 有限公司 有限合伙 普通合伙 股份公司 合伙企业 株式会社 公司 集团 事务所
经营部 工作室
"""
_HAN_FORMS = tuple(_HAN_FORM_WORDS.split())


def organisation_words(name: str) -> tuple[str, ...]:
    """The folded words of an organisation's name, sorted, without its legal form (unless nothing else is
    left)."""
    found = _joined_letters(words(name))
    kept = [word for word in found if word not in _FORMS and word not in _FILLERS]
    kept = [_without_han_form(word) if is_han(word) else word for word in kept]
    return tuple(sorted(kept or found))


def compare_organisations(mine: tuple[str, ...], theirs: tuple[str, ...]) -> Likeness:
    """Equal words are alike, a typing error too; one name within the other may be a branch or a parent: for a
    person to say."""
    if not mine or not theirs:
        return "none"
    if mine == theirs or _run_together(mine, theirs):
        return "alike"
    shorter, longer = (mine, theirs) if len(mine) <= len(theirs) else (theirs, mine)
    rest = list(longer)
    for word in shorter:
        partner = word if word in rest else next((other for other in rest if _typo(word, other)), None)
        if partner is not None:
            rest.remove(partner)
    if len(rest) == len(longer) - len(shorter):  # every word of the shorter name is in the longer
        return "doubtful" if rest else "alike"
    han = is_han(shorter[0]), is_han(longer[0])
    if any(han):
        a, b = "".join(shorter), "".join(longer)
        return "unlike" if all(han) and not (a in b or b in a) else "doubtful"  # or a translated name
    if len(rest) < len(longer):
        return "doubtful"
    return "alike" if _one_typed_together(mine, theirs) else "unlike"


def _one_typed_together(mine: tuple[str, ...], theirs: tuple[str, ...]) -> bool:
    """The same letters but for a typing error, wherever the words part (Kelson Pharma, kelsonepharma)."""
    if len(mine) > 3 or len(theirs) > 3 or len(mine) == len(theirs):
        return False
    limit = 1 if sum(map(len, mine)) < 12 else 2
    solid = ["".join(order) for order in permutations(theirs)]
    return any(
        OSA.distance("".join(order), one, score_cutoff=limit) <= limit
        for order in permutations(mine)
        for one in solid
    )


def _run_together(mine: tuple[str, ...], theirs: tuple[str, ...]) -> bool:
    """Face Book, Facebook."""
    several, one = (mine, theirs[0]) if len(theirs) == 1 else (theirs, mine[0])
    if len(several) > 3 or (len(mine) > 1 and len(theirs) > 1) or sum(map(len, several)) != len(one):
        return False
    return any("".join(order) == one for order in permutations(several))


def _typo(a: str, b: str) -> bool:
    if min(len(a), len(b)) < 5 or a.isdigit() or b.isdigit():
        return False
    return JaroWinkler.similarity(a, b, score_cutoff=TYPO) >= TYPO


def _joined_letters(found: list[str]) -> list[str]:
    """`["acme", "s", "a"]` as `["acme", "sa"]`."""
    joined: list[str] = []
    run = ""
    for word in found:
        if len(word) == 1 and word.isascii() and word.isalpha():
            run += word
            continue
        if run:
            joined.append(run)
            run = ""
        joined.append(word)
    if run:
        joined.append(run)
    return joined


def _without_han_form(word: str) -> str:
    for form in _HAN_FORMS:
        if word.endswith(form) and len(word) > len(form):
            return word[: -len(form)]
    return word


# Words that many companies have: what they do, or that they are several.
_COMMON_WORDS = """
group groupe gruppe holding holdings trading services service consulting solutions systems international global partners
management technologies technology tech media design construction logistics transport food foods energy capital
investments properties property enterprises industries sons bros brothers associates handel handels bau verlag auto
hotel
restaurant cafe praxis apotheke software it data digital marketing travel health care medical center centre studio shop
store market import export engineering electric electronics insurance bank finance financial real estate cleaning
security agency club school institute university foundation stiftung verein museum
科技 技术 贸易 实业 投资 发展 国际 网络 信息 电子 商贸 服务 咨询 管理 集团 中国 北京 上海 深圳 广州
"""
_COMMON = frozenset(_COMMON_WORDS.split())
_COMMON_POINTS, _WORD_POINTS, _MOST_POINTS = 250, 950, 1900


def organisation_points(name: tuple[str, ...]) -> int:
    """What two equal names of organisations are worth: words that many have count little."""
    found = 0
    for word in name:
        if word in _COMMON or len(word) < 3:
            found += _COMMON_POINTS
        else:
            found += _WORD_POINTS + 40 * min(len(word), 10) - 200
    return min(found, _MOST_POINTS)
