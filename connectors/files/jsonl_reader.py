"""JSON Lines: one object a line, taken as it is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import orjson

from connectors.files.decode import Encoding
from connectors.files.feed import POISON, Feed
from connectors.files.folder import FileBroken, Found, Handle
from connectors.files.table import Broken, Item, cut, require_id, unfit

MAX_FIELD = 128 * 1024
_SAMPLE_ROWS = 200


class JsonTable:
    """An open JSON Lines file (`table.Table`); `id` may be dotted where no key has that very name."""

    kind = "jsonl"
    unit = "line"
    delimiter = ","

    def __init__(self, found: Found, handle: Handle, *, feed: Feed, encoding: Encoding) -> None:
        self.found = found
        self.handle = handle
        self.names: tuple[str, ...] = ()
        self.header: tuple[str, ...] = ()
        self.plain = encoding.plain
        self.read_as = f"JSON Lines, {encoding.codec} ({encoding.why})"
        self._feed = feed
        self._id = found.source.id
        self._look()

    def ids(self) -> Iterator[Item]:
        for external_id, raw, line in self.records():
            yield external_id, (raw if external_id is None else None), line

    def records(self) -> Iterator[Item]:
        key, line = self._id, 0
        for block in self._feed.blocks():
            for text in block:
                line += 1
                try:
                    raw = orjson.loads(text)
                    external_id = raw[key]
                except (ValueError, KeyError, TypeError):
                    if text.strip():
                        yield self._slowly(text, line)
                    continue
                if type(external_id) is int:
                    external_id = str(external_id)
                elif type(external_id) is not str or unfit(external_id):
                    yield self._slowly(text, line)
                    continue
                if len(text) > MAX_FIELD:
                    yield self._slowly(text, line)
                else:
                    yield external_id, raw, line

    def at(self, lines: Iterable[int]) -> Iterator[Item]:
        for line in lines:
            block = next(self._feed.blocks(line), None)
            if block is None:
                raise FileBroken("changed while it was read", passing=True)
            yield self._slowly(block[0], line)

    def _slowly(self, text: str, line: int) -> Item:
        """One line with every check."""
        poison = self._feed.poison.get(line) if text == POISON else None
        if poison:
            return None, Broken(line, poison.cause, cut(poison.shown, 2_000)), line
        try:
            raw = orjson.loads(text)
        except ValueError as error:
            return (
                None,
                Broken(line, f"not valid JSON: {cut(str(error), 120)}", cut(text.rstrip(), 2_000)),
                line,
            )
        if not isinstance(raw, dict):
            return None, Broken(line, "not a JSON object", cut(text.rstrip(), 2_000)), line
        external_id, wrong = self._identify(raw)
        if wrong is None and len(text) > MAX_FIELD:
            long = [name for name, one in raw.items() if isinstance(one, str) and len(one) > MAX_FIELD]
            if long:
                wrong = f'the field "{cut(long[0], 80)}" is longer than {MAX_FIELD} characters'
        if wrong:
            ids = (external_id,) if external_id else ()
            return None, Broken(line, wrong, cut(text.rstrip(), 2_000), ids), line
        return external_id, raw, line

    def _identify(self, raw: Mapping[str, Any]) -> tuple[str, str | None]:
        """The external id, and what is wrong with it."""
        value = lookup(raw, self._id)
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value), None
        if value is not None and not isinstance(value, str):
            return "", f'the id is {cut(str(value), 40)}, neither text nor a whole number ("{self._id}")'
        wrong = unfit(value or "")
        return value or "", f'{wrong} ("{self._id}")' if wrong else None

    def _look(self) -> None:
        """Raises FileBroken when the file holds no JSON objects, or the first ones lack the id."""
        names: dict[str, None] = {}
        seen = objects = 0
        for _, text in self._feed.numbered(1):
            if not text.strip():
                continue
            seen += 1
            try:
                raw = orjson.loads(text)
            except ValueError:
                raw = None
            if isinstance(raw, dict):
                objects += 1
                names.update(dict.fromkeys(raw))
                if lookup(raw, self._id) is not None:
                    return
            if seen >= _SAMPLE_ROWS:
                break
        if not seen:
            raise FileBroken("is empty")
        if not objects:
            raise FileBroken(
                "is not JSON Lines: no line is a JSON object", fix="write one object a line, no list around"
            )
        require_id([one for one in names if one != self._id], self._id, how=self.read_as)


def lookup(raw: Mapping[str, Any], name: str) -> Any:
    """The value under a key, or else under a dotted path; None if there is none."""
    if name in raw:
        return raw[name]
    value: Any = raw
    for part in name.split("."):
        if not isinstance(value, Mapping) or part not in value:
            return None
        value = value[part]
    return value
