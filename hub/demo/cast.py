"""The customers the story tells of, planted by hand among the others; the same in every run."""

from __future__ import annotations

from hub.demo.population import Party, Place

DUPLICATE, MOVER, CALLER, DISPUTED = "cast-duplicate", "cast-mover", "cast-caller", "cast-disputed"
SENIOR, JUNIOR, WIFE, HUSBAND = "cast-senior", "cast-junior", "cast-wife", "cast-husband"

_BERLIN = Place("Lindenallee 12", "Berlin", "Berlin", "10115", "DE")
_DRESDEN = Place("Am Mühlbach 7", "Dresden", "Sachsen", "01067", "DE")
_KOELN = Place("Rosenweg 41", "Köln", "Nordrhein-Westfalen", "50667", "DE")
_SHANGHAI = Place("南京西路88号", "上海", "上海市", "200041", "CN")

CAST = (
    # 欧阳明 in the CRM, Ouyang Ming in the shop, 歐陽明 at the helpdesk: one customer
    Party(
        DUPLICATE,
        "CN",
        _SHANGHAI,
        "明",
        "欧阳",
        email="ouyang.ming@post.example",
        mobile="+8613855512345",
        birth_date="1986-03-09",
        business=True,
    ),
    # moves house, and tells the shop
    Party(
        MOVER,
        "DE",
        _BERLIN,
        "Katharina",
        "Weiß",
        email="katharina.weiss@mail.example",
        mobile="+491713920011",
        business=True,
        systems=("crm", "shop"),
    ),
    # rings the book-keepers with a new number, and they put it into the ERP
    Party(
        CALLER,
        "DE",
        _DRESDEN,
        "Jürgen",
        "Möller",
        email="juergen.moeller@web.example",
        mobile="+491713920022",
        business=True,
        systems=("crm", "shop"),
    ),
    # two people edit this one at the same time, one in the CRM, one in the ERP
    Party(
        DISPUTED,
        "DE",
        _KOELN,
        "Heike",
        "Brandt",
        email="heike.brandt@inbox.example",
        mobile="+491713920033",
        business=True,
        systems=("crm", "shop"),
    ),
    # father and son: one name, one mailbox, two people. No machine can know that.
    Party(
        SENIOR,
        "DE",
        _KOELN,
        "Klaus",
        "Berger",
        email="familie.berger@post.example",
        phone="+493023125901",
        business=True,
        systems=("crm",),
    ),
    Party(
        JUNIOR,
        "DE",
        Place("Kirchplatz 3", "Hamburg", "Hamburg", "20095", "DE"),
        "Klaus",
        "Berger",
        email="familie.berger@post.example",
        mobile="+491713920044",
        systems=("shop",),
    ),
    # man and wife: one mailbox and telephone, two names; never joined
    Party(
        WIFE,
        "DE",
        _DRESDEN,
        "Ingrid",
        "Krüger",
        email="krueger@mail.example",
        phone="+493023125902",
        systems=("crm", "shop"),
    ),
    Party(
        HUSBAND,
        "DE",
        _DRESDEN,
        "Uwe",
        "Krüger",
        email="krueger@mail.example",
        phone="+493023125902",
        systems=("crm", "shop"),
    ),
)
