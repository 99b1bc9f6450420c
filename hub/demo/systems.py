"""The three other systems, as far as a folder shows: whole exports, imports of what came back, edits by people."""

from __future__ import annotations

import csv
import io
import json
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from hub.canonical.moment import zone
from hub.demo.orders import ORDER_COLUMNS, Orders, orders
from hub.demo.views import CRM_COLUMNS, SHOP_COLUMNS, Row, World


@dataclass(frozen=True, slots=True)
class Habits:
    """How a system writes its export. columns empty: JSON Lines. stamp: the column (and form) of its last change."""

    file: str
    columns: Sequence[str] = ()
    encoding: str = "utf-8"
    delimiter: str = ","
    stamp: tuple[str, str, str] = ("", "", "UTC")


HABITS = {
    "crm": Habits(
        "crm/客户导出.csv",
        CRM_COLUMNS,
        "gb18030",
        stamp=("更新时间", "%Y-%m-%d %H:%M:%S", "Asia/Shanghai"),
    ),
    "shop": Habits(
        "shop/customers.csv",
        SHOP_COLUMNS,
        "utf-8-sig",
        ";",
        stamp=("updated", "%Y-%m-%dT%H:%M:%S", "Europe/Berlin"),
    ),
    "desk": Habits("desk/requesters.jsonl", stamp=("updated_at", "%Y-%m-%dT%H:%M:%SZ", "UTC")),
}
ORDERS_FILE = Habits("shop/orders-2025.csv", ORDER_COLUMNS, "utf-8-sig", ";")


@dataclass(slots=True)
class System:
    """One of them. rows: its customers by external id. broken: lines its export gets wrong every time."""

    name: str
    folder: Path
    rows: dict[str, Row]
    broken: Sequence[str] = ()
    imported: set[str] = field(default_factory=set)

    @property
    def habits(self) -> Habits:
        return HABITS[self.name]

    @property
    def inbox(self) -> Path:
        """Where the hub leaves what this system is to import."""
        return self.folder / "write-back" / self.name

    def export(self) -> None:
        """Write the export anew, whole, as it does every night."""
        text = (
            _jsonl(self.rows.values()) if not self.habits.columns else _csv(self.habits, self.rows.values())
        )
        write(
            self.folder / "exports" / self.habits.file,
            text + "".join(f"{line}\n" for line in self.broken),
            self.habits,
        )

    def edit(self, id: str, changes: Mapping[str, str], *, ago: float = 0.0) -> None:
        """Somebody changes a customer there, so many seconds ago."""
        column, form, timezone = self.habits.stamp
        at = datetime.fromtimestamp(time.time() - ago, UTC).astimezone(zone(timezone))
        self.rows[id] |= {**changes, column: at.strftime(form)}

    def take_back(self) -> int:
        """Import the files that came back since last time, and export. Returns how many rows they had."""
        count = 0
        for file in sorted(self.inbox.glob("*.csv")):
            if file.name in self.imported:
                continue
            self.imported.add(file.name)
            with file.open(encoding="utf-8-sig", newline="") as lines:
                for row in csv.DictReader(lines, delimiter=self.habits.delimiter):
                    self.rows[row[self.habits.columns[0]]] = row
                    count += 1
        if count:
            self.export()
        return count

    def came_back(self, id: str, column: str) -> str | None:
        """What the newest file that came back says of a customer; None if none speaks of it."""
        for file in sorted(self.inbox.glob("*.csv"), reverse=True):
            with file.open(encoding="utf-8-sig", newline="") as lines:
                for row in csv.DictReader(lines, delimiter=self.habits.delimiter):
                    if row[self.habits.columns[0]] == id:
                        return row[column]
        return None


def install(folder: Path, world: World, *, seed: int) -> tuple[dict[str, System], Orders]:
    """Write the first exports of all three, bad rows included."""
    made = {
        "crm": System("crm", folder, world.crm, broken=BROKEN["crm"]),
        "shop": System("shop", folder, world.shop, broken=BROKEN["shop"]),
        "desk": System("desk", folder, world.desk, broken=BROKEN["desk"]),
    }
    for system in made.values():
        system.export()
    found = orders(seed, list(world.shop))
    text = _csv(ORDERS_FILE, found.rows) + "".join(f"{line}\n" for line in BROKEN["orders"])
    write(folder / "exports" / ORDERS_FILE.file, text, ORDERS_FILE)
    return made, found


BROKEN = {
    "crm": (
        "KH90001,个人,错行,,,,,,,,,",  # a row cut off
        "KH90002,个人,陈错日,,cuori@post.example,,,中国,上海市,上海,人民路1号,200011,,1985/02/30,,2024-01-01 09:00:00",
    ),
    "shop": (  # one number given to two accounts
        "90001;private;Erna;Doppelt;;erna@post.example;;;Rosenweg 1;10115;Berlin;DE;de;no;2024-03-03T10:00:00",
        "90001;private;Egon;Doppelt;;egon@post.example;;;Rosenweg 1;10115;Berlin;DE;de;no;2024-03-03T10:00:00",
    ),
    "desk": ('{"id": 590001, "name": "Cut Off", "email": "cut@post.exam',),
    "orders": (
        "S-90001;10001;31.02.2025 10:00;open;paid;shipped;EUR;1;KB-101;Becher;1;14,90;14,90;0,00;4,90;3,16;19,80",
        "S-90002;10001;01.02.2025 10:00;open;paid;shipped;Taler;1;KB-101;Becher;1;14,90;14,90;0,00;4,90;3,16;19,80",
    ),
}
"""Rows that no system should hand out, and every system does."""


def write(file: Path, text: str, habits: Habits) -> None:
    """Put the file in place at once, as a good exporter does."""
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_name(f".{file.name}.part")
    draft.write_bytes(text.encode(habits.encoding))
    draft.replace(file)


def _csv(habits: Habits, rows: Iterable[Row]) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, habits.columns, delimiter=habits.delimiter, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def _jsonl(rows: Iterable[Row]) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
