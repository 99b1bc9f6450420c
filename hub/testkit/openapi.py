"""Judges requests by a vendor's OpenAPI document: what it does not allow, the real system would refuse.

    JUDGE = Judge(yaml.safe_load(text), prefix="/api/v2")
    JUDGE.complaint(request)     # None, or what is wrong: the way, a parameter, the body

Needs jsonschema, which is no dependency of the hub but one of whoever tests.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from hub.testkit.loopback import Request


class Judge:
    """`prefix`: of the paths on the server, where the document's own paths begin below it."""

    def __init__(self, document: Mapping[str, Any], *, prefix: str = "") -> None:
        self._document = document
        self._prefix = prefix.rstrip("/")
        ways = [(_pattern(path), item) for path, item in document["paths"].items()]
        # A way without ids wins over one with: /people/search is not the person called "search".
        self._ways = sorted(ways, key=lambda way: way[0].groups)

    def knows(self, path: str) -> bool:
        """Whether this document is about the path at all."""
        return path.startswith(f"{self._prefix}/")

    def complaint(self, request: Request) -> str | None:
        """The first thing the document does not allow."""
        return next(self._complaints(request), None)

    def _complaints(self, request: Request) -> Iterator[str]:
        path = request.path.removeprefix(self._prefix)
        for pattern, item in self._ways:
            found = pattern.fullmatch(path)
            operation = item.get(request.method.lower()) if found else None
            if found and operation:
                break
        else:
            yield f"the document has no {request.method} {path}"
            return
        parameters = [
            self._at(one) for one in (*item.get("parameters", ()), *operation.get("parameters", ()))
        ]
        yield from self._query(request, [one for one in parameters if one["in"] == "query"])
        for one in parameters:
            if one["in"] == "path" and one["name"] in found.groupdict():
                yield from self._fits(
                    found[one["name"]], one.get("schema", {}), f"path {one['name']}", text=True
                )
        yield from self._body(request, operation)

    def _query(self, request: Request, known: list[Mapping[str, Any]]) -> Iterator[str]:
        by_name = {one["name"]: one for one in known}
        for name, value in request.query.items():
            if name not in by_name:
                yield f"unknown parameter {name}"
            else:
                yield from self._fits(value, by_name[name].get("schema", {}), f"parameter {name}", text=True)
        for name, one in by_name.items():
            if one.get("required") and name not in request.query:
                yield f"parameter {name} is missing"

    def _body(self, request: Request, operation: Mapping[str, Any]) -> Iterator[str]:
        wanted = self._at(operation.get("requestBody", {}))
        if not request.body:
            if wanted.get("required"):
                yield "the body is missing"
            return
        schema = wanted.get("content", {}).get("application/json", {}).get("schema")
        if schema is None:
            yield "it takes no JSON body"
            return
        try:
            given = orjson.loads(request.body)
        except orjson.JSONDecodeError:
            yield "the body is no JSON"
            return
        yield from self._fits(given, schema, "body")
        flat = self._flat(self._at(schema))
        if isinstance(given, dict) and flat.get("properties") and not flat.get("additionalProperties"):
            unknown = sorted(set(given) - set(flat["properties"]))
            if unknown:
                yield f"body: unknown fields {unknown}"

    def _fits(
        self, value: Any, schema: Mapping[str, Any], where: str, *, text: bool = False
    ) -> Iterator[str]:
        validator = importlib.import_module("jsonschema").Draft202012Validator
        resolved = self._flat(self._at(schema))
        if text:
            value = _typed(value, str(resolved.get("type", "string")))
        whole = {**resolved, "components": self._document.get("components", {})}
        for error in validator(whole).iter_errors(value):
            place = ".".join(str(one) for one in error.path)
            yield f"{where}{f' {place}' if place else ''}: {error.message[:200]}"

    def _at(self, found: Mapping[str, Any]) -> Mapping[str, Any]:
        while "$ref" in found:
            target: Any = self._document
            for piece in str(found["$ref"]).removeprefix("#/").split("/"):
                target = target[piece.replace("~1", "/").replace("~0", "~")]
            found = target
        return found

    def _flat(self, schema: Mapping[str, Any]) -> dict[str, Any]:
        """With `nullable` of OpenAPI 3.0 said as JSON Schema does, and the properties of `allOf` put together."""
        found = {**schema}
        for one in schema.get("allOf", ()):
            part = self._flat(self._at(one))
            found["properties"] = {**found.get("properties", {}), **part.get("properties", {})}
        found["properties"] = {
            name: self._flat(self._at(one)) for name, one in found.get("properties", {}).items()
        }
        if found.get("nullable") and isinstance(found.get("type"), str):
            found["type"] = [found["type"], "null"]
        return found if found["properties"] else {k: v for k, v in found.items() if k != "properties"}


def _pattern(path: str) -> re.Pattern[str]:
    pieces = (
        f"(?P<{re.sub(r'[^a-zA-Z0-9_]', '_', piece[1:-1])}>[^/]+)"
        if piece.startswith("{")
        else re.escape(piece)
        for piece in path.split("/")
    )
    return re.compile("/".join(pieces))


def _typed(text: str, kind: str) -> Any:
    """A parameter's text as its kind reads it; the text itself where it cannot."""
    if kind == "integer" and re.fullmatch(r"-?\d+", text):
        return int(text)
    if kind == "number" and re.fullmatch(r"-?\d+(\.\d+)?", text):
        return float(text)
    if kind == "boolean" and text in {"true", "false"}:
        return text == "true"
    return text.split(",") if kind == "array" else text
