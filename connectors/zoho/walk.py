"""How a pull walks the lists of modules, and where it goes on: the cursor of both objects.

A pass goes through the modules one by one, by id: an edit moves no row, so none can slip over a page's edge; a new one
comes at the end. A deletion may move those behind it (whether Zoho's tokens are places or ids is not known), so a
module of several pages is read once more if there was any. Asked is what has changed since the last pass began, less
the overlap (If-Modified-Since). Pages go on by token: it is good for 24 hours, and beyond 2,000 rows the only way. A
token that has ended begins its module again.

Cursor: {"since", "modules"} between passes; inside one also "until" (Zoho's clock as it began), "module", "token".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple, Protocol

from connectors.zoho.api import Answer, Api, Row, iso
from hub.sdk import ConnectionBroken

_ENDED = ("EXPIRED_VALUE", "TOKEN_BOUND_DATA_MISMATCH")


class Step(NamedTuple):
    """A page of one module, and the cursor to store with it. whole: the rows have all fields that are read."""

    module: str
    rows: list[Row]
    cursor: dict[str, Any]
    whole: bool = False


class Whole(Protocol):
    """Another way to read a module from its first record to its last."""

    def wanted(self, module: str, state: Mapping[str, Any]) -> bool: ...

    def pages(self, module: str, state: dict[str, Any], *, size: int) -> Iterator[list[Row]]: ...


class Walk:
    """One pull. `fields`: what is asked of a module in the list call. `later`: by module, what a list for changes asks
    besides."""

    def __init__(
        self,
        api: Api,
        modules: Sequence[str],
        *,
        fields: Callable[[str], Sequence[str]],
        size: int,
        later: Mapping[str, Mapping[str, str]],
        whole: Whole | None = None,
    ) -> None:
        self._api = api
        self._modules = tuple(modules)
        self._fields = fields
        self._size = size
        self._later = later
        self._whole = whole

    def steps(self, cursor: Any, *, full: bool, overlap: float) -> Iterator[Step]:
        """Pages from the cursor on, to the end of the pass. Raises ConnectionBroken for a cursor of another shape."""
        state = {} if full or not cursor else dict(_checked(cursor))
        place = state.get("module")
        begin = self._modules.index(place) if place in self._modules else 0
        known = state.get("modules") or ()
        for module in self._modules[begin:]:
            since = state.get("since") if module in known else None
            if state.get("module") != module:
                state.update(module=module, token=None)
            if since is None and self._whole is not None and self._whole.wanted(module, state):
                yield from self._at_once(module, state)
            else:
                yield from self._module(module, state, since=since)
        until = state.get("until") or _shown(self._api.server_now())
        begun = datetime.fromisoformat(until) - timedelta(seconds=overlap)
        yield Step(self._modules[-1], [], {"since": iso(begun), "modules": list(self._modules)})

    def _at_once(self, module: str, state: dict[str, Any]) -> Iterator[Step]:
        """A whole module by bulk read."""
        assert self._whole is not None
        state.setdefault("until", _shown(self._api.server_now()))
        for rows in self._whole.pages(module, state, size=self._size):
            yield Step(module, rows, dict(state), whole=True)
        self._next(module, state)
        yield Step(module, [], dict(state))

    def _module(self, module: str, state: dict[str, Any], *, since: str | None) -> Iterator[Step]:
        seen: set[str] = set()
        again = False
        while True:
            answer = self._page(module, state, since=since)
            state.setdefault("until", _shown(self._api.server_now()))
            token, more = answer.info.get("next_page_token"), answer.info.get("more_records") is True
            if more and (not isinstance(token, str) or token in seen):
                raise ConnectionBroken(
                    f"the pages of {module} go in a circle",
                    cause="the same page token came twice"
                    if token
                    else "more is there, but no token leads to it",
                    fix="this is a fault of the remote or of its connector: report it with this message",
                )
            if more:
                seen.add(str(token))
            elif seen and not again and self._moved(module, state):
                again = more = True
                token = None
            state["token"] = token if more else None
            if not more:
                self._next(module, state)
            if answer.rows:
                yield Step(module, answer.rows, dict(state))
            if not more:
                return

    def _moved(self, module: str, state: Mapping[str, Any]) -> bool:
        """Whether a record of the module was deleted since the pass began: the rows behind it may have moved up."""
        begun = datetime.fromisoformat(str(state["until"])) - timedelta(seconds=1)
        asked = {"type": "all", "page": "1", "per_page": "1"}
        return bool(self._api.read(f"/{module}/deleted", asked, since=iso(begun)).rows)

    def _next(self, module: str, state: dict[str, Any]) -> None:
        """The module is done: what is stored with its last page goes on with the next one."""
        place = self._modules.index(module) + 1
        if place < len(self._modules):
            state.update(module=self._modules[place], token=None)

    def _page(self, module: str, state: dict[str, Any], *, since: str | None) -> Answer:
        given = {
            "fields": ",".join(self._fields(module)),
            "per_page": str(self._size),
            "sort_by": "id",
            "sort_order": "asc",
            **(self._later.get(module, {}) if since else {}),
        }
        token = state.get("token")
        try:
            return self._api.read(f"/{module}", given | ({"page_token": token} if token else {}), since=since)
        except ConnectionBroken as error:
            if not token or not any(word in str(error.cause) for word in _ENDED):
                raise
        state["token"] = None
        return self._api.read(f"/{module}", given, since=since)


def _checked(cursor: Any) -> Mapping[str, Any]:
    if isinstance(cursor, Mapping):
        return cursor
    raise ConnectionBroken(
        "the stored cursor is none of this connector's", fix="pull this connection in full"
    )


def _shown(at: float) -> str:
    return iso(datetime.fromtimestamp(at, UTC))
