"""The first half of the story: a home, an ERP, three systems that grew apart, and the sync that unites them."""

from __future__ import annotations

import time
from collections import defaultdict
from importlib import resources as package
from itertools import combinations

from hub.demo import erp_desk, systems
from hub.demo.cast import CAST, JUNIOR, SENIOR
from hub.demo.erp import Erp
from hub.demo.play import BY, Play, written
from hub.demo.population import Party
from hub.demo.views import World, world
from hub.errors import WrongUse
from hub.flows import account, configure, exports, home
from hub.flows.connection_file import read_file
from hub.flows.rails import Plan
from hub.store.queries import listings

KNOWN_TO_ERP, SHARED_WITH_CRM = 40, 35
MAPS = ("crm-customers", "shop-customers", "shop-orders", "desk-customers")


def make_home(play: Play) -> str:
    """What `hub init` does."""
    if (play.home / "hub.toml").exists():
        raise WrongUse(
            f"{play.home} is a home already.", fix="Name a folder for the demo that is not there yet."
        )
    play.settings = home.create(play.home)
    play.db = home.open_store(play.settings)
    play.tell(f"{play.settings.home}: hub.toml, a key, an empty SQLite store")
    return "settings, key, empty store"


def start_erp(play: Play) -> str:
    """A real one, and a few customers that its people entered by hand."""
    play.world = world(play.seed)
    play.erp = Erp.start(play.home / "erp", progress=play.stage.moving)
    key = play.home / "erp.key"
    key.touch(mode=0o600)
    key.write_text(play.erp.key, encoding="ascii")
    known = _known_to_erp(play.world)
    for id, party in zip(erp_desk.enter(play.erp, known), known, strict=True):
        play.world.truth[("erp", id)] = party.key
    play.tell(f"Tryton at {play.erp.url}, with {len(known)} customers of its own", erp_known=len(known))
    return f"Tryton with {len(known)} customers of its own"


def _known_to_erp(world: World) -> list[Party]:
    """Business customers that the CRM knows too, and a few it does not."""
    business = [one for one in world.parties.values() if one.business and one not in CAST]
    shared = [one for one in business if "crm" in one.systems][:SHARED_WITH_CRM]
    return shared + [one for one in business if "crm" not in one.systems][: KNOWN_TO_ERP - SHARED_WITH_CRM]


def write_exports(play: Play) -> str:
    """Three folders, as three systems export; the connections file and the maps, as an admin writes them."""
    play.systems, play.orders = systems.install(play.home, play.world, seed=play.seed)
    maps = play.home / "maps"
    for folder in (maps, *(one.inbox for one in play.systems.values())):
        folder.mkdir(parents=True)
    texts = package.files("hub.demo") / "home"
    for name in MAPS:
        (maps / f"{name}.toml").write_text(
            (texts / f"{name}.toml").read_text(encoding="utf-8"), encoding="utf-8"
        )
    text = (texts / "connections.toml").read_text(encoding="utf-8").replace("@ERP_URL@", play.erp.url)
    (play.home / "connections.toml").write_text(text, encoding="utf-8")
    counts = {name: len(one.rows) for name, one in play.systems.items()}
    orders = len({row["order_no"] for row in play.orders.rows})
    total, customers = sum(counts.values()), len(play.world.parties)
    play.tell(
        f"crm: {counts['crm']} rows, GB18030 with Chinese headers; shop: {counts['shop']} rows, semicolons and a BOM"
    )
    play.tell(
        f"desk: {counts['desk']} lines of JSON; orders: {len(play.orders.rows):,} rows with decimal commas",
        records=total,
        customers=customers,
        orders_written=orders,
    )
    play.tell(
        "as in real life: typing errors, shared mailboxes, households, names in two scripts, 7 broken rows"
    )
    return f"{total:,} records of {customers} real customers, {orders:,} orders"


def connect(play: Play) -> str:
    """What `hub apply connections.toml` and `hub connection check` do."""
    document = read_file(play.home / "connections.toml", home=play.home)
    names = [
        step.name
        for step in configure.apply(play.db, document, by=BY, now=time.time())
        if step.what == "connection"
    ]
    play.tell(f"connections.toml applied: {', '.join(names)}")
    findings = 0
    for name in names:
        play.stage.moving(name)
        for found in account.check(play.db, play.settings, name):
            findings += 1
            play.expect(found.ok, f"{name}: {found.step}: {found.detail}")
    play.tell(f"{findings} checks: address, login and rights; files, columns and encodings", checks=findings)
    return f"{len(names)} connections, {findings} checks"


