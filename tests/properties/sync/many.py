"""Many histories by hand: `python tests/properties/sync/many.py --histories 50000`.

Prints what was counted, how fast, and every seed that broke with the law it broke. Exit 1 if one did.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import time
from collections import Counter
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).parent))

from sync_machine.history import STEPS, History
from sync_machine.trace import Broken

CHUNK = 250


class Part(NamedTuple):
    """What a run of histories came to. broken: seed → law."""

    counts: Counter[str]
    broken: dict[int, str]
    seconds: float


class Job(NamedTuple):
    seeds: range
    steps: int


def play(job: Job) -> Part:
    counts: Counter[str] = Counter()
    broken: dict[int, str] = {}
    began = time.process_time()
    for seed in job.seeds:
        history = History(seed, steps=job.steps)
        try:
            history.run()
        except Broken as reason:
            broken[seed] = str(reason)
        counts += history.trace.counts
        counts["steps"] += history.done
    return Part(counts, broken, time.process_time() - began)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--histories", type=int, default=50_000)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--processes", type=int, default=2)
    given = parser.parse_args()
    seeds = range(given.first, given.first + given.histories)
    jobs = [Job(seeds[at : at + CHUNK], given.steps) for at in range(0, len(seeds), CHUNK)]
    counts: Counter[str] = Counter()
    broken: dict[int, str] = {}
    cpu, began = 0.0, time.monotonic()
    print(f"seeds {seeds.start} to {seeds.stop - 1}, {given.steps} steps each", flush=True)
    with multiprocessing.get_context("spawn").Pool(given.processes) as pool:
        for part in pool.imap_unordered(play, jobs):
            counts += part.counts
            cpu += part.seconds
            for seed, law in part.broken.items():
                broken[seed] = law
                print(f"BROKEN {seed}: {law}", flush=True)
    wall = time.monotonic() - began
    print(f"{len(seeds)} histories, {counts.pop('steps')} steps, {len(broken)} broken")
    print(f"{len(seeds) / cpu:.0f} histories per CPU second, {len(seeds) / wall:.0f} per second of this run")
    for name, count in sorted(counts.items()):
        print(f"  {count:9} {name}")
    return 1 if broken else 0


if __name__ == "__main__":
    raise SystemExit(main())
