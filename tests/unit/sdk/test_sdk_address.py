from __future__ import annotations

import pytest

from hub.errors import ConnectionBroken, RecordRejected
from hub.sdk.address import check_base_url, refuse_address, same_site, segment


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8000/hub", "https://erp.example.org/", " https://x.example "]
)
def test_good_urls(url: str) -> None:
    assert check_base_url(url) == url.strip().rstrip("/")


@pytest.mark.parametrize(
    "url",
    [
        "ftp://x.example",
        "file:///etc/passwd",
        "gopher://x",
        "x.example",
        "//x.example",
        "https://",
        "https://user:hunter22@x.example",
        "https://user@x.example",
        "https://:hunter22@x.example",
        "https://x.example?key=hunter22",
        "https://x.example#hunter22",
        "https://x.example:0",
        "https://x.example:notaport-hunter22",
        "https://[::1",
        "javascript:alert(1)",
        "",
    ],
)
def test_bad_urls_are_refused_without_being_repeated(url: str) -> None:
    with pytest.raises(ConnectionBroken) as error:
        check_base_url(url)
    assert "hunter22" not in str(error.value)


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "10.1.2.3", "192.168.0.9", "172.16.0.1", "::1", "fd00::1", "100.64.0.1"]
)
def test_private_addresses_need_leave(address: str) -> None:
    refuse_address(address, allow_private=True)
    with pytest.raises(ConnectionBroken, match="allow_private"):
        refuse_address(address, allow_private=False)


@pytest.mark.parametrize(
    "address",
    ["169.254.169.254", "0.0.0.0", "224.0.0.1", "fe80::1%eth0", "::ffff:169.254.169.254", "240.0.0.1", "::"],
)
def test_some_addresses_never(address: str) -> None:
    with pytest.raises(ConnectionBroken):
        refuse_address(address, allow_private=True)


def test_mapped_private_addresses_are_private() -> None:
    with pytest.raises(ConnectionBroken):
        refuse_address("::ffff:10.0.0.1", allow_private=False)
    refuse_address("93.184.216.34", allow_private=False)
    refuse_address("2606:2800:220:1::1", allow_private=False)


def test_same_site() -> None:
    assert same_site("https://x.example/a", "https://x.example:443/b?c")
    assert same_site("http://x.example", "https://x.example/")
    assert not same_site("https://x.example", "http://x.example"), "credentials would go in the clear"
    assert not same_site("https://x.example", "https://y.example")
    assert not same_site("https://x.example", "https://x.example:8443")
    assert not same_site("http://x.example:8000", "https://x.example")


def test_segments_stay_in_their_place() -> None:
    assert segment("a/b?c#d é") == "a%2Fb%3Fc%23d%20%C3%A9"
    for bad in ("", ".", ".."):
        with pytest.raises(RecordRejected):
            segment(bad)
