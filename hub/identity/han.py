"""Chinese names: a limited own table from traditional to simplified characters, and pinyin for names met in
Latin letters.

The table holds characters common in surnames, given names and company names, not the whole of the script: a
rare traditional character stays as it is, and the two spellings then count as different.
"""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import permutations
from typing import Literal

from hub.canonical.names import COMPOUND_SURNAMES

Likeness = Literal["alike", "partial", "doubtful", "unlike", "none"]
"""How two names agree: alike; partial, as far as they go; doubtful, for a person to say; unlike; none, one is
missing."""

# each pair: the traditional character, then the simplified one
_PAIRS = """
陳陈 張张 劉刘 楊杨 黃黄 趙赵 吳吴 孫孙 馬马 羅罗 鄭郑 謝谢 韓韩 馮冯 鄧邓 許许 蕭萧 蔣蒋 葉叶 呂吕
蘇苏 盧卢 賈贾 閻阎 範范 鐘钟 鍾钟 譚谭 陸陆 鄒邹 閆闫 龔龚 湯汤 賀贺 賴赖 龍龙 萬万 錢钱 嚴严 莊庄
顧顾 倫伦 龐庞 魯鲁 韋韦 溫温 蘆芦 聶聂 蘭兰 齊齐 歐欧 陽阳 諸诸 東东 關关 費费 連连 紀纪 項项 喬乔
單单 鮑鲍 寧宁 駱骆 應应 滿满 鄔邬 車车 區区 臺台 畢毕 雲云 遲迟 華华 鄺邝 婁娄 塗涂 鳳凤 談谈 強强
貝贝 衛卫 陰阴 戰战 簡简 繆缪 褲裤 譙谯 衝冲 偉伟 麗丽 軍军 傑杰 濤涛 豔艳 艷艳 靜静 慶庆 瑩莹 穎颖
紅红 潔洁 輝辉 飛飞 鵬鹏 國国 興兴 愛爱 蓮莲 鳴鸣 誌志 學学 義义 禮礼 賢贤 貴贵 寶宝 銀银 鋒锋 銳锐
鈞钧 鋼钢 鐵铁 錦锦 鎮镇 鏡镜 鴻鸿 鶴鹤 鷹鹰 燁烨 煒炜 燦灿 燈灯 瑋玮 瓊琼 環环 璽玺 書书 畫画 詩诗
詠咏 誠诚 諾诺 謙谦 讓让 議议 賓宾 資资 賽赛 贊赞 躍跃 軒轩 達达 遠远 進进 運运 選选 鄉乡 開开 間间
闖闯 隨随 雙双 霧雾 電电 順顺 頌颂 顏颜 風风 駿骏 騰腾 驍骁 魚鱼 鮮鲜 鳥鸟 齡龄 優优 億亿 儀仪 兒儿
凱凯 劍剑 動动 勝胜 勵励 匯汇 協协 嘯啸 圓圆 堅坚 壽寿 夢梦 婭娅 媽妈 嫻娴 孿孪 實实 岡冈 島岛 嵐岚
巖岩 帥帅 師师 帶带 懷怀 憲宪 戀恋 揚扬 擁拥 擇择 敵敌 數数 曉晓 暉晖 曄晔 會会 棟栋 業业 極极 樂乐
樹树 橋桥 歡欢 歲岁 氣气 漢汉 漣涟 潤润 澤泽 瀾澜 灣湾 為为 爾尔 獻献 現现 瑤瑶 當当 發发 盡尽 碩硕
禎祯 禪禅 種种 稱称 穩稳 節节 築筑 紋纹 純纯 紓纾 細细 紹绍 結结 絲丝 維维 綱纲 綠绿 緒绪 緣缘 縈萦
績绩 繼继 纖纤 聖圣 聞闻 聰聪 聲声 聯联 肅肃 膽胆 臨临 舉举 艦舰 蒼苍 薈荟 藍蓝 藝艺 蘊蕴 虛虚 號号
裊袅 覺觉 親亲 觀观 計计 訓训 記记 詳详 語语 誼谊 調调 諒谅 謀谋 證证 豐丰 財财 賜赐 質质 贏赢 趨趋
輕轻 輔辅 轉转 農农 郵邮 醫医 鈴铃 鈺钰 鉅钜 銘铭 錚铮 鍵键 鎧铠 鏗铿 鑒鉴 長长 門门 閃闪 閎闳 闊阔
闌阑 陣阵 階阶 際际 難难 韻韵 響响 頂顶 預预 頡颉 頤颐 題题 願愿 類类 飄飘 飲饮 餘余 館馆 驊骅 驚惊
廣广 貿贸 產产 術术 網网 機机 設设 備备 製制 廠厂 辦办 處处 務务 團团 總总 責责 無无 軟软 體体 訊讯
劃划 諮咨 詢询 問问 銷销 購购 儲储 險险 經经 濟济 傳传 創创 圖图 藥药 飯饭 紡纺 織织 膠胶 礦矿 煉炼
鑄铸 鍛锻 輪轮 輸输 倉仓 庫库 縣县 樓楼 層层 個个 們们 測测 試试 戶户 遊游
"""
TO_SIMPLIFIED = {ord(pair[0]): pair[1] for pair in _PAIRS.split()}

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
