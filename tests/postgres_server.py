"""The PostgreSQL of the tests: the server HUB_TEST_DATABASE_URL names, else a throw-away one (`hub/demo/postgres.py`).

`python tests/postgres_server.py` says whether one can be had (exit 0 or 1).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from hub.demo import postgres
from hub.demo.postgres import NoPostgres, binaries

__all__ = ["NoPostgres", "binaries", "server"]


@contextmanager
def server() -> Iterator[str]:
    """The URL of a server (database `postgres`) on which databases may be created. Raises NoPostgres."""
    given = os.environ.get("HUB_TEST_DATABASE_URL")
    if given:
        yield given
        return
    with postgres.server() as socket:
        yield f"postgresql://postgres@/postgres?host={socket}"


if __name__ == "__main__":
    try:
        print(os.environ.get("HUB_TEST_DATABASE_URL") or binaries())
    except NoPostgres as error:
        sys.exit(f"No PostgreSQL: {error}")
