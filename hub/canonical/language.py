"""Languages as BCP 47 tags, from a tag in any spelling or a name in English, Chinese or the language itself."""

from __future__ import annotations

import re
from typing import Any

from hub.canonical.clean import line

_TAG = re.compile(r"[a-z]{2,3}(?:[-_](?:[a-z]{4}|[a-z]{2}|[0-9]{3}|[a-z0-9]{5,8}))*", re.IGNORECASE)

_TABLE = """
ar|arabic|阿拉伯语|阿拉伯文|العربية
cs|czech|捷克语|čeština
da|danish|丹麦语|dansk
de|german|德语|德文|deutsch
el|greek|希腊语|ελληνικά
en|english|英语|英文
es|spanish|西班牙语|español|castellano
fi|finnish|芬兰语|suomi
fr|french|法语|法文|français
he|hebrew|希伯来语|עברית
hi|hindi|印地语|हिन्दी
hu|hungarian|匈牙利语|magyar
id|indonesian|印尼语|印度尼西亚语|bahasa indonesia
it|italian|意大利语|italiano
ja|japanese|日语|日文|日本語
ko|korean|韩语|韩文|한국어
ms|malay|马来语|bahasa melayu
nb|norwegian|挪威语|norsk
nl|dutch|荷兰语|nederlands
pl|polish|波兰语|polski
pt|portuguese|葡萄牙语|português
ro|romanian|罗马尼亚语|română
ru|russian|俄语|俄文|русский
sv|swedish|瑞典语|svenska
th|thai|泰语|泰文|ไทย
tr|turkish|土耳其语|türkçe
uk|ukrainian|乌克兰语|українська
vi|vietnamese|越南语|tiếng việt
zh|chinese|中文|汉语|华语|mandarin
zh-Hans|simplified chinese|简体中文|chinese (simplified)
zh-Hant|traditional chinese|繁體中文|繁体中文|chinese (traditional)
"""
_NAMES = {name: row.split("|")[0] for row in _TABLE.strip().splitlines() for name in row.split("|")[1:]}


def to_language(value: Any) -> str | None:
    """A BCP 47 tag (`de`, `en-US`, `zh-Hant-TW`); a word that names no language stays as given; None if blank."""
    text = line(value)
    if text is None:
        return None
    if tag := _NAMES.get(text.lower()):
        return tag
    if not _TAG.fullmatch(text):
        return text
    first, *rest = text.replace("_", "-").split("-")
    return "-".join([first.lower(), *(_part(part) for part in rest)])


def _part(part: str) -> str:
    if len(part) == 4 and part.isalpha():
        return part.title()
    return part.upper() if len(part) == 2 else part.lower()
