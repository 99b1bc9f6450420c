"""A child does not outlive its parent, however the parent ends (Linux; elsewhere the supervisor's own care must do)."""

from __future__ import annotations

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def hold(parent: int, end: signal.Signals) -> None:
    """Called in the child: send me `end` when `parent` dies. If it is dead already, end now.

    It survives exec, but not a change of user; and it is tied to the *thread* of the parent that made the child.
    """
    if sys.platform != "linux":
        return
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, int(end), 0, 0, 0)
    if os.getppid() != parent:
        os.kill(os.getpid(), end)
