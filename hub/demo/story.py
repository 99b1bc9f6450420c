"""`hub demo`: the main job on real input, from nothing to a real ERP and three systems in agreement."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

from hub.demo import acts, opening, proof, trade
from hub.demo.play import Play
from hub.demo.stage import Stage

SEED = 20260117

RECIPE: tuple[tuple[str, Callable[[Play], str]], ...] = (
    ("Make a home", opening.make_home),
    ("Start a real ERP", opening.start_erp),
    ("Write the exports of three systems", opening.write_exports),
    ("Connect all four and check", opening.connect),
    ("Sync: read, match, plan", opening.first_sync),
    ("Confirm the plans", opening.confirm),
    ("Look at who was joined", opening.judge_matching),
    ("Change a phone in the ERP, an address in the shop", acts.change_both_sides),
    ("Explain a merge", acts.explain_merge),
    ("Take father and son apart", acts.unmerge),
    ("Edit one field on both sides", acts.conflict),
    ("Read the ERP back by its own API", proof.read_back),
    ("Compute everything again", proof.check_derived),
)

TRADE: tuple[tuple[str, Callable[[Play], str]], ...] = (
    ("Open a real online store", trade.open_store),
    ("Connect the store", trade.connect_store),
    ("Sync: orders into the ERP", trade.orders_travel),
    ("Ship a part in the ERP, give money back in the store", trade.after_sales),
    ("Compare every order in store, hub and ERP", trade.compare_orders),
)
"""What comes before the proof when the store joins."""


def main(*, home: Path | None = None, keep: bool = False, store: bool = False) -> int:
    """Play it; the exit code: 1 if anything is not as promised. `home`: where; it stays, as with `keep`.

    `store`: with a real online store as well. `keep` leaves the hub and the systems running until Ctrl-C. Raises
    WrongUse where `home` is a home already.
    """
    _forget_the_users_hub()
    folder = (home or Path(tempfile.mkdtemp(prefix="crm-hub-demo-"))).resolve()
    play = Play(folder, SEED, Stage())
    stays = home is not None or keep
    try:
        perform(play, store=store)
        if keep:
            _stay(play)
    finally:
        strike(play, remove=not stays)
    return int(bool(play.problems))


def perform(play: Play, *, store: bool = False) -> None:
    """All steps, then the tables."""
    play.stage.say("CRM Hub: one explained customer record from every system, kept in agreement both ways.")
    for title, act in (*RECIPE[:-2], *(TRADE if store else ()), *RECIPE[-2:]):
        play.stage.step(title, partial(act, play))
    _sum_up(play)


def strike(play: Play, *, remove: bool) -> None:
    """End what was started; remove what was made, or say where it is."""
    for name in ("store", "erp"):
        if hasattr(play, name):
            getattr(play, name).stop()
    if hasattr(play, "db"):
        play.db.close()
    if remove:
        shutil.rmtree(play.home, ignore_errors=True)
        play.stage.say(
            "\nThe ERP is stopped and everything removed. To look around in it: make demo KEEP=1 (hub demo --keep)"
        )
    elif hasattr(play, "settings"):
        play.stage.say(f"\nThe home stays: {play.home}. Its ERP is stopped.")


def _sum_up(play: Play) -> None:
    stage = play.stage
    if "read_back" in play.figures:
        stage.heading("The ERP read by its own API, against the golden records")
        stage.table(proof.COLUMNS, proof.table(play.figures["read_back"]), numbers=proof.COLUMNS[1:-1])
    stage.heading("What happened")
    rows = [
        (number, one.title, f"{one.seconds:.1f}", one.gist) for number, one in enumerate(stage.done, start=1)
    ]
    stage.table(("", "step", "s", "result"), rows, numbers=("", "s"))
    stage.say()
    for problem in play.problems:
        stage.say(f"NOT AS PROMISED: {problem}")
    verdict = f"{len(play.problems)} NOT as promised" if play.problems else "all systems agree"
    stage.say(f"Done in {time.monotonic() - stage.began:.0f} s: {verdict}.")


def _stay(play: Play) -> None:
    """Leave the hub running, with the ERP beside it, until Ctrl-C."""
    from hub import logging_setup
    from hub.supervise import up

    play.db.close()
    logging_setup.configure("up", level="error")
    stage, home = play.stage, play.home
    hub = f"{_program()} --home {home}"
    stage.heading("To try in another terminal")
    for line in (
        f"{hub} customer explain crm:KH00001",
        f"{hub} customer find 王",
        f"{hub} quarantine list",
        f"{hub} export links",
        f"change {home / 'exports' / 'shop' / 'customers.csv'}; within a minute it is everywhere: {hub} run list",
    ):
        stage.say(f"  {line}")
    stage.say(f"\nThe ERP runs at {play.erp.url}, the home is {home}")
    up(replace(play.settings, web_port=0), say=stage.say)


def _program() -> str:
    """How the command was called, so that the hints can be pasted."""
    called = Path(sys.argv[0])
    return str(called) if called.name == "hub" else "hub"


def _forget_the_users_hub() -> None:
    """The demo is embedded and alone: no HUB_DATABASE_URL of the user's may lead it into a real store."""
    for name in [name for name in os.environ if name.startswith("HUB_")]:
        del os.environ[name]
