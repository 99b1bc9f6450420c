"""`hub up`: all parts of a hub as one supervised foreground process. Production runs the same parts one by one."""

from __future__ import annotations

from hub.supervise.supervisor import up

__all__ = ["up"]
