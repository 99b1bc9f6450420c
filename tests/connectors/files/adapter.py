"""A system that exports into one folder and imports whatever is put into another."""

from __future__ import annotations

import csv
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hub.testkit.adapter import Adapter, Setup, Wrong

COLUMNS = {
    "customer": ["number", "name", "email", "city", "note"],
    "order": ["order_no", "title", "sku", "quantity"],
}
TEXT = {"customer": "name", "order": "title"}


class Exports(Adapter):
    objects = ("customer", "order")

    def start(self, folder: str) -> None:
        self.home = Path(folder)
        self.rows: dict[str, dict[str, dict[str, str]]] = {"customer": {}, "order": {}}
        for name in ("in", "out"):
            (self.home / name).mkdir()
        self._export("customer")
        self._export("order")

    def setup(self) -> Setup:
        return Setup(
            settings={"path": str(self.home / "in"), "write_back": str(self.home / "out")},
            files=(
                {"object": "customer", "match": "customers*.csv", "id": "number", "complete": True},
                {"object": "order", "match": "orders*.csv", "id": "order_no", "complete": True},
            ),
        )

    def wrong(self) -> Sequence[Wrong]:
        right = self.setup()
        first, second = right.files
        return [
            Wrong("a folder that is not there", right._replace(settings={"path": str(self.home / "no")})),
            Wrong(
                "a path that is a file",
                right._replace(settings={"path": str(self.home / "in/customers.csv")}),
            ),
            Wrong("no file tables", right._replace(files=())),
            Wrong(
                "a pattern that leaves the folder", right._replace(files=({**first, "match": "../*.csv"},))
            ),
            Wrong("a pattern that matches nothing", right._replace(files=({**first, "match": "nobody*"},))),
            Wrong("an id column that is not there", right._replace(files=({**first, "id": "nummer"},))),
            Wrong("an unknown encoding", right._replace(files=({**first, "encoding": "utf-9"},))),
            Wrong("a delimiter of two characters", right._replace(files=({**first, "delimiter": "::"},))),
            Wrong("an unknown object", right._replace(files=({**second, "object": "invoice"},))),
            Wrong(
                "a write-back into the folder that is read",
                right._replace(settings={**right.settings, "write_back": str(self.home / "in")}),
            ),
        ]

    def payload(self, object: str, number: int, *, text: str | None = None) -> Mapping[str, Any]:
        if object == "order":
            return {"title": text or f"Order {number}", "sku": f"SKU-{number}", "quantity": str(number)}
        return {
            "name": text or f"Name {number}",
            "email": f"c{number}@example.org",
            "city": "Köln",
            "note": f"note {number}",
        }

    def text_of(self, object: str, raw: Mapping[str, Any]) -> str | None:
        value = raw.get(TEXT[object])
        return None if value is None else str(value)

    def seed(self, object: str, payload: Mapping[str, Any]) -> str:
        return self.seed_together(object, [payload])[0]

    def seed_together(self, object: str, payloads: Sequence[Mapping[str, Any]]) -> list[str]:
        ids = []
        for payload in payloads:
            ids.append(f"{object[0].upper()}-{len(self.rows[object]) + 1:04}")
            self.rows[object][ids[-1]] = {COLUMNS[object][0]: ids[-1], **payload}
        self._export(object)
        return ids

    def read(self, object: str, external_id: str) -> Mapping[str, Any] | None:
        row = self.rows[object].get(external_id)
        if row is None or not row:
            return None
        return {**row, "lines": [row]} if object == "order" else row

    def change(self, object: str, external_id: str, *, text: str) -> None:
        self.rows[object][external_id][TEXT[object]] = text
        self._export(object)

    def remove(self, object: str, external_id: str) -> None:
        self.rows[object][external_id] = {}
        self._export(object)

    def refused(self, object: str, number: int) -> Mapping[str, Any]:
        return {"nmae": "no such column"}

    def settle(self) -> None:
        """Import what lies in the write-back folder, as the system's nightly job would."""
        for path in sorted((self.home / "out").glob("*.csv")):
            with path.open(encoding="utf-8", newline="") as file:
                for row in csv.DictReader(file):
                    self.rows["customer"][row["number"]] = row
            path.unlink()
        self._export("customer")

    def _export(self, object: str) -> None:
        path = self.home / "in" / f"{object}s.csv"
        scratch = self.home / f"{object}.part"
        with scratch.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, COLUMNS[object])
            writer.writeheader()
            writer.writerows(row for row in self.rows[object].values() if row)
        os.replace(scratch, path)
