"""What the demo's customers are made of: names, places, numbers and goods of six countries. Nobody here exists.

Telephone numbers come from the ranges that authorities keep for films, where there are such and they pass for valid.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class City(NamedTuple):
    """A place with the first figures of its postal codes; `#` is any digit."""

    name: str
    region: str
    postal_code: str


class Origin(NamedTuple):
    """What customers of one country are like. mobile, landline: E.164, `#` any digit. share: how many of 100."""

    country: str
    language: str
    share: int
    given: tuple[str, ...]
    family: tuple[str, ...]
    cities: tuple[City, ...]
    streets: tuple[str, ...]
    mobile: str
    landline: str
    legal_forms: tuple[str, ...]

    @property
    def eastern(self) -> bool:
        """Whether names and addresses are written in Chinese there."""
        return self.country in ("CN", "TW")


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


ORIGINS: Mapping[str, Origin] = {
    "DE": Origin(
        "DE",
        "de",
        38,
        _words(
            "Lena Jonas Marie Felix Anna Paul Sophie Lukas Katharina Jürgen Uwe Heike Günter Sabine Björn Jörg Ingrid"
            " Matthias Käthe Tobias Renate Stefan Ulrike Andreas Birgit Moritz Leonie Hannes Frieda Till"
        ),
        _words(
            "Hartmann Müller Schröder Weiß Krüger Böhm Vogel Lindner Jäger Günther Scholz Pfeiffer Brandt Möller Seidel"
            " Kühn Haas Dietrich Ziegler Bergmann Voigt Sauer Arnold Pohl Lorenz Kaiser Fuchs Thomas Straßer Nowak"
        ),
        (
            City("Berlin", "Berlin", "10###"),
            City("Dresden", "Sachsen", "01###"),
            City("Köln", "Nordrhein-Westfalen", "50###"),
            City("München", "Bayern", "80###"),
            City("Hamburg", "Hamburg", "20###"),
            City("Weißenfels", "Sachsen-Anhalt", "066##"),
        ),
        (
            "Lindenallee",
            "Gartenstraße",
            "Am Mühlbach",
            "Bahnhofstr.",
            "Goethestraße",
            "Kirchplatz",
            "Rosenweg",
        ),
        "+49171392####",
        "+493023125###",
        ("GmbH", "AG", "KG", "GmbH & Co. KG"),
    ),
    "CN": Origin(
        "CN",
        "zh-CN",
        27,
        _words(
            "小明 丽华 建国 秀英 伟 芳 娜 敏 静 强 磊 军 洋 勇 艳 杰 娟 涛 明 超 秀兰 霞 平 刚 桂英 文 辉 玲 志强 晓东"
        ),
        _words("王 李 张 刘 陈 杨 赵 黄 周 吴 徐 孙 胡 朱 高 林 何 郭 马 罗 梁 宋 郑 谢 韩 唐 冯 于 董 萧"),
        (
            City("上海", "上海市", "2000##"),
            City("北京", "北京市", "1000##"),
            City("深圳", "广东省", "5180##"),
            City("杭州", "浙江省", "3100##"),
            City("成都", "四川省", "6100##"),
        ),
        ("人民路", "中山北路", "解放大道", "南京西路", "文化街", "科技园路"),
        "+86138########",
        "+8621########",
        ("有限公司", "科技有限公司", "贸易有限公司"),
    ),
    "FR": Origin(
        "FR",
        "fr",
        12,
        _words(
            "Élodie François Chloé Rémi Amélie Jérôme Hélène Benoît Zoé Théo Inès Loïc Manon Étienne Noémie Gaël"
        ),
        _words(
            "Lefèvre Moreau Garçon Dubois Bénard Rousseau Girard Lemaître Fournier Chevalier Gauthier Perrin Crépin"
        ),
        (
            City("Lyon", "Auvergne-Rhône-Alpes", "6900#"),
            City("Paris", "Île-de-France", "7501#"),
            City("Saint-Étienne", "Auvergne-Rhône-Alpes", "42000"),
        ),
        ("rue de la République", "avenue Émile Zola", "place du Marché", "chemin des Vignes"),
        "+3361200####",
        "+3319900####",
        ("SARL", "SAS", "SA"),
    ),
    "GB": Origin(
        "GB",
        "en",
        11,
        _words(
            "Oliver Amelia Harry Isla George Freya Jack Poppy Alfie Imogen Callum Niamh Rhys Fiona Hamish Siobhan"
        ),
        _words(
            "Bennett Clarke Hughes O'Neill McAllister Whitaker Fairclough Pemberton Ashworth Lockwood Thorne Blake"
        ),
        (
            City("London", "England", "SE1 #AA"),
            City("Leeds", "England", "LS# 4AB"),
            City("Edinburgh", "Scotland", "EH# 1QD"),
        ),
        ("High Street", "Station Road", "Church Lane", "Victoria Terrace", "Mill Hill"),
        "+447400900###",
        "+442079460###",
        ("Ltd", "Limited", "LLP"),
    ),
    "US": Origin(
        "US",
        "en",
        7,
        _words("Emma Liam Ava Noah Mia Ethan Grace Logan Chloe Mason Nora Caleb Ruth Dwayne Maria Carlos"),
        _words(
            "Johnson Ramirez Nguyen Kowalski Peterson Delgado Fitzgerald Osborne Whitfield Castillo Okafor Lund"
        ),
        (
            City("New York", "NY", "100##"),
            City("Chicago", "IL", "606##"),
            City("Austin", "TX", "787##"),
        ),
        ("Maple Avenue", "Oak Street", "5th Avenue", "Sunset Drive", "Cedar Court"),
        "+121255501##",
        "+131255501##",
        ("Inc.", "LLC", "Corp."),
    ),
    "TW": Origin(
        "TW",
        "en",
        5,
        _words("淑芬 美玲 志明 俊傑 雅婷 怡君 家豪 宗翰 佳穎 建宏"),
        _words("陳 林 黃 張 李 王 吳 劉 蔡 楊"),
        (City("台北", "台北市", "10#"), City("高雄", "高雄市", "80#")),
        ("中正路", "民生東路", "忠孝西路"),
        "+88691#######",
        "+8862########",
        ("有限公司", "股份有限公司"),
    ),
}

TRADITIONAL: Mapping[str, str] = dict(
    zip(
        "张刘陈杨赵黄吴孙马罗郑谢韩冯萧欧阳丽华国伟静强军艳杰涛兰刚辉晓东",
        "張劉陳楊趙黃吳孫馬羅鄭謝韓馮蕭歐陽麗華國偉靜強軍豔傑濤蘭剛輝曉東",
        strict=True,
    )
)

BRANCHES = _words(
    "Optik Logistik Maschinenbau Feinkost Druck Gartenbau Elektro Textil Möbel Software Papier Keramik"
)
BRANCHES_WEST = _words(
    "Optics Logistics Tools Foods Print Gardens Electric Textiles Design Software Paper Ceramics"
)
BRANCHES_EAST = _words("电子 机械 食品 纺织 家具 光学 文具 陶瓷")
LUCKY = _words("华信 鑫源 恒达 瑞丰 金桥 天成 永兴 博远 嘉禾 东升")
SHARED_MAILBOXES = _words("info kontakt office sales")
FREE_MAIL = ("post.example", "mail.example", "web.example", "inbox.example")

GOODS: tuple[tuple[str, str, str], ...] = (
    ("KB-101", "Keramikbecher, 350 ml", "14.90"),
    ("KB-102", "Keramikbecher, 500 ml", "18.50"),
    ("TK-210", "Teekanne 青花", "64.00"),
    ("NB-033", "Notizbuch A5", "9.95"),
    ("LP-700", "Leselampe", "89.00"),
    ("ST-015", "Stempelset; 12-teilig", "24.90"),
    ("PF-400", 'Pfanne 28 cm "Gusseisen"', "119.00"),
    ("OL-750", "Olivenöl, 750 ml", "17.40"),
    ("RU-220", "Rucksack 22 l", "74.95"),
    ("BR-001", "Brotmesser", "39.00"),
)
"""Article number, name, price in EUR with tax."""
