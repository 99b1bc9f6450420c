"""`hub map`: try a map on real rows, suggest one from headers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from hub.cli.office import Office, pass_office
from hub.cli.show import binary, json_line, print_line, say, text_of

_FILE = click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
_ID = click.option("--id", "id_column", help="The column of the external id, where it cannot be guessed.")


@click.group("map")
def map_() -> None:
    """Maps say which field of a system is which field of ours. No home is needed for these."""


@map_.command("try")
@click.argument("map_file", metavar="MAP", type=click.Path(path_type=Path, dir_okay=False))
@_FILE
@_ID
@click.option("--overlay", type=click.Path(path_type=Path, dir_okay=False), help="An overlay to lay over it.")
@click.option("--limit", type=click.IntRange(1), default=3, show_default=True, help="How many rows.")
@click.option("--country", help="As of the connection: for phones and addresses without one.")
@click.option("--timezone")
@click.option("--currency")
@pass_office
def try_(
    office: Office, /, map_file: Path, file: Path, id_column: str | None, limit: int, **more: Any
) -> int:
    """Show what MAP makes of the first rows of FILE: raw → canonical → what would be written back."""
    from hub.flows import map_try

    context = map_try.Context(more["country"], more["timezone"], more["currency"])
    tried = map_try.try_map(
        map_file, file, id_column=id_column, limit=limit, context=context, overlay=more["overlay"]
    )
    for row in tried.rows:
        if office.as_json:
            json_line(row._asdict())
        else:
            _show(row)
    if tried.unmapped:
        say(f"Not mapped, nor ignored: {', '.join(tried.unmapped)}")
    for path, why in tried.not_pushed.items():
        say(f"Not written back: {path}: {why}")
    return int(any(row.error for row in tried.rows) or not tried.rows)


@map_.command()
@_FILE
@_ID
@click.option("--object", "object_", default="customer", show_default=True)
@pass_office
def suggest(office: Office, file: Path, id_column: str | None, object_: str) -> None:
    """Guess a map from the headers (English and Chinese) and the values of FILE; write it to stdout."""
    from hub.flows import map_try

    guesses, text = map_try.suggest_map(file, object=object_, id_column=id_column)
    if office.as_json:
        for guess in guesses:
            json_line(guess._asdict())
    else:
        binary().write(text.encode())
    known = sum(guess.path is not None for guess in guesses)
    say(f"{known} of {len(guesses)} columns have a guess. Try it: hub map try MAP {file}")


def _show(row: Any) -> None:
    print_line(f"── {row.external_id}")
    for head, values in (
        ("raw", row.raw),
        *((part or "canonical", values) for part, values in row.parts.items()),
        ("update", row.update),
        ("create", row.create),
    ):
        if head == "create" and row.create == row.update:
            continue
        for key, value in values.items():
            print_line(f"{head:<12} {key} = {text_of(value)}")
    if row.blanks:
        print_line(f"{'blank':<12} {', '.join(row.blanks)}")
    for note in row.notes:
        print_line(f"{'note':<12} {note}")
    if row.error:
        print_line(f"{'REFUSED':<12} {row.error}")
