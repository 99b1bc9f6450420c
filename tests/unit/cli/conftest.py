"""The command's fixtures, for this folder."""

from __future__ import annotations

from conftest_cli import home, hub, synced, synced_home

__all__ = ["home", "hub", "synced", "synced_home"]