def first_sync(play: Play) -> str:
    """What `hub sync` does in new connections: everything is read, nothing is written, a plan is shown."""
    report = play.sync()
    _tell_customers(play)
    _tell_orders(play)
    for plan in report.plans:
        play.tell(_plan(plan))
    play.figures["plans"] = {one.connection: (one.creates, one.updates) for one in report.plans}
    play.expect("erp" in play.figures["plans"], "no plan was shown before the first writes")
    return "{links:,} records became {golden} golden customers; {orders:,} orders".format(**play.figures)


def _tell_customers(play: Play) -> None:
    links = play.links()
    with play.db.read() as conn:
        golden = listings.count(conn, "customer")
        refused = listings.quarantine(conn, limit=100)
    play.tell(
        f"{len(links):,} customer records became {golden} golden customers", links=len(links), golden=golden
    )
    play.tell(
        f"{len(refused)} records could not be taken; each is in quarantine with its cause:",
        quarantined=len(refused),
    )
    for row in reversed(refused):
        play.tell(f"  {' '.join(filter(None, (row.connection, row.object, row.external_id)))}: {row.cause}")


def _tell_orders(play: Play) -> None:
    orders = list(exports.orders(play.db))
    flagged = sorted(one["external_id"] for one in orders if one["totals_difference"])
    waiting = sum(one["customer_id"] is None for one in orders)
    play.tell(
        f"{len(orders):,} orders with their customers; {len(flagged)} are flagged, their totals do not add up",
        orders=len(orders),
        flagged=flagged,
        waiting=waiting,
    )
    play.expect(not waiting, f"{waiting} orders found no customer")


def _plan(plan: Plan) -> str:
    fields = ", ".join(f"{path} {count}" for path, count in plan.fields.most_common(4))
    return f"plan for {plan.connection}: {plan.creates} creates, {plan.updates} updates ({fields} …)"


def confirm(play: Play) -> str:
    """What `hub sync --confirm` does: a person has seen the plans."""
    report = play.sync(confirm=True)
    counts = {one.connection: one.counts for one in report.outcomes if one.kind == "push"}
    created, updated = counts["erp"]["created"], counts["erp"]["written"]
    play.tell(
        f"{created} customers with the tag b2b created in the ERP, {updated} brought up to date",
        created=created,
    )
    play.expect(
        (created, updated) == play.figures["plans"]["erp"], "the ERP got something else than its plan said"
    )
    back = {name: one.take_back() for name, one in play.systems.items()}
    play.tell(
        f"write-back files: {back['crm']} rows for the CRM, {back['shop']} for the shop; both imported them"
    )
    again = written(play.sync())
    play.expect(not again, f"a second sync wrote again: {dict(again)}")
    play.tell("synced once more with their new exports: nothing to write, nothing taken for an edit")
    return f"{created} created in the ERP; {updated + back['crm'] + back['shop']} records brought up to date"


def judge_matching(play: Play) -> str:
    """We made these customers, so we know who is who: how many doubles were found, and how many joined wrongly."""
    links = play.links()
    truth = play.world.truth
    by_party: defaultdict[str, list[str]] = defaultdict(list)
    by_customer: defaultdict[str, set[str]] = defaultdict(set)
    for place, customer in links.items():
        if place in truth:
            by_party[truth[place]].append(customer)
            by_customer[customer].add(truth[place])
    pairs = [a == b for many in by_party.values() for a, b in combinations(many, 2)]
    wrong = [parties for parties in by_customer.values() if len(parties) > 1]
    play.tell(
        f"{sum(pairs)} of {len(pairs)} pairs of records of one customer were joined, by e-mail, phone or tax number",
        true_pairs=len(pairs),
        joined=sum(pairs),
        wrong=sorted(sorted(parties) for parties in wrong),
    )
    names = "; ".join(
        " and ".join(play.world.parties[key].name for key in keys) for keys in play.figures["wrong"]
    )
    play.tell(
        f"{len(wrong)} wrong: {names} (one name, one mailbox: only a person can know)"
        if wrong
        else "none wrongly"
    )
    play.expect(
        play.figures["wrong"] == [[JUNIOR, SENIOR]], "other people were joined than the one planted pair"
    )
    return f"{sum(pairs)} of {len(pairs)} pairs found, {len(wrong)} wrong"
