"""The ground of a fake REST server: rows with times of change, routes by method and path, a judge of every request, and
the bad habits of lists. A connector's own fake derives from it (`hub connector new` writes one) and says what is
particular; build it from the vendor's specification or from recordings, not from the connector.
"""

from __future__ import annotations

import hmac
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, ClassVar

import orjson

from hub.testkit.loopback import Loopback, Reply, Request

HABITS = ("drift", "empty_pages", "repeat_last", "token_loop")


class Unfit(Exception):
    """A row the system refuses; the text is its reason."""


class FakeRest(Loopback):
    """`routes`: "GET /people/{id}" → the name of the method that answers it, called with the request and the ids.

    A request for which `objection` has a reason, or that no route knows, is answered 400 and kept in `objections`:
    `Adapter.stop` should fail for it, since the real system would have refused it too.
    """

    routes: ClassVar[Mapping[str, str]] = {}

    def __init__(self) -> None:
        super().__init__()
        self.rows: dict[str, dict[str, Any]] = {}
        self.gone: list[dict[str, Any]] = []
        self.objections: list[str] = []
        self.habits: set[str] = set()
        self._last = 0

    # --- what people and tests do there, without HTTP -----------------------------------------------------

    def put(self, fields: Mapping[str, Any], *, id: str | None = None, at: float | None = None) -> str:
        """Create a row, or change the given fields of one. `at`: its time of change (epoch seconds). Raises Unfit."""
        with self._lock:
            self.judge(fields, id)
            if id is None:
                self._last += 1
                id = str(self._last)
                self.rows[id] = {"id": id, "created": self.now()}
            row = self.rows[id]
            row.update(fields)
            row["changed"] = at if at is not None else self.now()
            return id

    def erase(self, id: str) -> None:
        with self._lock:
            del self.rows[id]
            self.gone.append({"id": id, "changed": self.now()})

    def shown(self, id: str) -> dict[str, Any] | None:
        """The row as the API renders it; None if there is none."""
        with self._lock:
            return self.render(self.rows[id]) if id in self.rows else None

    def now(self) -> float:
        """Its clock: whole seconds, so that many rows share a time."""
        return float(int(time.time() + self.clock_ahead))

    @contextmanager
    def habit(self, name: str) -> Iterator[None]:
        """A bad habit of its lists for a while: one of HABITS."""
        self.habits.add(name)
        try:
            yield
        finally:
            self.habits.discard(name)

    @contextmanager
    def skew(self, seconds: float) -> Iterator[None]:
        """Its clock is off by this much for a while, in its rows and in its Date header."""
        before, self.clock_ahead = self.clock_ahead, seconds
        try:
            yield
        finally:
            self.clock_ahead = before

    # --- what a system says otherwise ----------------------------------------------------------------------

    def allowed(self, request: Request) -> bool:
        """Whether the call proves who it is."""
        return True

    def objection(self, request: Request) -> str | None:
        """Why the specification does not allow this request; None: it does."""
        return None

    def judge(self, fields: Mapping[str, Any], id: str | None) -> None:
        """Raise Unfit for fields the system refuses. `id`: of the row they go to, None for a new one."""

    def render(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """The row as the API shows it."""
        return dict(row)

    def refusal(self, status: int, why: str) -> Reply:
        return reply({"error": why}, status=status)

    # --- answering -----------------------------------------------------------------------------------------

    def answer(self, request: Request) -> Reply:
        if not self.allowed(request):
            return self.refusal(401, "who are you?")
        name, ids = self._route(request)
        if name is None:
            return self._object(request, "there is no such call")
        objection = self.objection(request)
        if objection:
            return self._object(request, objection)
        answer: Reply = getattr(self, name)(request, **ids)
        return answer

    def _route(self, request: Request) -> tuple[str | None, Mapping[str, str]]:
        """The method that answers, and the ids in the path; the routes are looked through in order."""
        for route, name in self.routes.items():
            verb, _, path = route.partition(" ")
            pattern = "/".join(
                f"(?P<{piece[1:-1]}>[^/]+)" if piece.startswith("{") else re.escape(piece)
                for piece in path.split("/")
            )
            found = re.fullmatch(pattern, request.path)
            if verb == request.method and found:
                return name, found.groupdict()
        return None, {}

    def _object(self, request: Request, why: str) -> Reply:
        self.objections.append(f"{request.method} {request.target} {request.body[:200]!r}: {why}")
        return self.refusal(400, why)

    def page(
        self, rows: Sequence[dict[str, Any]], *, size: int, token: str | None
    ) -> tuple[list[dict[str, Any]], str | None]:
        """A page of rows by (time of change, id) and the token of the next, which names the last row. Habits apply."""
        paused = (token or "").endswith("!")
        after = _key_of(token)
        if "empty_pages" in self.habits and not paused:
            return [], f"{token or ''}!"
        left = sorted((row for row in rows if after is None or _key(row) > after), key=_key)
        page = left[:size]
        following = "{}~{}".format(*_key(page[-1])) if len(left) > size else None
        if "drift" in self.habits and following:
            # The first row is edited while the list is read, so that it moves to the end.
            page = [dict(row) for row in page]
            self.rows[str(page[0]["id"])]["changed"] = max(self.now(), left[-1]["changed"] + 1)
        if "token_loop" in self.habits and following and token:
            return page, token
        if following is None and "repeat_last" in self.habits and token:
            return page, token
        return page, following


def _key(row: Mapping[str, Any]) -> tuple[float, int]:
    return float(row["changed"]), int(row["id"])


def _key_of(token: str | None) -> tuple[float, int] | None:
    text = (token or "").rstrip("!")
    if not text:
        return None
    changed, _, id = text.partition("~")
    return float(changed), int(id)


def reply(content: Any, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Reply:
    return Reply(status, orjson.dumps(content), {"Content-Type": "application/json", **(headers or {})})


def same(given: str | None, wanted: str) -> bool:
    return hmac.compare_digest((given or "").encode(), wanted.encode())


def iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def epoch(text: str | None) -> float:
    """Of an ISO time; 0 for none."""
    return datetime.fromisoformat(text).timestamp() if text else 0.0
