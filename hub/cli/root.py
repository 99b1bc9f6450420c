"""The root of the `hub` command: finds commands by name; whatever goes wrong becomes a sentence and an exit code."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from hub.cli.office import Office
from hub.cli.show import say
from hub.errors import HubError, WrongUse

# name → (where it is, what it does): imported only when it is called, so that `hub --help` costs nothing.
COMMANDS: Mapping[str, tuple[str, str]] = {
    "init": ("hub.cli.home:init", "Make or repair a home: settings, key, store."),
    "doctor": ("hub.cli.home:doctor", "Look at everything this hub stands on."),
    "up": ("hub.cli.parts:up", "Run the whole hub in this terminal until Ctrl-C."),
    "web": ("hub.cli.parts:web", "Run the web part alone."),
    "worker": ("hub.cli.parts:worker", "Run a worker of one queue alone."),
    "scheduler": ("hub.cli.parts:scheduler", "Run the scheduler alone."),
    "demo": ("hub.cli.parts:demo", "Show the whole story on real systems."),
    "connector": ("hub.cli.connector:connector", "The kinds of system the hub can talk to."),
    "connection": ("hub.cli.connection:connection", "The configured accounts: add, check, pause, remove."),
    "plan": ("hub.cli.config:plan", "Say what applying a connections file would change."),
    "apply": ("hub.cli.config:apply", "Apply a connections file."),
    "export": ("hub.cli.export:export", "Write links, customers, orders, interactions or the configuration."),
    "sync": ("hub.cli.sync:sync", "Pull, match, and bring every system to agreement."),
    "backfill": (
        "hub.cli.backfill:backfill",
        "Read everything of a connection again; say first what it costs.",
    ),
    "reconcile": (
        "hub.cli.reconcile:reconcile",
        "Compare every bound record with its system; mend what drifted.",
    ),
    "schedule": ("hub.cli.schedule:schedule", "What is pulled and compared when."),
    "run": ("hub.cli.run:run", "What was pulled and pushed, and how it went."),
    "review": ("hub.cli.review:review", "Pairs that may be one customer: same, different, or later."),
    "match": ("hub.cli.match:match", "How well records are matched, and why two are or are not one."),
    "customer": ("hub.cli.customer:customer", "Find, show, explain, merge, unmerge, pin."),
    "interaction": ("hub.cli.interaction:interaction", "What was said; answer it, or publish something."),
    "conflict": (
        "hub.cli.conflict:conflict",
        "Where values met: what waits for a choice, what was overruled.",
    ),
    "delivery": ("hub.cli.delivery:delivery", "What systems are owed, and what could not be brought there."),
    "alert": ("hub.cli.alert:alert", "What is wrong now, who was told, and how that is sent."),
    "why": ("hub.cli.why:why", "Why a customer or order is not in a system, or differs there."),
    "quarantine": ("hub.cli.quarantine:quarantine", "Records that could not be taken, and why."),
    "inbox": ("hub.cli.inbox:inbox", "Webhooks that came in, and what became of them."),
    "token": ("hub.cli.token:token", "Who may use the API, and for what."),
    "rebuild": ("hub.cli.rebuild:rebuild", "Compute every golden record again from its evidence."),
    "relink": ("hub.cli.relink:relink", "Compute all pairs again in batch, and say what would change."),
    "remap": ("hub.cli.rebuild:remap", "Apply a changed map to what is stored."),
    "map": ("hub.cli.map:map_", "Try a map on real rows; suggest one from headers."),
}


class Commands(click.Group):
    """A group whose commands are found by name in COMMANDS."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name][0].partition(":")
        found: click.Command = getattr(importlib.import_module(module), name)
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, told) for name, (_, told) in COMMANDS.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        import difflib

        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            near = difflib.get_close_matches(args[0], COMMANDS, n=1)
            ctx.fail(f'There is no command "{args[0]}".' + (f' Did you mean "{near[0]}"?' if near else ""))
        return super().resolve_command(ctx, args)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--home", type=click.Path(path_type=Path), help="The home; else HUB_HOME, or the nearest above."
)
@click.option("--json", "as_json", is_flag=True, help="Records as JSON Lines, with the documented keys.")
@click.option("--debug", is_flag=True, help="Tracebacks instead of sentences.")
@click.version_option(package_name="crm-hub", prog_name="hub")
@click.pass_context
def hub(ctx: click.Context, home: Path | None, as_json: bool, debug: bool) -> None:
    """CRM Hub: one explained customer record from every system, kept in agreement both ways.

    Exit codes: 0 done, 1 failed, held or unconfirmed, 2 wrong use. Records go to stdout, talk to stderr.
    """
    from hub import logging_setup

    logging_setup.configure("hub", level="debug" if debug else "error")
    ctx.obj = Office(home, as_json, debug)


def run(arguments: Sequence[str]) -> int:
    """Run one command line; its exit code. Prints errors as sentences, never a traceback unless --debug."""
    args = _globals_first(list(arguments))
    try:
        result: Any = hub.main(args=args, prog_name="hub", standalone_mode=False)
        sys.stdout.flush()
        return result if isinstance(result, int) and not isinstance(result, bool) else 0
    except (Exception, KeyboardInterrupt) as error:
        if "--debug" in args and isinstance(error, HubError):
            raise
        code = _expected(error)
        if code is None:
            if "--debug" in args:
                raise
            say(
                f"Error: something went wrong inside CRM Hub: {type(error).__name__}: {error}\n"
                "Fix: this is a defect; run it again with --debug and report what it prints."
            )
        return 1 if code is None else code


def _expected(error: BaseException) -> int | None:
    """The exit code of what may happen, told; None for a defect."""
    code = None
    if isinstance(error, click.exceptions.Exit):
        code = error.exit_code
    elif isinstance(error, KeyboardInterrupt | click.Abort):
        say("Stopped.")
        code = 130
    elif isinstance(error, BrokenPipeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # the reader has gone; nobody is to hear of it at exit
        code = 141
    elif isinstance(error, click.ClickException):
        helped = isinstance(error, click.exceptions.NoArgsIsHelpError)
        context = error.ctx if isinstance(error, click.UsageError) else None
        hint = "" if helped else f"\nHelp: {context.command_path if context else 'hub'} --help"
        say(f"{'' if helped else 'Error: '}{error.format_message()}{hint}")
        code = 2
    elif isinstance(error, HubError):
        say(sentence(error))
        code = 2 if isinstance(error, WrongUse) else 1
    return code


def sentence(error: HubError) -> str:
    """What happened, why, and how to mend it, a line each."""
    lines = [f"Error: {error.message}"]
    lines += [f"Why: {error.cause}"] if error.cause else []
    lines += [f"Fix: {error.fix}"] if error.fix else []
    return "\n".join(lines)


def _globals_first(args: list[str]) -> list[str]:
    """--home, --json and --debug may stand anywhere; click wants them before the command."""
    front: list[str] = []
    rest: list[str] = []
    while args:
        arg = args.pop(0)
        if arg == "--":
            rest += [arg, *args]
            break
        if arg in ("--json", "--debug") or arg.startswith("--home="):
            front.append(arg)
        elif arg == "--home" and args:
            front += [arg, args.pop(0)]
        else:
            rest.append(arg)
    return [*front, *rest]
