"""One of several writers: takes every n-th record in small pages, in an order of its own."""

from __future__ import annotations

import random
import sys
from pathlib import Path

from properties.identity.match_world import Matcher, pages
from properties.identity.test_order_independence import _model, _records

from hub.store.session import Database

if __name__ == "__main__":
    url, folder, part, parts = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
    own = folder / f"worker{part}"
    own.mkdir()
    mine = _records("people", own)[part::parts]
    random.Random(part).shuffle(mine)
    db = Database(url)
    matcher = Matcher(db, _model())
    for page in pages(mine, 5):
        matcher.take(page)
    db.close()
