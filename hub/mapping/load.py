"""From the TOML text of a map and its overlay to a MapSpec; what it may not say is refused with file, line and fix."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from hub.canonical import vocabulary
from hub.mapping import check
from hub.mapping.check import At
from hub.mapping.spec import MAIN, ORGANISATION, ListLines, MapSpec, Part, PullLine, PushLine
from hub.mapping.toml_lines import Where, line_of, parse

TOP_KEYS = ("object", "pull", "push", "values", "ignore", "blank", "blank_as", "description")
PULL_KEYS = ("from", "via", "const", "currency", "country", "push", "wrong")
PUSH_KEYS = ("from", "via", "const")
LIST_PUSH_KEYS = (*PUSH_KEYS, "currency")
ONLY_ON_CREATE = "only_on_create"
BLANK_AS: Mapping[str, str | bool | None] = {"empty": "", "null": None, "false": False}


class _Entry(NamedTuple):
    """One line as written: `section` is pull, push or create; `part` "", "organisation" or "lines[]"."""

    section: str
    part: str
    name: str
    value: Any
    at: At


class _File:
    """One TOML text taken apart into entries."""

    def __init__(self, text: str, file: str) -> None:
        self.file = file
        self.document, self.where = parse(text, file=file)

    def at(self, *keys: str) -> At:
        return At(self.file, line_of(self.where, keys) or 1)

    def check_top(self) -> None:
        for key in self.document:
            if key not in TOP_KEYS:
                check.refuse_key(key, TOP_KEYS, self.at(key), what="a map")

    def table(self, name: str) -> dict[str, Any]:
        found = self.document.get(name, {})
        if not isinstance(found, dict):
            self.at(name).refuse(f"'{name}' must be a table", fix=f"Write [{name}].")
        return found

    def words(self, name: str) -> tuple[Any, ...]:
        found = self.document.get(name, [])
        if not isinstance(found, list) or any(isinstance(item, (dict, list)) for item in found):
            self.at(name).refuse(f"'{name}' must be a list of words", fix=f'Write {name} = ["…"].')
        return tuple(found)

    def entries(self) -> Iterator[_Entry]:
        pull, push = self.table("pull"), self.table("push")
        for key, value in pull.items():
            if isinstance(value, dict) and (key == ORGANISATION or key.endswith("[]")):
                yield from self._flat("pull", key, ("pull", key), value)
            else:
                yield from self._flat("pull", MAIN, ("pull",), {key: value})
        for key, value in push.items():
            if isinstance(value, dict) and key in (ORGANISATION, ONLY_ON_CREATE):
                yield from self._push_table(key, value)
            elif isinstance(value, dict) and key.endswith("[]"):
                yield from self._flat("push", key, ("push", key), value)
            else:
                yield from self._flat("push", MAIN, ("push",), {key: value})

    def _push_table(self, key: str, table: dict[str, Any]) -> Iterator[_Entry]:
        inner = table.get(ONLY_ON_CREATE) if key == ORGANISATION else None
        part, section = (ORGANISATION, "push") if key == ORGANISATION else (MAIN, "create")
        lists = {
            name: value
            for name, value in table.items()
            if section == "create" and name.endswith("[]") and isinstance(value, dict)
        }
        rest = {
            name: value
            for name, value in table.items()
            if name not in lists and (name != ONLY_ON_CREATE or inner is None)
        }
        yield from self._flat(section, part, ("push", key), rest)
        for name, value in lists.items():
            yield from self._flat(section, name, ("push", key, name), value)
        if isinstance(inner, dict):
            yield from self._flat("create", part, ("push", key, ONLY_ON_CREATE), inner)

    def _flat(
        self, section: str, part: str, table: tuple[str, ...], found: dict[str, Any]
    ) -> Iterator[_Entry]:
        """Lines, with dotted keys put together again; a table that the author wrote as { … } is a line of its own."""
        for key, value in found.items():
            keys = (*table, key)
            if isinstance(value, dict) and self._nests(keys, value):
                for entry in self._flat(section, part, keys, value):
                    yield entry._replace(name=f"{key}.{entry.name}")
            else:
                yield _Entry(section, part, key, value, self.at(*keys))

    def _nests(self, keys: tuple[str, ...], value: dict[str, Any]) -> bool:
        if not value.keys().isdisjoint({"from", "via", "const"}):
            return False
        return any((*keys, inner) in self.where for inner in value) or _headed(self.where, keys)


def _headed(where: Where, keys: tuple[str, ...]) -> bool:
    return keys not in where and any(found[: len(keys)] == keys for found in where)


def load_map(text: str, *, file: str, overlay: str | None = None, overlay_file: str | None = None) -> MapSpec:
    """Read a map, with a connection's overlay laid over it.

    The overlay has the same form: its [pull] lines replace those of the same path, its [push] lines those of the same
    remote name (`false` instead of a line takes it out), its value tables, ignore and blank lists are added. Raises
    WrongFile (file, line, fix) for bad TOML and for any key, path, transform or word that does not exist.
    """
    base = _File(text, file)
    layers = [base]
    if overlay is not None:
        layers.append(_File(overlay, overlay_file or "overlay"))
    for layer in layers:
        layer.check_top()
    kind = _object(layers)
    lines: dict[tuple[str, str, str], _Entry] = {}
    for layer in layers:
        for entry in layer.entries():
            key = (entry.section, entry.part, entry.name)
            if entry.value is False:
                if lines.pop(key, None) is None:
                    entry.at.refuse(
                        f"there is no line '{entry.name}' to take out",
                        fix="To read a field without writing it, say push = false in its line of [pull].",
                    )
            else:
                lines[key] = entry
    return _build(kind, layers, list(lines.values()))


def _object(layers: list[_File]) -> str:
    found = layers[0].document.get("object")
    objects = tuple(name for name in vocabulary.OBJECTS if "." not in name)
    if not isinstance(found, str):
        layers[0].at("object").refuse(
            "the map does not say which object it is for", fix='Write object = "customer".'
        )
    if found not in objects:
        check.refuse_word(found, objects, layers[0].at("object"), what="object")
    for layer in layers[1:]:
        if layer.document.get("object", found) != found:
            layer.at("object").refuse(
                f"the overlay is for '{layer.document['object']}', its map for '{found}'"
            )
    return str(found)


def _build(kind: str, layers: list[_File], entries: list[_Entry]) -> MapSpec:
    names = {entry.part for entry in entries if entry.section == "pull"}
    lists = {entry.part for entry in entries} - {MAIN, ORGANISATION}
    if ORGANISATION in names and kind != "customer":
        where = next(entry.at for entry in entries if entry.part == ORGANISATION)
        where.refuse("only a customer map has [pull.organisation]")
    parts = tuple(
        _part(name, kind, entries) for name in (MAIN, ORGANISATION) if name == MAIN or name in names
    )
    stray = next((e.at for e in entries if e.part == ORGANISATION and ORGANISATION not in names), None)
    if stray:
        stray.refuse("[push.organisation] needs a [pull.organisation]")
    last_blank_as = [layer for layer in layers if "blank_as" in layer.document]
    return MapSpec(
        object=kind,
        parts=parts,
        lists=tuple(_list(name, kind, entries) for name in sorted(lists)),
        values=_values(kind, layers),
        ignore=tuple(dict.fromkeys(str(word) for layer in layers for word in layer.words("ignore"))),
        blank=_unique(word for layer in layers for word in layer.words("blank")),
        blank_as=_blank_as(last_blank_as[-1]) if last_blank_as else "",
    )


def _unique(words: Iterator[Any]) -> tuple[Any, ...]:
    return tuple({(type(word).__name__, word): word for word in words}.values())


def _blank_as(layer: _File) -> str | bool | None:
    found = layer.document["blank_as"]
    if found not in BLANK_AS:
        check.refuse_word(str(found), tuple(BLANK_AS), layer.at("blank_as"), what="blank_as")
    return BLANK_AS[found]


def _part(name: str, kind: str, entries: list[_Entry]) -> Part:
    mine = [entry for entry in entries if entry.part == name]
    pull = tuple(_pull_line(entry, kind) for entry in mine if entry.section == "pull")
    push = tuple(_push_line(entry, kind) for entry in mine if entry.section == "push")
    create = tuple(_push_line(entry, kind) for entry in mine if entry.section == "create")
    return Part(name, pull, push, create)


def _list(name: str, kind: str, entries: list[_Entry]) -> ListLines:
    path = name.removesuffix("[]")
    mine = [entry for entry in entries if entry.part == name]
    inner = f"{kind}.{path}"
    if inner not in vocabulary.OBJECTS:
        lists = tuple(f"{key.split('.')[1]}[]" for key in vocabulary.OBJECTS if key.startswith(f"{kind}."))
        check.refuse_word(name, lists, mine[0].at, what="list")
    ends = {"from": path, "to": path}
    pull: list[PullLine] = []
    written: dict[str, list[PushLine]] = {"push": [], "create": []}
    needs: tuple[str, ...] = ()
    for entry in mine:
        if entry.section == "push" and entry.name == "with":
            needs = _along(entry, kind)
        elif entry.name == ("from" if entry.section == "pull" else "to"):
            if not isinstance(entry.value, str) or not entry.value:
                entry.at.refuse(f"'{entry.name}' of a list must be the remote's name for it")
            ends[entry.name] = entry.value
        elif entry.section == "pull":
            pull.append(_pull_line(entry, inner))
        else:
            written[entry.section].append(_push_line(entry, inner, listed=True))
    push, create = tuple(written["push"]), tuple(written["create"])
    return ListLines(path, ends["from"], tuple(pull), ends["to"], push, create, needs)


def _along(entry: _Entry, kind: str) -> tuple[str, ...]:
    """The paths that are written whenever a list is."""
    paths = check.names(entry.value, "with", entry.at)
    for path in paths:
        check.path(path, kind, entry.at)
    return paths


def _pull_line(entry: _Entry, kind: str) -> PullLine:
    path, at, given = entry.name, entry.at, entry.value
    value_kind = check.path(path, kind, at)
    if value_kind == "list":
        at.refuse(f"'{path}' is a list of objects", fix=f'Give it a sub-map: [pull."{path}[]"].')
    if isinstance(given, str):
        given = {"from": given}
    if not isinstance(given, dict):
        at.refuse(
            f"'{path}' must name a field of the remote",
            fix=f'Write "{path}" = "name" or {{ from = "name", … }}.',
        )
    for key in given:
        if key not in PULL_KEYS:
            check.refuse_key(key, PULL_KEYS, at, what="a line of [pull]")
    if "const" in given:
        if len(given) > 1:
            at.refuse("a constant takes no other key")
        return PullLine(path, const=check.const(path, kind, value=given["const"], at=at))
    sources = check.names(given.get("from"), "from", at)
    via = check.via(given.get("via", []), at)
    check.gathers(sources, via, at)
    if any(step.name == "minor" for step in via) and value_kind != "money":
        at.refuse(f"'minor' is for money, and {path} is none")
    push = given.get("push", True)
    if not isinstance(push, bool):
        at.refuse("'push' must be true or false")
    wrong = given.get("wrong", "refuse")
    if wrong not in ("refuse", "blank"):
        at.refuse('\'wrong\' must be "refuse" or "blank"')
    return PullLine(path, sources, via, None, _beside(given, path, value_kind, at), push, wrong == "blank")


def _beside(given: dict[str, Any], path: str, value_kind: str, at: At) -> str | None:
    for key, wanted in (("currency", "money"), ("country", "phone")):
        if key in given:
            if value_kind != wanted:
                at.refuse(f"'{key}' is for {wanted}, and {path} is none")
            return check.names(given[key], key, at)[0]
    return None


def _push_line(entry: _Entry, kind: str, *, listed: bool = False) -> PushLine:
    """One line that writes; `listed`: in the sub-map of a list, whose items are written whole."""
    remote, at, given = entry.name, entry.at, entry.value
    if isinstance(given, str):
        given = {"from": given}
    if not isinstance(given, dict):
        at.refuse(
            f"'{remote}' must be written from a path",
            fix=f'Write "{remote}" = "email" or {{ from = "email" }}.',
        )
    for key in given:
        if key not in (LIST_PUSH_KEYS if listed else PUSH_KEYS):
            check.refuse_key(key, LIST_PUSH_KEYS if listed else PUSH_KEYS, at, what="a line of [push]")
    if "const" in given:
        if entry.section == "push" and not listed:
            at.refuse("a constant is written on create only", fix="Move the line to [push.only_on_create].")
        return PushLine(remote, const=given["const"])
    paths = check.names(given.get("from"), "from", at)
    kinds = [check.path(path, kind, at) for path in paths]
    if "list" in kinds:
        named = paths[kinds.index("list")]
        at.refuse(
            f"'{named}' is a list of objects and cannot be written into one field",
            fix=f'Give it a sub-map: [push."{named}[]"].',
        )
    via = check.via(given.get("via", []), at)
    check.gathers(paths, via, at)
    beside = _beside({"currency": given["currency"]}, paths[0], kinds[0], at) if "currency" in given else None
    return PushLine(remote, paths, via, None, beside)


def _values(kind: str, layers: list[_File]) -> dict[str, dict[str, Any]]:
    merged: dict[str, dict[str, Any]] = {}
    for layer in layers:
        for path, table, keys in _tables(layer.table("values"), ("values",)):
            at = layer.at(*keys)
            inner, own = _values_object(path, kind, at)
            words = merged.setdefault(path, {})
            for word, value in table.items():
                place = layer.at(*keys, word)
                words[word] = check.const(own, inner, value=value, at=place)
    return merged


def _tables(
    found: Mapping[str, Any], keys: tuple[str, ...]
) -> Iterator[tuple[str, dict[str, Any], tuple[str, ...]]]:
    """(path, words, TOML keys) for each table below [values]; dotted headings are put together again."""
    for key, value in found.items():
        here = (*keys, key)
        if not isinstance(value, dict):
            yield ".".join(here[1:]), {"": value}, here
        elif value and all(isinstance(item, dict) for item in value.values()):
            yield from _tables(value, here)
        else:
            yield ".".join(here[1:]), value, here


def _values_object(path: str, kind: str, at: At) -> tuple[str, str]:
    head, bracket, own = path.partition("[].")
    inner, own = (f"{kind}.{head}", own) if bracket else (kind, path)
    check.path(own, inner, at)
    return inner, own
