"""`hub demo`: the main job on real input, from nothing to a real ERP and three systems in agreement."""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

from hub.demo import acts, opening, proof
from hub.demo.play import Play
from hub.demo.stage import Stage

SEED = 20260117

RECIPE: tuple[tuple[str, Callable[[Play], str]], ...] = (
    ("Make a home", opening.make_home),
    ("Start a real ERP", opening.start_erp),
    ("Write the exports of three systems", opening.write_exports),
    ("Connect and check all four", opening.connect),
    ("Sync: read, match, plan", opening.first_sync),
    ("Confirm the plans", opening.confirm),
    ("Look at who was joined", opening.judge_matching),
    ("Change a phone in the ERP and an address in the shop", acts.change_both_sides),
    ("Explain a merge", acts.explain_merge),
    ("Take father and son apart", acts.unmerge),
    ("Edit one field on both sides", acts.conflict),
    ("Read the ERP back by its own API", proof.read_back),
    ("Compute everything again", proof.check_derived),
)


def main(*, home: Path | None = None, keep: bool = False) -> int:
    """Play it; the exit code: 1 if anything is not as promised. `home` or `keep`: what it made stays."""
    folder = (home or Path(tempfile.mkdtemp(prefix="crm-hub-demo-"))).resolve()
    play = Play(folder, SEED, Stage())
    try:
        perform(play)
        if keep and not play.problems:
            _stay(play)
    finally:
        _strike(play, remove=home is None and not keep)
    return int(bool(play.problems))


def perform(play: Play) -> None:
    """All steps, then the tables."""
    play.stage.say("CRM Hub: one explained customer record from every system, kept in agreement both ways.")
    for title, act in RECIPE:
        play.stage.step(title, partial(act, play))
    _sum_up(play)


def _sum_up(play: Play) -> None:
    stage = play.stage
    stage.heading("The ERP read by its own API, against the golden records")
    columns = ("field", "compared", "equal", "excused", "unequal", "why excused")
    stage.table(columns, proof.table(play.figures["read_back"]), numbers=columns[1:5])
    stage.heading("What happened")
    rows = [
        (number, one.title, f"{one.seconds:.1f}", one.gist) for number, one in enumerate(stage.done, start=1)
    ]
    stage.table(("", "step", "s", "result"), rows, numbers=("", "s"))
    seconds = time.monotonic() - stage.began
    for problem in play.problems:
        stage.say(f"NOT AS PROMISED: {problem}")
    verdict = f"{len(play.problems)} things are not as promised" if play.problems else "all systems agree"
    stage.say(f"\nDone in {seconds:.0f} s: {verdict}.")


def _stay(play: Play) -> None:
    """Leave the hub running, with the ERP beside it, until Ctrl-C."""
    from hub.supervise import up

    play.db.close()
    _next(play)
    up(replace(play.settings, web_port=0), say=play.stage.say)


def _strike(play: Play, *, remove: bool) -> None:
    """End what was started; remove what was made."""
    if hasattr(play, "erp"):
        play.erp.stop()
    if hasattr(play, "db"):
        play.db.close()
    if remove:
        shutil.rmtree(play.home, ignore_errors=True)
        play.stage.say("The home was removed. To look around in it: hub demo --keep, or hub --home DIR demo")
    elif play.home.exists():
        play.stage.say(f"The home stays: {play.home}")


def _next(play: Play) -> None:
    """What to try in the home."""
    hub = f"hub --home {play.home}"
    play.stage.heading("To try in another terminal")
    for line in (
        f"{hub} customer explain crm:KH00001",
        f"{hub} connection list",
        f"{hub} quarantine list",
        f"{hub} export links | head",
        f"edit {play.home / 'exports' / 'shop' / 'customers.csv'}, then: {hub} sync",
    ):
        play.stage.say(f"  {line}")


if __name__ == "__main__":
    sys.exit(main())
