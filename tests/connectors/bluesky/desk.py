"""A hub connected to a network, and to a folder of a CRM's customers; what tests ask of it, in few words."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet
from sqlalchemy import text

from hub.flows import messages
from hub.flows.configure import apply
from hub.flows.connection_file import read_text
from hub.flows.messages import Message
from hub.flows.sync import sync
from hub.flows.wiring import Wiring, load_wiring
from hub.settings import Settings
from hub.store.documents import load
from hub.store.golden_row import decode_doc
from hub.store.queries import interactions
from hub.store.queries.interactions import InteractionRow
from hub.store.session import Database

_FILE = """\
[connection.social]
connector = "bluesky"
url = "{url}"
identifier = "widgetco.test"
password = "file:{home}/password"
[connection.social.interaction]
[connection.crm]
connector = "files"
path = "in/"
[[connection.crm.file]]
object = "customer"
match = "people*.csv"
id = "id"
map = "people.toml"
"""
_MAP = """\
object = "customer"
[pull]
given_name = "first"
family_name = "last"
email = "mail"
phone = "phone"
"external_ref[domain]" = "domain"
"external_ref[bluesky]" = "did"
"""


class Desk:
    def __init__(self, db: Database, home: Path, url: str) -> None:
        home.mkdir(parents=True)
        (home / "in").mkdir()
        (home / "password").write_text("widgetco-pass", encoding="utf-8")
        (home / "hub.key").write_bytes(Fernet.generate_key())
        (home / "people.toml").write_text(_MAP, encoding="utf-8")
        self.db, self.home = db, home
        self.settings = Settings(home=home, database_url=db.url, key_file=home / "hub.key")
        self.crm()
        file = _FILE.format(url=url, home=home)
        found = read_text(file, file=str(home / "c.toml"), base_dir=home, home=home)
        apply(db, found, by="test", now=time.time())

    def crm(self, *rows: str) -> None:
        """The customers of the CRM: id,first,last,mail,phone,domain,did."""
        lines = "\n".join(["id,first,last,mail,phone,domain,did", *rows, ""])
        (self.home / "in" / "people.csv").write_text(lines, encoding="utf-8")

    def sync(self, **options: Any) -> Any:
        report = sync(self.db, self.settings, confirm=True, **options)
        assert report.exit_code == 0, report
        return report

    def wiring(self) -> Wiring:
        return load_wiring(self.db)

    def rows(self, sql: str, **values: Any) -> list[Any]:
        with self.db.read() as conn:
            return list(conn.execute(text(sql), values))

    def customer(self, connection: str, external_id: str) -> int:
        """The customer a record answers to."""
        ((found,),) = self.rows(
            "SELECT i.customer_id FROM identity i JOIN source_record s ON s.id = i.record_id "
            "JOIN connection c ON c.id = s.connection_id WHERE c.name = :name AND s.external_id = :id "
            "AND s.object = 'customer'",
            name=connection,
            id=external_id,
        )
        return int(found)

    def golden(self, customer: int) -> dict[str, Any]:
        ((doc,),) = self.rows("SELECT doc FROM customer WHERE id = :id", id=customer)
        return decode_doc(doc)[0]

    def timeline(self, customer: int) -> list[InteractionRow]:
        with self.db.read() as conn:
            return interactions.of_customer(conn, customer, limit=100)

    def told(self, customer: int) -> list[str]:
        """What the timeline says, newest first: the texts, or what it was instead."""
        docs = [load(one.doc) for one in self.timeline(customer)]
        return [doc.get("body") or doc["custom.bluesky.reason"] for doc in docs]

    def one(self, external_id: str) -> InteractionRow:
        (found,) = self.rows("SELECT id FROM interaction_document WHERE external_id = :id", id=external_id)
        return messages.shown(self.db, found[0])

    def one_by_id(self, id: int) -> InteractionRow:
        return messages.shown(self.db, id)

    def reply(self, id: int, text: str, **more: Any) -> int:
        message = Message(text, "test", **more)
        return messages.reply(self.db, self.wiring(), id, message=message, now=time.time())

    def post(self, text: str, **more: Any) -> int:
        message = Message(text, "test", **more)
        return messages.post(self.db, self.wiring(), "social", message=message, now=time.time())

    def send(self, id: int) -> InteractionRow:
        return messages.send(self.db, self.settings, self.wiring(), id=id)
