"""What every command works with: the home, its settings and store, and who is asking."""

from __future__ import annotations

import os
import pwd
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from hub.settings import Settings
    from hub.store.session import Database


@dataclass
class Office:
    """The global options of one call. as_json: records as JSON Lines; debug: tracebacks instead of sentences."""

    home: Path | None = None
    as_json: bool = False
    debug: bool = False

    @cached_property
    def settings(self) -> Settings:
        """The settings of the home. Raises NotFound when there is none."""
        from hub import settings

        return settings.load(self.home)

    @contextmanager
    def store(self) -> Iterator[Database]:
        """The store, checked and closed after."""
        from hub.flows.home import open_store

        db = open_store(self.settings)
        try:
            yield db
        finally:
            db.close()

    @property
    def user(self) -> str:
        """Who acts, for the audit trail: the account this process runs under."""
        try:
            return pwd.getpwuid(os.getuid()).pw_name
        except KeyError:
            return f"uid {os.getuid()}"

    @property
    def now(self) -> float:
        return time.time()


pass_office = click.make_pass_decorator(Office, ensure=True)
