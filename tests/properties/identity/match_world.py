"""Records matched page by page through the store, without connectors: what a test of order needs."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import text

from hub.flows.matching import Subject, match
from hub.identity.features import Features
from hub.identity.model import MatchModel
from hub.store import bulk
from hub.store.queries import matching as queries
from hub.store.session import Database
from hub.store.tables import source_record

BENCH = Path(__file__).resolve().parents[2] / "bench"
if str(BENCH) not in sys.path:
    sys.path.append(str(BENCH))

_COLUMNS = (
    "id", "connection_id", "object", "external_id", "part", "map_id", "first_seen", "read_at", "raw",
)  # fmt: skip


@dataclass(frozen=True)
class World:
    """Stands for the wiring: one connection, one realm."""

    model: MatchModel
    names: Mapping[int, str] = field(default_factory=lambda: {1: "x"})

    def realm(self, connection_id: int) -> str:
        return "default"

    def unique_customers(self, connection_id: int) -> bool:
        return False


class Matcher:
    """A store into which records come by external id. Record ids are given in order of arrival."""

    def __init__(self, db: Database, model: MatchModel) -> None:
        self.db = db
        self.world: Any = World(model)

    def take(self, page: Sequence[tuple[str, Features]]) -> None:
        """One page, in one transaction: new records, and known ones that say something else now."""
        with self.db.write() as conn:
            known = {
                row[0]: row[1]
                for row in conn.execute(text("SELECT external_id, id FROM source_record")).all()
            }
            free = max(known.values(), default=0) + 1
            stored = queries.standings(conn, known.values())
            subjects, rows = {}, []
            for name, found in page:
                id = known.get(name)
                before = None
                if id is None:
                    id, free = free, free + 1
                    known[name] = id
                    rows.append((id, 1, "customer", name, "", 1, 1.0, 1.0, "{}"))
                else:
                    before = Features.from_json(_json(stored[id].features))
                subjects[id] = Subject(id, 1, name, "", 1.0, found, before)
            bulk.insert(conn, source_record, _COLUMNS, rows=rows)
            match(conn, self.world, subjects)

    def state(self) -> tuple[set[frozenset[str]], dict[tuple[str, str], int], int]:
        """(the partition, every stored pair with its points, how many keys are common)."""
        with self.db.read() as conn:
            names = {
                row[0]: row[1] for row in conn.execute(text("SELECT id, external_id FROM source_record"))
            }
            groups: dict[int, set[str]] = {}
            for id, customer in conn.execute(text("SELECT record_id, customer_id FROM identity")):
                groups.setdefault(customer, set()).add(names[id])
            edges = {
                (min(names[a], names[b]), max(names[a], names[b])): points
                for a, b, points in conn.execute(text("SELECT a, b, points FROM edge"))
            }
            common = conn.scalar(text("SELECT COUNT(*) FROM common_key"))
        return {frozenset(group) for group in groups.values()}, edges, int(common or 0)

    def clear(self) -> None:
        with self.db.write() as conn:
            for table in ("source_record", "identity", "match_key", "edge", "common_key"):
                conn.execute(text(f"DELETE FROM {table}"))


def _json(text: str) -> Any:
    from hub.store.documents import load

    return load(text)


def pages(records: Sequence[tuple[str, Features]], size: int) -> Iterable[Sequence[tuple[str, Features]]]:
    for start in range(0, len(records), size):
        yield records[start : start + size]
