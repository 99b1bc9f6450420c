"""`python -m hub`: how the supervisor starts its parts."""

from __future__ import annotations

from hub.cli import main

if __name__ == "__main__":
    main()
