"""The `hub` command, one file per noun. What each prints: README.md here."""

from __future__ import annotations

import sys


def main() -> None:
    """The entry point of `hub` and `python -m hub`."""
    from hub.cli.root import run

    sys.exit(run(sys.argv[1:]))
