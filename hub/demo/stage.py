"""How the demo speaks: a numbered line a step with its time, a few facts below it, tables at the end.

The story goes to stdout, readable in a pipe as well; what goes on while a step works, to stderr.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.status import Status
from rich.table import Table
from rich.text import Text

from hub.cli.show import safe
from hub.cli.show import say as say_aside

_PIPE_WIDTH = 120
_SPINNER = 4
_QUIET_SECONDS = 5.0  # how often it speaks of its progress where no terminal shows a moving line


class Done(NamedTuple):
    """A step that was told: its title, how long it took (seconds), and what to remember of it."""

    title: str
    seconds: float
    gist: str


class Stage:
    """The narrator. `done` keeps what was told, for the table at the end."""

    def __init__(self) -> None:
        self._piped = not sys.stdout.isatty()
        self._out = Console(file=sys.stdout, highlight=False, width=_PIPE_WIDTH if self._piped else None)
        self._aside = Console(file=sys.stderr, highlight=False)
        self._status: Status | None = None
        self._title = ""
        self._facts: list[str] = []
        self.done: list[Done] = []
        self.began = self._spoke = time.monotonic()

    def step(self, title: str, act: Callable[[], str]) -> None:
        """One step: a moving line while it works, then its title, its time and its facts. `act` returns the gist."""
        began = time.monotonic()
        self._title, self._facts = title, []
        try:
            with self._aside.status(escape(title)) as self._status:
                gist = act()
        finally:
            self._status = None
        self.done.append(Done(title, time.monotonic() - began, gist))
        self._print(
            f"\n[bold]{len(self.done):>2}  {escape(title)}[/bold]  [dim]{self.done[-1].seconds:.1f} s[/dim]"
        )
        for fact in self._facts:
            self._print(escape(safe(fact)), indent=4)

    def tell(self, fact: str) -> None:
        """A fact of the step that runs."""
        self._facts.append(fact)

    def moving(self, text: str) -> None:
        """What is being done right now."""
        if self._aside.is_terminal:
            if self._status is not None:
                line = Text(safe(f"{self._title}: {text}"))
                line.truncate(self._aside.width - _SPINNER, overflow="ellipsis")
                self._status.update(line)
        elif time.monotonic() - self._spoke >= _QUIET_SECONDS:
            self._spoke = time.monotonic()
            say_aside(f"    … {self._title}: {text}")

    def say(self, text: str = "") -> None:
        """A line of its own, between steps."""
        self._print(escape(safe(text, keep_lines=True)))

    def heading(self, text: str) -> None:
        self._print(f"\n[bold]{escape(text)}[/bold]")

    def table(
        self, columns: Sequence[str], rows: Sequence[Sequence[Any]], *, numbers: Sequence[str] = ()
    ) -> None:
        """A table; the columns named in `numbers` stand right."""
        shown = Table(box=SIMPLE_HEAD, pad_edge=False, header_style="bold", show_edge=False)
        for name in columns:
            shown.add_column(name, justify="right" if name in numbers else "left", overflow="fold")
        for row in rows:
            shown.add_row(*(escape(safe(str(cell))) for cell in row))
        self._out.print(shown)

    def _print(self, text: str, *, indent: int = 0) -> None:
        if self._piped or not indent:  # what may be pasted is not broken by us
            self._out.print(" " * indent + text, soft_wrap=True)
        else:
            self._out.print(Padding(text, (0, 0, 0, indent), expand=False))
        self._out.file.flush()
