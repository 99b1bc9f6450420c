from __future__ import annotations

import re
from typing import Any

import pytest

from hub.errors import WrongUse
from hub.sdk.connector import Setting
from hub.sdk.spec import check_settings

SPEC = (
    Setting("url", "url", "where it stands", required=True),
    Setting("key", "secret", "its key", required=True),
    Setting("pages", "int", "how many", default=4),
    Setting("strict", "bool", "or not", default=False),
    Setting("files", "list", "which"),
)


def test_defaults_are_filled_in() -> None:
    given = {"url": "https://x", "key": "env:K", "files": ["a"]}
    assert check_settings(SPEC, given) == {**given, "pages": 4, "strict": False}


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"url": "https://x", "key": "env:K", "ulr": "y"}, 'unknown setting "ulr".*did you mean "url"'),
        ({"url": "https://x", "key": "env:K", "qqq": "y"}, "known settings: files, key"),
        ({"key": "env:K"}, '"url" is missing.*where it stands'),
        ({"url": "", "key": "env:K"}, '"url" is missing'),
        ({"url": "https://x", "key": "env:K", "pages": "4"}, '"pages" must be a int'),
        ({"url": "https://x", "key": "env:K", "pages": True}, '"pages" must be a int'),
        ({"url": 5, "key": "env:K"}, '"url" must be a url'),
    ],
)
def test_wrong_settings_are_refused(given: dict[str, Any], says: str) -> None:
    with pytest.raises(WrongUse) as error:
        check_settings(SPEC, given)
    assert re.search(says, str(error.value)), str(error.value)
