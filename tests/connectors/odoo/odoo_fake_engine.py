"""The ORM of the fake Odoo: domains, reads, creates, writes, `load`, with Odoo's own errors and words."""

from __future__ import annotations

import fnmatch
from datetime import UTC, datetime, timedelta
from typing import Any

from odoo_fake_models import REQUIRED_ROWS, Field, models, shown

Row = dict[str, Any]
_X2MANY = ("one2many", "many2many")
_NUMBERS = ("integer", "float", "monetary")
_TEXTS = ("char", "text", "html", "selection")


class Fault(Exception):
    """An exception of Odoo: the name of its class, and its words."""

    def __init__(self, name: str, message: str, status: int = 422) -> None:
        super().__init__(message)
        self.name, self.message, self.status = name, message, status


def user_error(text: str) -> Fault:
    return Fault("odoo.exceptions.UserError", text)


def value_error(text: str) -> Fault:
    return Fault("builtins.ValueError", text, 500)


class Engine:
    """One database. `now` stands still within a call, as the start of a transaction does."""

    def __init__(self, version: int) -> None:
        self.version = version
        self.models = models(version)
        self.rows: dict[str, dict[int, Row]] = {model: {} for model in self.models}
        self.last: dict[str, int] = dict.fromkeys(self.models, 0)
        self.now = datetime.now(UTC).replace(tzinfo=None)
        self.ahead = timedelta(0)

    def tick(self) -> None:
        moment = datetime.now(UTC).replace(tzinfo=None) + self.ahead
        self.now = max(moment, self.now + timedelta(microseconds=7))

    # --- shapes -------------------------------------------------------------------------------------

    def fields(self, model: str) -> dict[str, Field]:
        if model not in self.models:
            raise user_error(f"Object {model} doesn't exist")
        return self.models[model]

    def field(self, model: str, name: str, words: str | None = None) -> Field:
        found = self.fields(model).get(name)
        if found is None:
            raise value_error(words or f"Invalid field {name!r} on model {model!r}")
        return found

    def fields_get(self, model: str, allfields: list[str] | None, attributes: list[str] | None) -> Row:
        there = self.fields(model)
        return {
            name: shown(one, attributes) for name, one in there.items() if not allfields or name in allfields
        }

    # --- reading ------------------------------------------------------------------------------------

    def search(
        self,
        model: str,
        domain: Any,
        context: Row,
        order: str | None = None,
        offset: int = 0,
        limit: int | None = None,
    ) -> list[int]:
        if not isinstance(domain, list):
            raise value_error(f"Domain() invalid item in domain: {domain!r}")
        hides = (
            "active" in self.fields(model)
            and context.get("active_test", True)
            and not any(isinstance(leaf, list) and leaf[0] == "active" for leaf in domain)
        )
        by_id = (order or "id").split(" ", maxsplit=1)[0] == "id" and "desc" not in (order or "")
        enough = limit if by_id and limit and not offset else None
        rows: list[Row] = []
        for row in self._candidates(model, domain):
            if (not hides or row["active"]) and self._holds(model, row, domain):
                rows.append(row)
                if len(rows) == enough:
                    break
        for part in reversed((order or "id").split(",")):
            name, _, way = part.strip().partition(" ")
            self.field(model, name)
            rows.sort(key=lambda row: _sortable(row[name]), reverse=way.strip().lower() == "desc")
        ids = [row["id"] for row in rows][offset or 0 :]
        return ids[:limit] if limit else ids

    def _candidates(self, model: str, domain: list[Any]) -> list[Row]:
        """Rows in the order of ids; only those that a plain first leaf about ids leaves over."""
        rows = self.rows[model]
        leaf = domain[0] if domain else None
        if isinstance(leaf, list) and leaf[0] == "id" and leaf[1] == "in":
            return [rows[id] for id in sorted(set(leaf[2])) if id in rows]
        if isinstance(leaf, list) and leaf[0] == "id" and leaf[1] == ">":
            return [rows[id] for id in sorted(rows) if id > leaf[2]]
        return [rows[id] for id in sorted(rows)]

    def read(self, model: str, ids: list[int], names: list[str] | None) -> list[Row]:
        wanted = list(names or self.fields(model))
        for name in wanted:
            self.field(model, name)
        return [
            {
                "id": id,
                **{name: self._shown(model, self.rows[model][id], name) for name in wanted if name != "id"},
            }
            for id in ids
            if id in self.rows[model]
        ]

    def _shown(self, model: str, row: Row, name: str) -> Any:
        field, value = self.models[model][name], row[name]
        if field.type == "many2one":
            return [value, self.name_of(field.relation or "", value)] if value else False
        if field.type == "datetime" and value:
            return value.strftime("%Y-%m-%d %H:%M:%S")  # the microseconds stay hidden
        if field.type == "one2many":
            inverse = field.inverse or ""
            there = self.rows[field.relation or ""].values()
            return [one["id"] for one in there if one[inverse] == row["id"] and one.get("active", True)]
        if name == "display_name":
            return self.name_of(model, row["id"])
        return value

    def name_of(self, model: str, id: int) -> str:
        row = self.rows[model].get(id, {})
        if model == "res.country.state":
            return f"{row['name']} ({self.rows['res.country'][row['country_id']]['code']})"
        return str(row.get("name") or row.get("login") or f"{model},{id}")

    def _holds(self, model: str, row: Row, domain: list[Any]) -> bool:
        """Polish notation; what stands side by side is joined by and."""
        terms: list[bool] = []
        for one in reversed(domain):
            if one == "!":
                terms.append(not terms.pop())
            elif one in ("|", "&"):
                first, second = terms.pop(), terms.pop()
                terms.append(first or second if one == "|" else first and second)
            elif isinstance(one, list) and len(one) == 3:
                terms.append(self._leaf(model, row, one))
            else:
                raise value_error(f"Domain() invalid item in domain: {one!r}")
        return all(terms)

    def _leaf(self, model: str, row: Row, leaf: list[Any]) -> bool:
        path, operator, wanted = leaf
        name, _, rest = path.partition(".")
        said = f"Invalid field {model}.{name} in leaf {tuple(leaf)!r}"
        field = self.field(model, name, said)
        if rest:
            relation = field.relation or ""
            ids = self._shown(model, row, name) if field.type in _X2MANY else [row[name]]
            others = [self.rows[relation][id] for id in ids if id in self.rows[relation]]
            return any(self._leaf(relation, other, [rest, operator, wanted]) for other in others)
        value = row[name]
        if field.type == "datetime" and isinstance(wanted, str):
            wanted = datetime.fromisoformat(wanted)
        return _compare(value, operator, wanted)

    # --- writing ------------------------------------------------------------------------------------

    def create(self, model: str, values: Row) -> int:
        there = self.fields(model)
        for name in values:
            self.field(model, name)
        self.last[model] += 1
        id = self.last[model]
        row: Row = {name: _empty(one) for name, one in there.items()}
        row |= {"id": id, "create_date": self.now, "write_date": self.now}
        if "active" in there:
            row["active"] = True
        self.rows[model][id] = row
        self.default(model, row)
        try:
            self._take(model, row, values)
            self._check(model, row)
        except Fault:
            del self.rows[model][id]
            raise
        self.after(model, [id], values, created=True)
        return id

    def write(self, model: str, ids: list[int], values: Row) -> bool:
        for name in values:
            self.field(model, name)
        for id in ids:
            if id not in self.rows[model]:
                text = f"Record does not exist or has been deleted.\n(Record: {model}({id},), User: 2)"
                raise Fault("odoo.exceptions.MissingError", text, 404)
        for id in ids:
            row = self.rows[model][id]
            before = dict(row)
            self._take(model, row, values)
            try:
                self._check(model, row)
            except Fault:
                self.rows[model][id] = before
                raise
            row["write_date"] = self.now
        self.after(model, ids, values, created=False)
        return True

    def unlink(self, model: str, ids: list[int]) -> bool:
        for id in ids:
            self.rows[model].pop(id, None)
            data = self.rows["ir.model.data"]
            for key in [k for k, one in data.items() if one["model"] == model and one["res_id"] == id]:
                del data[key]
        return True

    def _take(self, model: str, row: Row, values: Row) -> None:
        for name, value in values.items():
            field = self.models[model][name]
            if name in ("id", "create_date", "write_date", "display_name"):
                continue
            if field.type in _X2MANY:
                self._commands(model, row, field, value)
            else:
                row[name] = self._stored(field, value)

    def _stored(self, field: Field, value: Any) -> Any:  # noqa: PLR0911
        if isinstance(value, str) and "\0" in value:
            raise value_error("A string literal cannot contain NUL (0x00) characters.")
        if field.type == "boolean":
            return bool(value)
        if field.type in _NUMBERS:
            return (int if field.type == "integer" else float)(value or 0)
        if value is None or value is False or value == "":
            return False
        if field.type == "many2one":
            if value not in self.rows[field.relation or ""]:
                raise Fault("odoo.exceptions.MissingError", "Record does not exist or has been deleted.", 404)
            return int(value)
        if field.type == "selection" and field.selection and value not in dict(field.selection):
            raise value_error(f"Wrong value for {field.name}: {value!r}")
        if field.type == "datetime" and isinstance(value, str):
            return datetime.fromisoformat(value[:19])
        if field.type in _TEXTS and not isinstance(value, str):
            return str(value)
        return value

    def _commands(self, model: str, row: Row, field: Field, commands: Any) -> None:
        relation, inverse = field.relation or "", field.inverse
        for command in commands or []:
            kind, id, given = [*command, None, None][:3]
            if kind == 0:
                made = self.create(relation, {**given, **({inverse: row["id"]} if inverse else {})})
                row[field.name] = [*row[field.name], made] if not inverse else []
            elif kind == 1:
                self.write(relation, [id], given)
            elif kind == 6:
                row[field.name] = list(given)
            elif kind == 4:
                row[field.name] = [*row[field.name], id]
            else:
                raise value_error(f"the fake takes no command {command!r}")

    def _check(self, model: str, row: Row) -> None:
        for name, field in self.models[model].items():
            if field.required and not row[name] and field.type not in _NUMBERS:
                text = f"The operation cannot be completed: Missing required value for the field '{name}'"
                raise Fault("odoo.exceptions.ValidationError", text)
        if REQUIRED_ROWS.get(model) and not row["name"] and row.get("type") == "contact":
            raise Fault(
                "odoo.exceptions.ValidationError",
                "The operation cannot be completed: Contacts require a name",
            )

    # --- import with external ids -------------------------------------------------------------------

    def load(self, model: str, header: list[str], table: list[list[str]]) -> Row:
        groups: list[list[list[str]]] = []
        inner = [
            place for place, column in enumerate(header) if "/" in column and not column.endswith("/.id")
        ]
        inner += [place for place, column in enumerate(header) if column.count("/") == 2]
        for line in table:
            if not all(isinstance(cell, str) for cell in line):
                raise Fault("builtins.AttributeError", f"no text: {line!r}", 500)
            mains = [cell for place, cell in enumerate(line) if place not in inner]
            if groups and not any(mains):
                groups[-1].append(line)
            else:
                groups.append([line])
        snapshot = {name: {id: dict(row) for id, row in rows.items()} for name, rows in self.rows.items()}
        ids, messages = [], []
        for place, group in enumerate(groups):
            try:
                ids.append(self._load_one(model, header, group, set(inner)))
            except Fault as fault:
                messages.append({"type": "error", "message": fault.message, "record": place})
        if messages:
            self.rows = snapshot
            return {"ids": False, "messages": messages, "nextrow": 0}
        return {"ids": ids, "messages": [], "nextrow": 0}

    def _load_one(self, model: str, header: list[str], lines: list[list[str]], inner: set[int]) -> int:
        mains = {header[at]: cell for at, cell in enumerate(lines[0]) if at not in inner}
        module, _, name = mains.pop("id").partition(".")
        values = {column.partition("/")[0]: self._cell(model, column, cell) for column, cell in mains.items()}
        for line in lines:
            for at in sorted(inner):
                parent = header[at].partition("/")[0]
                values.setdefault(parent, [])
            child = {header[at].partition("/")[2]: line[at] for at in inner}
            if any(child.values()):
                field = self.field(model, header[next(iter(inner))].partition("/")[0])
                given = {
                    column.partition("/")[0]: self._cell(field.relation or "", column, cell)
                    for column, cell in child.items()
                }
                values[field.name].append([0, 0, given])
        known = [
            one["res_id"]
            for one in self.rows["ir.model.data"].values()
            if (one["module"], one["name"]) == (module, name)
        ]
        if known:
            self.write(model, known, values)
            return int(known[0])
        id = self.create(model, values)
        self.create("ir.model.data", {"module": module, "name": name, "model": model, "res_id": id})
        return id

    def _cell(self, model: str, column: str, cell: str) -> Any:
        name, _, sub = column.partition("/")
        field = self.field(model, name)
        if field.type == "many2many":
            return [[6, 0, [int(one) for one in cell.split(",") if one]]]
        if field.type == "many2one":
            assert sub == ".id", f"the fake takes {name} by its database id only"
            return int(cell) if cell else False
        if field.type == "boolean":
            return cell == "1"
        return cell or False

    # --- what a model does by itself: odoo_fake_apps.py ----------------------------------------------

    def default(self, model: str, row: Row) -> None: ...

    def after(self, model: str, ids: list[int], values: Row, *, created: bool) -> None: ...


