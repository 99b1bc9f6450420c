"""The pages, one file per subject. Every filter and page is in the address; forms write, each with its guard."""

from __future__ import annotations

from hub.web.views import connections, customers, home, later, problems, review, runs
from hub.web.views.part import blueprint

__all__ = ["blueprint", "connections", "customers", "home", "later", "problems", "review", "runs"]
