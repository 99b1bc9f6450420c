"""Rows that are gone, for patterns with `complete = true`; silent whenever something may be missing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from connectors.files.folder import FileBroken, Survey
from connectors.files.shelf import Shelf
from hub.sdk import Deletes


class Gone:
    """Counts over all files of one object together.

    The cursor is `{"matched": {pattern: most files seen}, "held": reason or None}`. A pattern that matched more files
    before stays suspect until it matches as many again, or until somebody asks anew (`before` None).
    """

    def __init__(self, shelf: Shelf, object: str, *, before: Any) -> None:
        self._shelf = shelf
        self._object = object
        matched = before.get("matched") if isinstance(before, Mapping) else None
        self._matched: dict[str, int] = dict(matched or {})

    def deletes(self, bound: Iterable[str]) -> Deletes:
        """The bound ids that no file has any more; none, with the reason in the cursor's `held`, if in doubt."""
        survey = self._shelf.survey(self._object)
        held = self._doubt(survey)
        present: set[int] = set()
        if held is None:
            try:
                for found in survey.files:
                    index = self._shelf.index(found)
                    if index.broken or (index.twice and self._object != "order"):
                        held = f"{found.name} has broken rows, or an id twice"
                        break
                    present.update(index.hashes)
            except FileBroken as error:
                held = f"{found.name} {error}"
        for match, count in survey.matched.items():
            self._matched[match] = max(count, self._matched.get(match, 0))
        cursor = {"matched": self._matched, "held": held}
        if held is not None:
            return Deletes((), cursor)
        return Deletes([one for one in bound if hash(one) not in present], cursor)

    def _doubt(self, survey: Survey) -> str | None:
        """Why nothing can be said about what is gone, or None."""
        sources = self._shelf.sources_of(self._object)
        if not sources or not all(one.complete for one in sources):
            return "not every pattern of this object says complete = true"
        for problem in survey.problems:
            return f"{problem.name} {problem.cause}"
        for match, count in survey.matched.items():
            had = self._matched.get(match, 0)
            if not count:
                return f'no file matches "{match}"'
            if count < had:
                return f'"{match}" matched {had} files before, and {count} now'
        return None
