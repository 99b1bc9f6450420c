"""Makes the machine beside these tests importable: the suite imports by path, so a test has no siblings of its own."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
