"""The web part as a process: granian serves the application until SIGTERM or SIGINT."""

from __future__ import annotations

import socket
from collections.abc import Callable
from functools import partial
from typing import Any

from hub import logging_setup
from hub.errors import WrongUse
from hub.flows.home import check_reach
from hub.settings import Settings

_THREADS = 8


def main(
    settings: Settings,
    *,
    host: str | None = None,
    port: int | None = None,
    say: Callable[[str], None] = print,
) -> None:
    """Serve the pages. `host`, `port`: over those of the settings; port 0 takes a free one and says it.

    Raises WrongUse when the address is taken, or would show the pages beyond this machine without leave.
    """
    from granian.constants import Interfaces
    from granian.server import Server

    logging_setup.configure("web", level=settings.log_level, style=settings.log_format)
    where = settings.web_host if host is None else host
    check_reach(settings, where)
    number = _free(where, settings.web_port if port is None else port)
    server: Any = Server(
        "hub.web:create_app",
        address=where,
        port=number,
        interface=Interfaces.WSGI,
        blocking_threads=_THREADS,
        websockets=False,
        log_enabled=False,
        respawn_failed_workers=True,
        workers_kill_timeout=5,
    )
    if port == 0 or (port is None and settings.web_port == 0):
        say(f"The pages are at http://{where}:{number}")
    server.serve(target_loader=partial(_load, settings), wrap_loader=False)


def _load(settings: Settings) -> Any:
    """Called in the serving process, after the fork."""
    from hub.web.app import create_app

    return create_app(settings)


def _free(host: str, port: int) -> int:
    """The port, found free now. Raises WrongUse if it is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise WrongUse(
                f"The web part cannot listen on {host}:{port}.",
                cause=error.strerror,
                fix="Set web_port (HUB_WEB_PORT) to another; 0 takes a free one.",
            ) from None
        return int(probe.getsockname()[1])
