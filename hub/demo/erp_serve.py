"""Runs inside the ERP's own environment: serves until its standard input closes, so it never outlives who started it.

`python erp_serve.py CONFIG DATABASE`, with a pipe as standard input. However the parent ends, also by kill -9, the pipe
closes and the server with it.
"""
# mypy: disable-error-code="import-not-found, import-untyped, no-untyped-call"

from __future__ import annotations

import os
import sys
import threading


def main(config_file: str, database: str) -> None:
    threading.Thread(target=_follow_parent, daemon=True).start()
    from trytond.cli import main as serve

    sys.argv = ["trytond", "-c", config_file, "-d", database]
    serve()


def _follow_parent() -> None:
    while os.read(0, 1024):
        pass
    # At once and whole: open requests of a vanished parent have nobody to answer; the database is transactional.
    os._exit(0)


if __name__ == "__main__":
    main(*sys.argv[1:3])
