from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from hub.errors import HubError
from hub.sdk.auth import Bearer
from hub.sdk.http import Http
from hub.testkit.loopback import Loopback, Reply, Request

SECRET = "sk-very-secret-0815"


class Echo(Loopback):
    """Answers what it was asked, or what `reply` says."""

    reply: Callable[[Request], Reply] | None = None

    def answer(self, request: Request) -> Reply:
        if self.reply is not None:
            return self.reply(request)
        said = f'{{"method": "{request.method}", "target": "{request.target}", "size": {len(request.body)}}}'
        return Reply(200, said.encode(), {"Content-Type": "application/json"})


@pytest.fixture
def server() -> Iterator[Echo]:
    with Echo() as running:
        yield running


@pytest.fixture
def other() -> Iterator[Echo]:
    with Echo() as running:
        yield running


@pytest.fixture
def slept() -> list[float]:
    return []


@pytest.fixture
def api(server: Echo, slept: list[float]) -> Http:
    return Http(sleep=slept.append).at(server.url, auth=Bearer(SECRET))


@pytest.fixture
def secret() -> str:
    return SECRET


@pytest.fixture
def raised() -> Callable[[Callable[[], Any]], HubError]:
    """Makes a call that must fail; its error, once sure that it tells no secret."""

    def failing(call: Callable[[], Any]) -> HubError:
        with pytest.raises(HubError) as error:
            call()
        shown = "".join(traceback.format_exception(error.value)) + repr(error.value)
        assert SECRET not in shown
        assert error.value.__context__ is None or SECRET not in repr(error.value.__context__)
        return error.value

    return failing
