"""The long-running parts: `hub up`, and each part alone for production; and the demo. All found by name."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from typing import Any

import click

from hub.cli.office import Office, pass_office
from hub.cli.show import say

# The web part and the demo are not imported by the command: it knows them by name only.
PARTS: Mapping[str, str] = {"web": "hub.web.serve:main", "demo": "hub.demo.story:main"}


def _resolve(name: str) -> Callable[..., Any]:
    """The function behind `package.module:name` or `package.module.name`."""
    module, _, attribute = name.replace(":", ".").rpartition(".")
    found: Callable[..., Any] = getattr(importlib.import_module(module), attribute)
    return found


@click.command()
@pass_office
def up(office: Office) -> int:
    """Start web, workers, scheduler and the queue server (unless redis_url names one); Ctrl-C stops them all."""
    from hub import logging_setup
    from hub.flows import home
    from hub.supervise import up as supervise

    settings = office.settings
    logging_setup.configure("up", level=settings.log_level, style=settings.log_format)
    home.check_reach(settings, settings.web_host)
    home.upgrade(settings)
    return int(supervise(settings, say=say))


@click.command()
@click.option("--host", help="Where to listen; else web_host of hub.toml.")
@click.option("--port", type=click.IntRange(0, 65535), help="Else web_port of hub.toml; 0 takes a free one.")
@pass_office
def web(office: Office, host: str | None, port: int | None) -> None:
    """Serve health, readiness and the pages, until SIGTERM or Ctrl-C."""
    _resolve(PARTS["web"])(office.settings, host=host, port=port, say=say)


@click.command()
@click.argument("queue", metavar="[pull|bulk|realtime]")
@pass_office
def worker(office: Office, queue: str) -> None:
    """Take jobs of one queue, until SIGTERM or Ctrl-C."""
    from hub.queue import PROCESSES

    _resolve(PROCESSES["worker"])(office.settings, queue)


@click.command()
@pass_office
def scheduler(office: Office) -> None:
    """Ask for what is due, until SIGTERM or Ctrl-C. Any number may run; one leads."""
    from hub.queue import PROCESSES

    _resolve(PROCESSES["scheduler"])(office.settings)


@click.command()
@click.option("--keep", is_flag=True, help="Leave the hub up at a printed address afterwards.")
@click.option("--store", is_flag=True, help="With a real online store too (needs Node.js and PostgreSQL).")
@pass_office
def demo(office: Office, keep: bool, store: bool) -> int:
    """Start a real ERP, load three systems' exports, sync, edit on both sides, and show what happened.

    All in a temporary folder, or in --home DIR, which then stays.
    """
    return int(_resolve(PARTS["demo"])(home=office.home, keep=keep, store=store))
