"""The vendor's own specification as a judge of requests: what it does not allow is a mistake of ours.

It is read from the folder HUB_TEST_VENDORS names (`<folder>/zoho-crm`); without it nothing is judged, and the tests of
the judge are skipped. Two generations are there: the newer one judges where it knows the operation.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema

from hub.testkit.loopback import Request

_NEW = ("record", "bulk-read", "notifications")
_OLD = ("record", "fields", "modules", "users", "coql")
_RAW = "https://raw.githubusercontent.com/"


def folder() -> Path | None:
    """Where the vendor's files are; None: they are not here."""
    named = os.environ.get("HUB_TEST_VENDORS")
    found = Path(named) / "zoho-crm" if named else None
    return found if found and found.is_dir() else None


class Spec:
    """One file. `prefix`: what its paths stand below."""

    def __init__(self, file: Path, prefix: str) -> None:
        self._file = file
        self._document = json.loads(file.read_text(encoding="utf-8"))
        self._prefix = prefix

    def judge(self, request: Request) -> list[str] | None:
        """What is wrong with the request; None if this file does not know the operation."""
        found = self._operation(request)
        if found is None:
            return None
        operation, shared = found
        parameters = [self._resolved(one) for one in (*shared, *operation.get("parameters", ()))]
        wrong = self._query(request, parameters)
        since = request.headers.get("if-modified-since")
        if since is not None and datetime.fromisoformat(since).tzinfo is None:
            wrong.append(f"If-Modified-Since {since!r} has no offset")
        return wrong + self._body(request, operation)

    def _operation(self, request: Request) -> tuple[Mapping[str, Any], list[Any]] | None:
        best: tuple[int, Mapping[str, Any]] | None = None
        for template, item in self._document["paths"].items():
            whole = self._prefix + template
            pattern = re.sub(r"\\\{[^/]+?\\\}", "[^/]+", re.escape(whole))
            if re.fullmatch(pattern, request.path) and request.method.lower() in item:
                plain = whole.count("/") - whole.count("{")
                if best is None or plain > best[0]:
                    best = (plain, item)
        if best is None:
            return None
        return best[1][request.method.lower()], best[1].get("parameters", [])

    def _query(self, request: Request, parameters: list[Mapping[str, Any]]) -> list[str]:
        known = {one["name"]: one for one in parameters if one["in"] == "query"}
        wrong = [f"there is no parameter {name}" for name in request.query if name not in known]
        for name, one in known.items():
            if name not in request.query:
                if one.get("required"):
                    wrong.append(f"the parameter {name} is missing")
                continue
            schema = self._resolved(one.get("schema", {}))
            value: Any = request.query[name]
            if schema.get("type") == "integer":
                value = int(value)
            elif schema.get("type") == "boolean":
                value = {"true": True, "false": False}.get(value, value)
            wrong += [f"{name}: {error}" for error in _errors(value, schema)]
        return wrong

    def _body(self, request: Request, operation: Mapping[str, Any]) -> list[str]:
        wanted = self._resolved(operation.get("requestBody") or {})
        schema = wanted.get("content", {}).get("application/json", {}).get("schema")
        if schema is None:
            return ["it takes no body"] if request.body else []
        if not request.body:
            return ["its body is missing"] if wanted.get("required") else []
        return _errors(json.loads(request.body), self._whole(schema, 0))

    def _resolved(self, part: Mapping[str, Any]) -> Mapping[str, Any]:
        while "$ref" in part:
            part = self._at(str(part["$ref"]))
        return part

    def _at(self, ref: str) -> Mapping[str, Any]:
        file, _, pointer = ref.partition("#")
        document = self._document if not file else _document(self._file.parent / file.rpartition("/")[2])
        for bit in pointer.strip("/").split("/"):
            document = document[bit.replace("~1", "/").replace("~0", "~")]
        return document

    def _whole(self, schema: Any, depth: int) -> Any:
        """The schema with what it refers to put in its place; what is not saved, or deeper than a request, is open."""
        if isinstance(schema, list):
            return [self._whole(one, depth) for one in schema]
        if not isinstance(schema, dict):
            return schema
        if "$ref" in schema:
            if depth > 6 or (schema["$ref"].startswith(_RAW) and not self._saved(schema["$ref"])):
                return {}
            return Spec._of(self, schema["$ref"])._whole(self._resolved(schema), depth + 1)
        plain = {name: self._whole(value, depth) for name, value in schema.items() if name != "nullable"}
        if schema.get("nullable") and isinstance(plain.get("type"), str):
            plain["type"] = [plain["type"], "null"]
        return plain

    def _saved(self, ref: str) -> bool:
        return (self._file.parent / ref.partition("#")[0].rpartition("/")[2]).is_file()

    def _of(self, ref: str) -> Spec:
        file = ref.partition("#")[0]
        return self if not file else Spec(self._file.parent / file.rpartition("/")[2], self._prefix)


class Judge:
    """All files together."""

    def __init__(self, place: Path) -> None:
        bases = {"bulk-read": "/crm/bulk/v8"}
        self._specs = [
            *(Spec(place / "oas31" / f"{one}.json", bases.get(one, "/crm/v8")) for one in _NEW),
            *(Spec(place / f"{one}.json", "") for one in _OLD),
        ]

    def __call__(self, request: Request) -> list[str]:
        """What the specification has against this request; a path it does not know is against it."""
        for spec in self._ranked(request):
            wrong = spec.judge(request)
            if wrong is not None:
                return [f"{request.method} {request.path}: {one}" for one in wrong]
        return [f"{request.method} {request.path}: the specification knows no such operation"]

    def _ranked(self, request: Request) -> list[Spec]:
        """`/settings/fields`, `/users` and `/coql` would also pass for a module's name: their own files come first."""
        own = {"settings": 0, "users": 0, "coql": 0, "actions": 0}
        bit = request.path.split("/")[3] if request.path.count("/") > 2 else ""
        old = self._specs[len(_NEW) + 1 :]
        if bit in own:
            return [*old, *(self._specs[:0]), self._specs[_NEW.index("notifications")]]
        return self._specs


@cache
def judge() -> Judge | None:
    place = folder()
    return Judge(place) if place else None


@cache
def _document(file: Path) -> Any:
    return json.loads(file.read_text(encoding="utf-8"))


def _errors(value: Any, schema: Any) -> list[str]:
    checker = jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker(["date-time"]))
    return [f"{'/'.join(map(str, one.path))} {one.message}"[:300] for one in checker.iter_errors(value)]
