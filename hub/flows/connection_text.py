"""Connections as a file again: TOML that `hub apply` turns into the same hub, maps and overlays inside it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hub.flows.config import COMMON, OBJECTS, ConnectionConfig
from hub.flows.configure import Stored, absolute, load_stored
from hub.store.queries import connections
from hub.store.session import Database

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_HEAD = """\
# The connections of this hub and its survivorship rules. `hub apply FILE` on an empty home gives the same hub.
# Secrets are references: the variables and files they name must be there too. Maps stand here as they were applied.
"""


def export_config(db: Database) -> str:
    """Every connection and rule of the hub as TOML. Paths are absolute; maps and overlays are inside, as texts."""
    with db.read() as conn:
        stored, rules = load_stored(conn), connections.rules(conn)
    parts = [_HEAD, *(_connection(name, to_table(one)) for name, one in stored.items())]
    if rules:
        parts.append(_table("survivorship", {path: rules[path] for path in sorted(rules)}))
    return "\n".join(parts)


def to_table(stored: Stored) -> dict[str, Any]:
    """The table `[connection.NAME]` that gives this connection, as a TOML parser would return it."""
    config = stored.config
    default = ConnectionConfig(config.connector)
    table: dict[str, Any] = {"connector": config.connector}
    table |= absolute(config, base_dir=Path(stored.row.base_dir))
    table |= {
        name: getattr(config, name) for name in COMMON if getattr(config, name) != getattr(default, name)
    }
    if stored.row.state == "paused":
        table["paused"] = True
    for object in OBJECTS:
        rules = config.objects.get(object)
        texts = stored.maps.get(object)
        one: dict[str, Any] = {}
        if rules is not None:
            one = {"pull": rules.pull, "update": rules.update, **rules.to_json()}
        if texts is not None:
            for kind, label, text in (
                ("map", texts.file, texts.map),
                ("overlay", texts.overlay_file, texts.overlay),
            ):
                if text is not None:
                    one |= ({kind: label} if label else {}) | {f"{kind}_text": text}
        if rules is not None or one:
            table[object] = one
    if config.files:
        table["file"] = [dict(one) for one in config.files]
    return table


def _connection(name: str, table: Mapping[str, Any]) -> str:
    where = f"connection.{_key(name)}"
    parts = [_table(where, {k: v for k, v in table.items() if k not in (*OBJECTS, "file")})]
    parts += [_table(f"{where}.{object}", table[object]) for object in OBJECTS if object in table]
    parts += [_table(f"{where}.file", one, many=True) for one in table.get("file", ())]
    return "\n".join(parts)


def _table(name: str, values: Mapping[str, Any], *, many: bool = False) -> str:
    lines = [f"[[{name}]]" if many else f"[{name}]"]
    for key, value in values.items():
        if isinstance(value, Mapping):
            lines += [f"{_key(key)}.{_key(path)} = {_value(word)}" for path, word in value.items()]
        else:
            lines.append(f"{_key(key)} = {_value(value)}")
    return "\n".join(lines) + "\n"


def _key(text: str) -> str:
    return text if _BARE.fullmatch(text) else _quoted(text)


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, list | tuple):
        return f"[{', '.join(_value(one) for one in value)}]"
    text = str(value)
    if "\n" in text and "'''" not in text and not text.endswith("'") and not _odd(text):
        return f"'''\n{text}'''"
    return _quoted(text)


def _odd(text: str) -> bool:
    """Whether it holds what may not stand literally between quotes."""
    return any((ord(char) < 0x20 and char not in "\n\t") or char == "\x7f" for char in text)


def _quoted(text: str) -> str:
    escapes = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r"}
    return (
        '"'
        + "".join(escapes.get(c) or (f"\\u{ord(c):04x}" if ord(c) < 0x20 or c == "\x7f" else c) for c in text)
        + '"'
    )
