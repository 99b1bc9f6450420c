"""Job bodies for the tests of the queue; they leave a line in the file that `id` names."""

from __future__ import annotations

import time
from pathlib import Path


def note(id: str, lane: str) -> None:
    with Path(id).open("a") as file:
        file.write(f"{lane}\n")


def slow(id: str, lane: str) -> None:
    note(id, "begin")
    time.sleep(600)
    note(id, "end")


def fail(id: str, lane: str) -> None:
    note(id, lane)
    raise ValueError("as it was told to")
