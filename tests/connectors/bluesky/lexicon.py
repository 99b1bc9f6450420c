"""Checks a value against the network's own lexicons (JSON files in a folder): required fields, types, lengths, formats.

Not all of the language: what a query, a procedure and the records of these tests need.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_FORMATS = {
    "did": re.compile(r"did:[a-z]+:[a-zA-Z0-9._:%-]+"),
    "handle": re.compile(
        r"([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?", re.IGNORECASE
    ),
    "at-uri": re.compile(r"at://[a-zA-Z0-9._:%-]+(/[a-zA-Z0-9.-]+(/[a-zA-Z0-9._~:-]+)?)?"),
    "datetime": re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)"),
    "nsid": re.compile(r"[a-zA-Z][a-zA-Z0-9-]*(\.[a-zA-Z][a-zA-Z0-9-]*)+"),
    "record-key": re.compile(r"[a-zA-Z0-9_~.:-]{1,512}"),
    "cid": re.compile(r"[a-zA-Z0-9]{8,}"),
    "uri": re.compile(r"[a-z][a-z0-9+.-]*:\S+", re.IGNORECASE),
    "language": re.compile(r"[a-zA-Z]{2,3}(-[a-zA-Z0-9]+)*"),
}
_FORMATS["at-identifier"] = re.compile(
    f"{_FORMATS['did'].pattern}|{_FORMATS['handle'].pattern}", re.IGNORECASE
)


class Lexicons:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known: dict[str, Any] = {}

    def main(self, nsid: str) -> Any:
        return self._find(f"{nsid}#main")

    def query(self, nsid: str, params: Mapping[str, list[str]]) -> list[str]:
        """What is wrong with the parameters of a query."""
        return self._params(nsid, self.main(nsid).get("parameters", {"properties": {}}), params)

    def input(self, nsid: str, body: Any) -> list[str]:
        shape = self.main(nsid).get("input")
        if shape is None:
            return [] if body is None else ["a body where none is expected"]
        return self.value(body, shape["schema"], home=nsid)

    def output(self, nsid: str, said: Any) -> list[str]:
        shape = self.main(nsid).get("output")
        return [] if shape is None else self.value(said, shape["schema"], home=nsid)

    def record(self, value: Mapping[str, Any]) -> list[str]:
        """What is wrong with a record, by its $type."""
        nsid = str(value.get("$type"))
        return self.value(value, self.main(nsid)["record"], home=nsid)

    def value(self, value: Any, shape: Any, *, home: str, at: str = "$") -> list[str]:
        kind = shape["type"]
        if kind == "ref":
            inner, where = self._ref(shape["ref"], home)
            return self.value(value, inner, home=where, at=at)
        if kind == "union":
            return self._union(value, shape, home=home, at=at)
        if kind == "object":
            return self._object(value, shape, home=home, at=at)
        if kind == "array":
            if not isinstance(value, list):
                return [f"{at} is no list"]
            most = [f"{at} has {len(value)} items"] if len(value) > shape.get("maxLength", 1 << 30) else []
            return most + [
                wrong
                for place, one in enumerate(value)
                for wrong in self.value(one, shape["items"], home=home, at=f"{at}[{place}]")
            ]
        return _plain(value, shape, at)

    def _params(self, nsid: str, shape: Any, params: Mapping[str, list[str]]) -> list[str]:
        known = shape["properties"]
        wrong = [f"{name} is no parameter" for name in params.keys() - known.keys()]
        wrong += [f"{name} is missing" for name in shape.get("required", ()) if name not in params]
        for name in params.keys() & known.keys():
            one = known[name]
            values: Any = [_typed(text, one.get("items", one)) for text in params[name]]
            if one["type"] != "array" and len(values) > 1:
                wrong.append(f"{name} is given twice")
            wrong += self.value(values if one["type"] == "array" else values[0], one, home=nsid, at=name)
        return wrong

    def _object(self, value: Any, shape: Any, *, home: str, at: str) -> list[str]:
        if not isinstance(value, dict):
            return [f"{at} is no object"]
        nullable = shape.get("nullable", ())
        wrong = [f"{at}.{name} is missing" for name in shape.get("required", ()) if name not in value]
        for name, inner in shape.get("properties", {}).items():
            if name in value and not (value[name] is None and name in nullable):
                wrong += self.value(value[name], inner, home=home, at=f"{at}.{name}")
        return wrong

    def _union(self, value: Any, shape: Any, *, home: str, at: str) -> list[str]:
        if not isinstance(value, dict) or "$type" not in value:
            return [f"{at} has no $type"]
        for ref in shape["refs"]:
            full = (
                ref
                if "#" in ref and not ref.startswith("#")
                else f"{home}{ref}"
                if ref.startswith("#")
                else ref
            )
            if value["$type"] == full.removesuffix("#main"):
                inner, where = self._ref(ref, home)
                return self.value(value, inner, home=where, at=at)
        return [] if not shape.get("closed") else [f"{at}: {value['$type']} is none of the union"]

    def _ref(self, ref: str, home: str) -> tuple[Any, str]:
        nsid, _, name = ref.partition("#")
        nsid = nsid or home
        return self._find(f"{nsid}#{name or 'main'}"), nsid

    def _find(self, name: str) -> Any:
        if name not in self._known:
            nsid, _, part = name.partition("#")
            file = self._folder.joinpath(*nsid.split(".")).with_suffix(".json")
            self._known[name] = json.loads(file.read_text(encoding="utf-8"))["defs"][part]
        return self._known[name]


def _typed(text: str, shape: Any) -> Any:
    if shape["type"] == "integer":
        return int(text) if text.lstrip("-").isdigit() else text
    return {"true": True, "false": False}.get(text, text) if shape["type"] == "boolean" else text


def _plain(value: Any, shape: Any, at: str) -> list[str]:
    kind = shape["type"]
    types = {"string": str, "integer": int, "boolean": bool}
    if kind == "unknown":
        return [] if isinstance(value, dict) else [f"{at} is no object"]
    if kind not in types:
        return []
    if not isinstance(value, types[kind]) or (kind == "integer" and isinstance(value, bool)):
        return [f"{at}: {value!r} is no {kind}"]
    if kind == "integer":
        low, high = shape.get("minimum", value), shape.get("maximum", value)
        return [] if low <= value <= high else [f"{at}: {value} is out of bounds"]
    wrong = []
    if kind == "string":
        if len(value.encode()) > shape.get("maxLength", 1 << 30):
            wrong.append(f"{at} is too long")
        rule = _FORMATS.get(shape.get("format", ""))
        if rule is not None and not rule.fullmatch(value):
            wrong.append(f"{at}: {value!r} is no {shape['format']}")
    if "const" in shape and value != shape["const"]:
        wrong.append(f"{at} must be {shape['const']!r}")
    return wrong
