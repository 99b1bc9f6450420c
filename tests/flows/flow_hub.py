"""What the flow tests say of a hub, in few words."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from sqlalchemy import select, text

from hub.flows import rebuild
from hub.flows.bindings import load_bindings
from hub.flows.configure import apply
from hub.flows.connection_file import read_text
from hub.flows.sync import SyncReport, sync
from hub.flows.wiring import Stream, Wiring, load_wiring
from hub.settings import Settings
from hub.store.documents import load
from hub.store.golden_row import decode_doc
from hub.store.session import Database
from hub.store.tables import metadata
from hub.sync.binding import Binding

# What a pull of unchanged data may not touch, in the words of the issue: "no row to any golden table".
GOLDEN_TABLES = (
    "customer", "feed", "identity", "match_key", "edge", "binding", "entry", "delivery", "creation", "order_document",
)  # fmt: skip


class Hub:
    """A store with a home. Connections come by `apply`, everything else by `sync`."""

    def __init__(self, db: Database, home: Path, clock: Any) -> None:
        home.mkdir(parents=True, exist_ok=True)
        self.db, self.home, self.clock = db, home, clock
        self.settings = Settings(home=home, database_url=db.url)

    def apply(self, document: str) -> None:
        """Apply a connections file that lies in the home."""
        found = read_text(document, file=str(self.home / "c.toml"), base_dir=self.home, home=self.home)
        apply(self.db, found, by="test", now=time.time())

    def connect(self, name: str, rules: str = "", *, map: str, more: str = "") -> None:
        """A connection to the system of the same name. rules: lines of its customer table; more: of its own."""
        (self.home / f"{name}.toml").write_text(map, encoding="utf-8")
        self.apply(
            f'[connection.{name}]\nconnector = "{name}"\n{more}\n'
            f'[connection.{name}.customer]\nmap = "{name}.toml"\n{rules}\n'
        )

    def sync(self, *names: str, **options: Any) -> SyncReport:
        return sync(self.db, self.settings, connections=names, **options)

    def settle(self, *names: str) -> SyncReport:
        """A confirmed sync that must come to a good end."""
        report = self.sync(*names, confirm=True)
        assert report.exit_code == 0, report
        return report

    # --- what is in the store -----------------------------------------------------------------------

    def wiring(self) -> Wiring:
        return load_wiring(self.db)

    def stream(self, name: str, object: str = "customer") -> Stream:
        return next(s for s in self.wiring().streams.values() if (s.connection, s.object) == (name, object))

    def rows(self, sql: str, **values: Any) -> list[Any]:
        with self.db.read() as conn:
            return list(conn.execute(text(sql), values))

    def one(self, sql: str, **values: Any) -> Any:
        return self.rows(sql, **values)[0][0]

    def count(self, table: str, where: str = "1 = 1") -> int:
        return int(self.one(f"SELECT count(*) FROM {table} WHERE {where}"))

    def record(self, name: str, external_id: str, *, part: str = "") -> int:
        return int(
            self.one(
                "SELECT s.id FROM source_record s JOIN connection c ON c.id = s.connection_id "
                "WHERE c.name = :name AND s.external_id = :id AND s.part = :part AND s.object = 'customer'",
                name=name, id=external_id, part=part,
            )
        )  # fmt: skip

    def customer(self, name: str, external_id: str, *, part: str = "") -> int:
        """The customer a record answers to."""
        record = self.record(name, external_id, part=part)
        return int(self.one("SELECT customer_id FROM identity WHERE record_id = :id", id=record))

    def golden(self, name: str, external_id: str, *, part: str = "") -> dict[str, Any]:
        """The golden fields of the customer a record answers to."""
        id = self.customer(name, external_id, part=part)
        return decode_doc(self.one("SELECT doc FROM customer WHERE id = :id", id=id))[0]

    def also(self, name: str, external_id: str) -> dict[str, Any]:
        id = self.customer(name, external_id)
        return decode_doc(self.one("SELECT doc FROM customer WHERE id = :id", id=id))[1]

    def binding(self, name: str, external_id: str, *, part: str = "") -> Binding:
        id = self.record(name, external_id, part=part)
        with self.db.read() as conn:
            return load_bindings(conn, [id])[id]

    def entries(self) -> list[dict[str, Any]]:
        return [load(row[0]) for row in self.rows("SELECT detail FROM entry ORDER BY id")]

    def quarantine(self, state: str = "open") -> dict[str, str]:
        """External id → cause."""
        sql = "SELECT ident, cause FROM quarantine WHERE state = :state"
        return {row.ident: row.cause for row in self.rows(sql, state=state)}

    def deliveries(self) -> list[str]:
        return [row[0] for row in self.rows("SELECT state FROM delivery ORDER BY record_id")]

    def content(self, *tables: str) -> dict[str, list[tuple[Any, ...]]]:
        """Every row of every table (or of these), so that two moments can be compared."""
        with self.db.read() as conn:
            return {
                table.name: sorted((tuple(row) for row in conn.execute(select(table))), key=repr)
                for table in metadata.sorted_tables
                if not tables or table.name in tables
            }

    # --- the law --------------------------------------------------------------------------------------

    def assert_healthy(self) -> None:
        """`hub rebuild --check` finds nothing, and a rebuild changes nothing."""
        wiring = self.wiring()
        assert rebuild.check(self.db, wiring) == []
        before = self.content(*GOLDEN_TABLES)
        rebuild.rebuild(self.db, wiring)
        after = self.content(*GOLDEN_TABLES)
        assert {name for name in before if before[name] != after[name]} == set()
