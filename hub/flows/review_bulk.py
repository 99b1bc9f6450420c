"""Many cases at once: from a file a person filled in, or all that a filter finds."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple, get_args

import orjson
from sqlalchemy import Connection

from hub.errors import NotFound, WrongFile, WrongUse
from hub.flows import find, review
from hub.flows.review import Verdict, Wanted
from hub.flows.wiring import Wiring
from hub.store.session import Database

VERDICTS: tuple[str, ...] = get_args(Verdict)


class Word(NamedTuple):
    """What a person says of a case. days: how long it is put off, with `defer`."""

    a: int
    b: int
    verdict: Verdict
    reason: str | None = None
    days: float = review.DAYS


class Done(NamedTuple):
    """What became of a word. customer_id: the customer they are now, if they were joined. act: the number to withdraw
    it by. cause: why nothing was done."""

    id: str
    verdict: str
    done: bool
    customer_id: str | None = None
    act: int | None = None
    cause: str | None = None


def named(conn: Connection, one: str, other: str | None = None) -> tuple[int, int]:
    """The records of a case: by its id, or by two of CONNECTION:EXTERNAL_ID or cus_….

    Raises NotFound, WrongUse for one and the same record.
    """
    if other is None:
        return review.read_id(one)
    found = [find.meant(conn, text) for text in (one, other)]
    a, b = (meant.record_id if meant.record_id is not None else meant.customer_id for meant in found)
    if a == b:
        raise WrongUse(f"{one} and {other} are one record.")
    return min(a, b), max(a, b)


def filtered(
    conn: Connection, wiring: Wiring, wanted: Wanted, *, limit: int | None = None
) -> list[tuple[int, int]]:
    """The records of every case that is wanted, best first."""
    found: list[tuple[int, int]] = []
    after: str | None = None
    while limit is None or len(found) < limit:
        page = review.queue(conn, wiring, wanted, after=after, limit=200)
        found += [(one.a, one.b) for one in page.cases]
        after = page.next
        if after is None:
            break
    return found if limit is None else found[:limit]


def read(conn: Connection, file: Path) -> list[Word]:
    """The words of a CSV or JSON Lines file: `id`, or `a` and `b`; `verdict`; and `reason` and `days`, if given.

    Rows without a verdict are passed over: nobody has looked at them. Raises WrongFile.
    """
    words = []
    for line, row in _rows(file):
        verdict = str(row.get("verdict") or "").strip()
        if not verdict:
            continue
        if verdict not in VERDICTS:
            raise WrongFile(
                f"{verdict!r} is no verdict", file=str(file), line=line, fix=f"Write {', '.join(VERDICTS)}."
            )
        try:
            one, other = _names(row)
            a, b = named(conn, one, other)
            days = float(row.get("days") or review.DAYS)
        except (NotFound, WrongUse, ValueError) as error:
            raise WrongFile(str(error), file=str(file), line=line) from None
        words.append(Word(a, b, verdict, str(row.get("reason") or "") or None, days))  # type: ignore[arg-type]
    return words


def decide(
    db: Database, wiring: Wiring, words: Iterable[Word], *, by: str, preview: bool = False
) -> Iterator[Done]:
    """Do what each word says, each for itself; one that cannot be done is told and the others go on."""
    for word in words:
        id = review.case_id(word.a, word.b)
        try:
            if word.verdict == "defer":
                if not preview:
                    pairs = [(word.a, word.b)]
                    review.defer(db, wiring, pairs, by=by, days=word.days, reason=word.reason)
                yield Done(id, word.verdict, not preview)
                continue
            act = review.accept if word.verdict == "accept" else review.reject
            effect = act(db, wiring, (word.a, word.b), by=by, reason=word.reason, preview=preview)
        except (NotFound, WrongUse) as error:
            yield Done(id, word.verdict, False, cause=error.message)
            continue
        joined = next(iter(effect.after), None) if word.verdict == "accept" else None
        yield Done(id, word.verdict, not preview, joined, None if preview else effect.act)


def _names(row: Mapping[str, Any]) -> tuple[str, str | None]:
    """How a row names its case. `a` and `b` may be the sides as `hub review list --json` gives them."""
    if row.get("id"):
        return str(row["id"]), None
    sides = [row.get("a"), row.get("b")]
    one, other = (side.get("record") if isinstance(side, Mapping) else side for side in sides)
    if not one or not other:
        raise WrongUse("A row names its case by id, or by a and b.")
    return str(one), str(other)


def _rows(file: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    try:
        text = file.read_text(encoding="utf-8-sig")
        if text.lstrip().startswith("{"):
            for line, part in enumerate(text.splitlines(), start=1):
                if part.strip():
                    yield line, orjson.loads(part)
            return
        rows = csv.DictReader(text.splitlines())
        names = set(rows.fieldnames or ())
        if "verdict" not in names or not ("id" in names or {"a", "b"} <= names):
            raise WrongFile(
                "it has not the columns of a review",
                file=str(file),
                fix="Give it verdict, and id or a and b.",
            )
        yield from enumerate(rows, start=2)
    except (OSError, UnicodeDecodeError, csv.Error, orjson.JSONDecodeError) as error:
        raise WrongFile("it is neither CSV nor JSON Lines in UTF-8", file=str(file), fix=str(error)) from None
