"""The bulk reads of the fake account: a job is ready when it was asked about `patience` times."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Mapping
from typing import Any


class Jobs:
    """`sheet_size`: rows per file (200,000 there); `broken`: jobs fail."""

    def __init__(self, org: Any) -> None:
        self.org = org
        self.jobs: dict[str, dict[str, Any]] = {}
        self.sheet_size = 200_000
        self.patience = 1
        self.broken = False

    def begin(self, query: Mapping[str, Any]) -> str:
        id = str(7328395000000900001 + len(self.jobs))
        self.jobs[id] = {"query": dict(query), "asked": 0}
        return id

    def state(self, id: str) -> dict[str, Any]:
        job = self.jobs[id]
        job["asked"] += 1
        told = {"id": id, "operation": "read", "query": job["query"], "file_type": "csv"}
        if self.broken:
            return {**told, "state": "FAILURE"}
        if job["asked"] <= self.patience:
            return {**told, "state": "IN PROGRESS"}
        rows, page = self._rows(job), job["query"]["page"]
        part = rows[(page - 1) * self.sheet_size : page * self.sheet_size]
        result = {"page": page, "count": len(part), "per_page": self.sheet_size}
        result |= {
            "more_records": page * self.sheet_size < len(rows),
            "download_url": f"/crm/bulk/v8/read/{id}/result",
        }
        return {**told, "state": "COMPLETED", "result": result}

    def file(self, id: str) -> bytes:
        job = self.jobs[id]
        page = job["query"]["page"]
        text = io.StringIO()
        writer = csv.writer(text)
        names = list(job["query"]["fields"])
        writer.writerow(["Id", *names])
        for row in self._rows(job)[(page - 1) * self.sheet_size : page * self.sheet_size]:
            writer.writerow([row["id"], *(self._cell(row, name) for name in names)])
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(f"{id}.csv", text.getvalue())
        return packed.getvalue()

    def _rows(self, job: Mapping[str, Any]) -> list[dict[str, Any]]:
        module = job["query"]["module"]["api_name"]
        return sorted(self.org.rows[module].values(), key=lambda row: int(row["id"]))

    def _cell(self, row: Mapping[str, Any], name: str) -> Any:
        head, dot, inner = name.partition(".")
        value = row.get(head)
        if dot:
            return (value or {}).get("name" if inner == "Account_Name" else inner, "")
        if isinstance(value, dict):
            return value["id"]
        return (
            ""
            if value is None
            else {True: "true", False: "false"}.get(value, value)
            if isinstance(value, bool)
            else value
        )
