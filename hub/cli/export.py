"""`hub export`: links, customers, orders, configuration; to stdout or to a file that appears whole or not at all."""

from __future__ import annotations

import csv
import io
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import click

from hub.cli.office import Office, pass_office
from hub.cli.show import binary, say

_TO = click.option("--to", type=click.Path(path_type=Path, dir_okay=False), help="A file; else stdout.")
_FORMAT = click.option(
    "--format", "form", type=click.Choice(["jsonl", "csv"]), default="jsonl", show_default=True
)
_VERBATIM = click.option(
    "--verbatim",
    is_flag=True,
    help="CSV: no apostrophe before text that a spreadsheet would run as a formula.",
)
_BATCH = 2_000


@click.group()
def export() -> None:
    """Write what the hub knows. The columns and keys are documented and stay."""


@export.command()
@_TO
@pass_office
def config(office: Office, to: Path | None) -> None:
    """Connections and survivorship as a file that `hub apply` turns into the same hub; maps are inside."""
    from hub.flows.connection_text import export_config

    with office.store() as db:
        text = export_config(db)
    with _target(to) as out:
        out.write(text.encode())


@export.command()
@_TO
@click.option(
    "--level",
    type=click.Choice(["auto", "review"]),
    default="auto",
    show_default=True,
    help="auto: as stored. review: as if every pair that a steward is asked about were one; nothing is stored.",
)
@pass_office
def links(office: Office, to: Path | None, level: str) -> None:
    """CSV: connection,object,external_id,customer_id; a line for every live customer record, sorted."""
    from hub.flows import exports
    from hub.flows.wiring import load_wiring

    with office.store() as db, _target(to) as out:
        rows = exports.links(db) if level == "auto" else exports.links_for_review(db, load_wiring(db))
        _csv(out, exports.LINK_COLUMNS, rows)


@export.command()
@_TO
@_FORMAT
@_VERBATIM
@pass_office
def customers(office: Office, to: Path | None, form: str, verbatim: bool) -> None:
    """Every living customer, by id."""
    from hub.flows import exports

    with office.store() as db, _target(to) as out:
        if form == "jsonl":
            _jsonl(out, exports.customers(db))
        else:
            rows = exports.customer_table(db, verbatim=verbatim)
            _csv(out, next(rows), rows)


@export.command()
@_TO
@_FORMAT
@_VERBATIM
@pass_office
def orders(office: Office, to: Path | None, form: str, verbatim: bool) -> None:
    """Every order, by id; as CSV a row for each of its lines."""
    from hub.flows import exports

    with office.store() as db, _target(to) as out:
        if form == "jsonl":
            _jsonl(out, exports.orders(db))
        else:
            rows = exports.order_table(db, verbatim=verbatim)
            _csv(out, next(rows), rows)


@export.command()
@_TO
@pass_office
def interactions(office: Office, to: Path | None) -> None:
    """Every interaction, by id, as JSON Lines."""
    from hub.flows import exports

    with office.store() as db, _target(to) as out:
        _jsonl(out, exports.interactions(db))


@contextmanager
def _target(to: Path | None) -> Iterator[IO[bytes]]:
    """Where to write. A file is written beside its place and renamed, so that no reader sees half of it."""
    if to is None:
        out = binary()
        yield out
        out.flush()
        return
    part = to.with_name(f".{to.name}.{os.getpid()}.part")
    try:
        with part.open("wb") as file:
            yield file
        part.replace(to)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise click.FileError(str(to), error.strerror) from None
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    say(f"Written: {to}")


def _csv(out: IO[bytes], head: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """UTF-8, LF line ends, quotes only where needed."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(head)
    for count, row in enumerate(_counted(rows), start=1):
        writer.writerow(row)
        if count % _BATCH == 0:
            _drain(buffer, out)
    _drain(buffer, out)


def _drain(buffer: io.StringIO, out: IO[bytes]) -> None:
    out.write(buffer.getvalue().encode("utf-8", "surrogateescape"))
    buffer.seek(0)
    buffer.truncate()


def _jsonl(out: IO[bytes], rows: Iterable[dict[str, Any]]) -> None:
    import orjson

    for row in _counted(rows):
        out.write(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE))


def _counted(rows: Iterable[Any]) -> Iterator[Any]:
    """Say at a terminal how far it is, if it takes its time and does not go there itself."""
    if not sys.stderr.isatty() or sys.stdout.isatty():
        yield from rows
        return
    count = 0
    for count, row in enumerate(rows, start=1):
        if count % 50_000 == 0:
            sys.stderr.write(f"\r{count:,} …")
            sys.stderr.flush()
        yield row
    if count >= 50_000:
        sys.stderr.write(f"\r{count:,} rows\n")
