"""The web part: health, readiness, and plain pages of connections, runs and customers."""

from __future__ import annotations

from hub.web.app import create_app

__all__ = ["create_app"]
