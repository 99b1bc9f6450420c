"""The records of the fake account, and what its application does with them: checks, lookups, totals, conversion."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from typing import Any

from hub.testkit.adapter import Refused

ZONE = timezone(timedelta(hours=3))  # as in the recordings of a live organisation
USER = {"name": "Ada Admin", "id": "7328395000000605001", "email": "ada@example.org"}
_EMAIL = re.compile(r"[^\s@]+@[^\s@]+\.[^\s@]+")
_NAMES = {
    "Accounts": "Account_Name",
    "Products": "Product_Name",
    "Sales_Orders": "Subject",
}


class No(Exception):
    """A row that is refused: Zoho's code, message and details."""

    def __init__(self, code: str, message: str, **details: Any) -> None:
        super().__init__(f"{code}: {message}")
        self.code, self.message, self.details = code, message, details


class Org:
    """`tables`: module → field → column (tables.py). Times are whole seconds, as Zoho's are."""

    def __init__(self, tables: Mapping[str, Mapping[str, Any]]) -> None:
        self.tables = tables
        self.rows: dict[str, dict[str, dict[str, Any]]] = {module: {} for module in tables}
        self.deleted: list[dict[str, Any]] = []
        self.unknown: list[str] = []
        self.clock = time.time
        self._last = 7328395000000700000

    # --- what people do ---------------------------------------------------------------------------------

    def put(
        self, module: str, given: Mapping[str, Any], *, id: str | None = None, at: float | None = None
    ) -> str:
        """Make a record, or change some of its fields. Raises No."""
        clean = self._checked(module, given, id)
        moment = self.stamp(at)
        if id is None:
            self._last += 1001
            id = str(self._last)
            blank = {name: None for name in self.tables[module] if name != "Ordered_Items"}
            row = {**blank, "id": id, "Created_Time": moment, "Created_By": USER, "Owner": USER, "Tag": []}
            if "Email_Opt_Out" in self.tables[module]:
                row["Email_Opt_Out"] = False
            self.rows[module][id] = row
        row = self.rows[module][id]
        if "Ordered_Items" in clean:
            clean["Ordered_Items"] = _merged(row.get("Ordered_Items") or (), clean["Ordered_Items"])
        row.update(clean)
        row.update(Modified_Time=moment, Modified_By=USER)
        self._derive(module, row)
        return id

    def erase(self, module: str, id: str, *, kind: str = "recycle") -> None:
        row = self.rows[module].pop(id)
        name = row.get(_NAMES.get(module, "Full_Name"))
        self.deleted.append(
            {"id": id, "module": module, "display_name": name, "type": kind, "deleted_time": self.stamp(None)}
            | {"deleted_by": USER if kind == "recycle" else None, "created_by": USER}
        )

    def convert(self, lead: str) -> str:
        """A lead becomes a contact; it stays, marked."""
        row = self.rows["Leads"][lead]
        contact = self.put(
            "Contacts",
            {name: row[name] for name in ("First_Name", "Last_Name", "Email", "Phone") if row[name]},
        )
        row.update(
            Converted__s=True,
            Converted_Contact={"id": contact, "name": row["Full_Name"]},
            Modified_Time=self.stamp(None),
        )
        return contact

    def stamp(self, at: float | None) -> str:
        return datetime.fromtimestamp(int(at if at is not None else self.clock()), ZONE).isoformat()

    # --- what the application does ------------------------------------------------------------------------

    def _checked(self, module: str, given: Mapping[str, Any], id: str | None) -> dict[str, Any]:
        table = self.tables[module]
        if id is not None and id not in self.rows[module]:
            raise No("INVALID_DATA", "the id given seems to be invalid", id=id)
        if id is not None and self.rows[module][id].get("Converted__s"):
            raise No("INVALID_DATA", "the record is converted", id=id)
        clean: dict[str, Any] = {}
        for name, value in given.items():
            column = table.get(name)
            if column is None:
                self.unknown.append(f"{module}.{name}")  # Zoho passes over them
                continue
            if column.readonly:
                continue
            clean[name] = self._value(name, column, value)
            if column.unique and value:
                self._alone(module, name, value, id)
        for name, column in table.items():
            missing = name not in clean if id is None else name in clean
            if column.required and missing and not clean.get(name):
                raise No("MANDATORY_NOT_FOUND", "required field not found", api_name=name)
        return clean

    def _value(self, name: str, column: Any, value: Any) -> Any:
        if value is None:
            return None
        types: dict[str, tuple[type, ...]] = {
            "boolean": (bool,),
            "integer": (int,),
            "bigint": (int, str),
            "double": (int, float),
            "currency": (int, float),
            "lookup": (dict,),
            "ownerlookup": (dict,),
            "subform": (list,),
        }
        wanted = (list,) if name == "Tag" else types.get(column.type, (str,))
        if not isinstance(value, wanted) or (isinstance(value, bool) and wanted != (bool,)):
            raise No("INVALID_DATA", "invalid data", api_name=name, expected_data_type=column.type)
        if isinstance(value, str):
            if len(value) > column.longest:
                raise No("INVALID_DATA", "invalid data", api_name=name, maximum_length=column.longest)
            if column.type == "date" and not re.fullmatch(r"\d{4}-\d\d-\d\d", value):
                raise No("INVALID_DATA", "invalid data", api_name=name, expected_data_type="date")
            if "\0" in value or (column.type == "email" and not _EMAIL.fullmatch(value)):
                raise No("INVALID_DATA", "invalid data", api_name=name)
        if column.type == "lookup":
            return self._lookup(name, value)
        if column.type == "ownerlookup":
            if value.get("id") != USER["id"]:
                raise No("INVALID_DATA", "the id given seems to be invalid", api_name=name)
            return USER
        if name == "Tag":
            return [{"name": one["name"], "id": "1"} for one in value]
        return value

    def _lookup(self, name: str, value: Mapping[str, Any]) -> dict[str, Any]:
        module = {"Account_Name": "Accounts", "Contact_Name": "Contacts", "Product_Name": "Products"}[name]
        row = self.rows[module].get(str(value.get("id")))
        if row is None:
            raise No("INVALID_DATA", "the id given seems to be invalid", api_name=name)
        return {"id": row["id"], "name": row[_NAMES.get(module, "Full_Name")]}

    def _alone(self, module: str, name: str, value: Any, id: str | None) -> None:
        for other in self.rows[module].values():
            if other["id"] != id and other.get(name) == value:
                raise No(
                    "DUPLICATE_DATA", "duplicate data", api_name=name, duplicate_record={"id": other["id"]}
                )

    def _derive(self, module: str, row: dict[str, Any]) -> None:
        if "Full_Name" in self.tables[module]:
            row["Full_Name"] = " ".join(one for one in (row.get("First_Name"), row.get("Last_Name")) if one)
        if module == "Sales_Orders":
            self._total(row)

    def _total(self, row: dict[str, Any]) -> None:
        """As Zoho adds up a sales order: lines net of discount with tax, then the order's own discount and tax."""
        lines = []
        for place, one in enumerate(row.get("Ordered_Items") or (), start=1):
            product = self.rows["Products"].get(str((one.get("Product_Name") or {}).get("id")))
            if product is None:
                raise No("INVALID_DATA", "the id given seems to be invalid", api_name="Product_Name")
            price = one.get("List_Price", product["Unit_Price"]) or 0
            total = round(price * one.get("Quantity", 1), 2)
            after = round(total - (one.get("Discount") or 0), 2)
            taxes = [
                {**tax, "value": round(after * tax["percentage"] / 100, 2)}
                for tax in one.get("Line_Tax") or ()
            ]
            tax = round(sum(each["value"] for each in taxes), 2)
            self._last += 1
            lines.append(
                {
                    "id": one.get("id") or str(self._last),
                    "Product_Name": {
                        "id": product["id"],
                        "name": product["Product_Name"],
                        "Product_Code": product["Product_Code"],
                    },
                    "Sequence_Number": place,
                    "Quantity": one.get("Quantity", 1),
                    "List_Price": price,
                    "Total": total,
                    "Discount": one.get("Discount") or 0,
                    "Total_After_Discount": after,
                    "Line_Tax": taxes,
                    "Tax": tax,
                    "Net_Total": round(after + tax, 2),
                    "Description": one.get("Description"),
                }
            )
        row["Ordered_Items"] = lines
        row["Sub_Total"] = round(sum(one["Net_Total"] for one in lines), 2)
        row["Tax"] = row.get("Tax") or 0
        total = row["Sub_Total"] - (row.get("Discount") or 0) + row["Tax"] + (row.get("Adjustment") or 0)
        row["Grand_Total"] = round(total, 2)


def _merged(standing: Any, given: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A subform: rows with an id change those there, rows without are new, `_delete` takes one out, others stay."""
    rows = {one["id"]: dict(one) for one in standing}
    fresh = []
    for one in given:
        if "_delete" in one:
            rows.pop(one["id"])
        elif "id" in one:
            rows[one["id"]].update(one)
        else:
            fresh.append(dict(one))
    return [*rows.values(), *fresh]


def refused(error: No) -> Refused:
    return Refused(str(error))