def _empty(field: Field) -> Any:
    if field.type in _X2MANY:
        return []
    if field.type in _NUMBERS:
        return 0 if field.type == "integer" else 0.0
    return False


def _sortable(value: Any) -> Any:
    return (value is False, str(value) if not isinstance(value, int | float) else value)


def _compare(value: Any, operator: str, wanted: Any) -> bool:
    many = value if isinstance(value, list) else [value]
    blank = value in (False, None, [])
    if operator in ("=", "!="):
        same = (
            blank
            if wanted is False
            else (wanted in many if not isinstance(wanted, bool) else bool(value) == wanted)
        )
        return same == (operator == "=")
    if operator in ("in", "not in"):
        if not isinstance(wanted, list):
            raise value_error(f"the right side of {operator} must be a list")
        return any(one in wanted for one in many if one is not False) == (operator == "in")
    if operator in ("=ilike", "ilike", "like"):
        pattern = str(wanted).lower() if operator == "=ilike" else f"*{str(wanted).lower()}*"
        return not blank and fnmatch.fnmatchcase(str(value).lower(), pattern)
    if operator in ("<", ">", "<=", ">="):
        if blank and not isinstance(wanted, int | float):
            return False
        return bool(
            {"<": value < wanted, ">": value > wanted, "<=": value <= wanted, ">=": value >= wanted}[operator]
        )
    raise value_error(f"Invalid leaf operator {operator!r}")
