"""Entries of the navigation that are not built yet: each says what will be here, and what does it today."""

from __future__ import annotations

from hub.web.views.part import blueprint, page


@blueprint.get("/settings")
def settings() -> str:
    """How the hub is configured."""
    return page("settings.html", "settings")
