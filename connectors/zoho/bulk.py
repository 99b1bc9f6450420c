"""Reading a whole module by Zoho's bulk read: a job, some patience, a zip with one CSV of up to 200,000 rows.

For the first or a full pull of large modules: 50 credits a job against one for each 200 rows. What a cell holds becomes
what a list would show; tags do not come this way, and are read with the record's next change.

In the cursor, beside what walk.py keeps: "job" (its id), "sheet" (which of the module's files), "row" (taken of it).
"""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from connectors.zoho.api import Api, Row
from connectors.zoho.fields import Field
from hub.sdk import ConnectionBroken, RemoteUnavailable

_PATH = "/crm/bulk/v8/read"
_WAIT = 20.0
_MOST_FIELDS = 200
_MOST_BYTES = 2 * 1024**3  # unpacked
_FAILED = frozenset({"FAILURE", "FAILED", "DELETED"})
KEYS = ("job", "sheet", "row")

# What a lookup's cell lacks, asked for as a field of the record it leads to.
_BESIDE: Mapping[str, tuple[str, str]] = {
    "Account_Name": ("Account_Name.Account_Name", "name"),
    "Owner": ("Owner.email", "email"),
}
_LOOKUPS = frozenset({"lookup", "ownerlookup"})


class Bulk:
    """`least`: how many records a module must have; 0: bulk read is not used. `fields`: those of a module that are
    read."""

    def __init__(self, api: Api, *, least: int, fields: Callable[[str], Mapping[str, Field]]) -> None:
        self._api = api
        self._least = least
        self._fields = fields

    def wanted(self, module: str, state: Mapping[str, Any]) -> bool:
        """Whether this module is read so: one that is under way is, however many there are by now."""
        if state.get("job"):
            return True
        if not self._least or state.get("token"):
            return False
        return self._api.count(module) >= self._least

    def pages(self, module: str, state: dict[str, Any], *, size: int) -> Iterator[list[Row]]:
        """Rows as a list would show them; `state` is kept in step and may be stored after each page.

        The first page may be empty: then the job was just begun. Raises RemoteUnavailable while Zoho prepares it.
        """
        fields = self._fields(module)
        while True:
            if not state.get("job"):
                sheet = int(state.get("sheet") or 1)
                state.update(job=self._begin(module, fields, sheet), sheet=sheet, row=0)
                yield []
            result = self._result(module, str(state["job"]))
            for rows in self._sheet(str(state["job"]), fields, size=size, skip=int(state.get("row") or 0)):
                state["row"] = int(state.get("row") or 0) + len(rows)
                yield rows
            if result.get("more_records") is not True:
                for key in KEYS:
                    state.pop(key, None)
                return
            state.update(job=None, sheet=int(state.get("sheet") or 1) + 1, row=0)

    def _begin(self, module: str, fields: Mapping[str, Field], sheet: int) -> str:
        names = [name for name in fields if name not in ("id", "Tag")]
        names += [_BESIDE[name][0] for name in names if name in _BESIDE and fields[name].type in _LOOKUPS]
        query = {"module": {"api_name": module}, "fields": names[:_MOST_FIELDS], "page": sheet}
        said = self._api.ask(_PATH, {"query": query, "file_type": "csv"})
        job = _details(said).get("id")
        if not job:
            raise ConnectionBroken(
                f"Zoho does not begin a bulk read of {module}", cause=str(said)[:300], fix="set bulk_from = 0"
            )
        return str(job)

    def _result(self, module: str, job: str) -> Row:
        (row, *_) = self._api.bulk(f"{_PATH}/{job}") or ({},)
        state = str(row.get("state") or "")
        if state == "COMPLETED":
            found = row.get("result")
            return found if isinstance(found, dict) else {}
        if state in _FAILED:
            raise ConnectionBroken(
                f"Zoho's bulk read of {module} failed", cause=state, fix="set bulk_from = 0"
            )
        raise RemoteUnavailable(
            f"Zoho is preparing {module}", after=_WAIT, cause=f"the bulk read's state is {state or 'unknown'}"
        )

    def _sheet(self, job: str, fields: Mapping[str, Field], *, size: int, skip: int) -> Iterator[list[Row]]:
        """The rows of a job's file behind the first `skip`."""
        body = self._api.download(f"{_PATH}/{job}/result")
        try:
            with zipfile.ZipFile(io.BytesIO(body)) as packed:
                (entry,) = packed.infolist()
                if entry.file_size > _MOST_BYTES:
                    raise ConnectionBroken(
                        "the file of a bulk read is larger than 2 GB", fix="set bulk_from = 0"
                    )
                with packed.open(entry) as raw, io.TextIOWrapper(raw, "utf-8-sig", newline="") as lines:
                    rows: list[Row] = []
                    for place, cells in enumerate(csv.DictReader(lines)):
                        if place < skip:
                            continue
                        rows.append(shown(cells, fields))
                        if len(rows) == size:
                            yield rows
                            rows = []
                    if rows:
                        yield rows
        except (zipfile.BadZipFile, ValueError, csv.Error) as error:
            raise RemoteUnavailable("the file of a bulk read cannot be read", cause=str(error)) from None


def shown(cells: Mapping[str, Any], fields: Mapping[str, Field]) -> Row:
    """A line of the CSV as a list would show the record."""
    row: Row = {}
    for name, field in fields.items():
        if name in cells and name not in ("id", "Tag"):
            row[name] = _value(name, field, cells)
    id = next((cells[name] for name in ("Id", "id", "ID") if cells.get(name)), "")
    row["id"] = str(id).removeprefix("zcrm_")
    return row


def _value(name: str, field: Field, cells: Mapping[str, Any]) -> Any:
    text = cells.get(name)
    if text is None or text == "":
        return None
    if field.type in _LOOKUPS:
        beside, key = _BESIDE.get(name, ("", "name"))
        return {"id": str(text).removeprefix("zcrm_"), key: cells.get(beside) or None}
    if field.type == "boolean":
        return str(text).strip().lower() in ("true", "1")
    if field.type in ("integer", "double", "currency"):
        return _number(str(text))
    if field.type == "multiselectpicklist":
        return [one for one in str(text).split(";") if one]
    return text


def _number(text: str) -> Any:
    try:
        number = float(text)
    except ValueError:
        return text
    return int(number) if number.is_integer() else number


def _details(said: Row) -> Row:
    rows: Sequence[Any] = said.get("data") or ()
    first = rows[0] if rows and isinstance(rows[0], dict) else {}
    details = first.get("details")
    return details if isinstance(details, dict) else {}
