"""The fake Odoo 17 over JSON-RPC for the conformance suite; 15 and 19 in test_odoo_versions.py."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import odoo_adapters


class OdooAdapter(odoo_adapters.FakeAdapter):
    version = 17
