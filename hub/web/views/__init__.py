"""The pages, one file per subject. Every filter and page is in the address; nothing is written through them."""

from __future__ import annotations

from hub.web.views import connections, customers, home, later, problems, runs
from hub.web.views.part import blueprint

__all__ = ["blueprint", "connections", "customers", "home", "later", "problems", "runs"]
