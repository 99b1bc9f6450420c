"""The reading half of a declared connector: its walk, its check, what it discovers, what was deleted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from requests.utils import parse_header_links

from hub.errors import ConnectionBroken, HubError, NeedsReauth
from hub.sdk.connector import Deletes, FieldShape, Finding, ObjectShape
from hub.sdk.rest.names import reach
from hub.sdk.rest.tables import ObjectTable
from hub.sdk.rest.walk import Listed, Row, Walk

if TYPE_CHECKING:
    from hub.sdk.rest.connector import RestConnector

_SAMPLE = 10


def walk(source: RestConnector, object: str, table: ObjectTable | None = None, *, size: int = 0) -> Walk:
    """The walk of an object's list, or of another list given as a table."""
    chosen = table or source.rest.objects[object]

    def ask(params: dict[str, str], link: str | None) -> Listed:
        answer = source.call("GET", link or chosen.path, params=None if link else params)
        said = source.verdict(answer)
        return Listed(rows_of(said, chosen.rows), _following(chosen, said, answer.headers))

    return Walk(
        ask,
        chosen,
        size=size or source.manifest.objects[object].page_size,
        zone=source.connection.timezone,
        clock=source.address().server_now,
    )


def rows_of(said: Any, name: str) -> list[Row]:
    """The rows of an answer. Raises ConnectionBroken where there is no list: that is never an empty one."""
    rows = reach(said, name)
    if not isinstance(rows, list):
        raise ConnectionBroken(
            f"an answer has no list at {name or 'its top'}",
            fix="compare rows in the manifest with a real answer",
        )
    return rows


def _following(table: ObjectTable, said: Any, headers: Mapping[str, str]) -> str | None:
    if table.paging == "link" and not table.token:
        links = parse_header_links(headers.get("link", ""))
        return next((one["url"] for one in links if one.get("rel") == "next"), None)
    if table.paging not in {"token", "link"}:
        return None
    token = reach(said, table.token)
    return (
        str(token) if isinstance(token, int | str) and not isinstance(token, bool) and token != "" else None
    )


def check(source: RestConnector) -> Iterator[Finding]:
    """The credential, then a sample of each object; ends with the first step that fails."""
    rest = source.rest
    if rest.check:
        try:
            said = source.read(rest.check)
            who = reach(said, rest.account) if rest.account else None
        except HubError as error:
            yield _failed("credentials" if isinstance(error, NeedsReauth) else "reach", error)
            return
        if rest.account and who in (None, ""):
            yield Finding(
                "credentials", False, f"the answer to {rest.check} names no {rest.account}", "check the url"
            )
            return
        yield Finding("credentials", True, f"they belong to {who}" if who else "they are taken")
    for object, declared in source.manifest.objects.items():
        if not declared.pull:
            continue
        try:
            step = next(walk(source, object, size=_SAMPLE).steps(None, full=True, overlap=0.0), None)
            rows = step.rows if step else []
        except HubError as error:
            yield _failed(f"read {object} records", error)
            return
        yield Finding(f"read {object} records", True, f"{len(rows)} read as a sample")
    yield from source.extra_steps()


def _failed(step: str, error: HubError) -> Finding:
    said = error.message + (f" ({error.cause})" if error.cause else "")
    return Finding(step, False, said, error.fix or "check the url, and that the system runs")


def shape(source: RestConnector, object: str) -> ObjectShape:
    """The fields that the first records have."""
    step = next(walk(source, object, size=_SAMPLE).steps(None, full=True, overlap=0.0), None)
    kinds: dict[str, str] = {}
    for row in step.rows if step else ():
        for name, value in row.items():
            if kinds.get(name, "unknown") == "unknown":
                kinds[name] = _kind(value)
    fields = [FieldShape(name, kind) for name, kind in kinds.items()]
    return ObjectShape(source.manifest.objects[object].remote or object, object, fields)


def _kind(value: Any) -> str:
    kinds = {bool: "bool", int: "number", float: "number", str: "text", list: "list", dict: "object"}
    return kinds.get(type(value), "unknown")


def deleted(source: RestConnector, object: str, since: Any) -> Deletes:
    """From the system's own list of deleted records."""
    table = source.rest.objects[object]
    asked = replace(
        table,
        path=table.gone_path,
        rows=table.gone_rows,
        id=table.gone_id,
        params=table.gone_params,
        since=table.gone_since,
        moment=table.gone_moment,
        sorted=False,
    )
    ids: list[str] = []
    cursor = since
    overlap = source.manifest.objects[object].overlap_seconds
    for step in walk(source, object, asked).steps(since, full=False, overlap=overlap):
        ids += [str(reach(row, asked.id)) for row in step.rows]
        cursor = step.cursor if step.cursor is not None else cursor
    return Deletes(list(dict.fromkeys(ids)), cursor)
