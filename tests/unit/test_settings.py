from __future__ import annotations

import os
from pathlib import Path

import pytest

from hub import resources, settings
from hub.errors import NotFound, WrongFile, WrongUse
from hub.settings import Settings


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "hub.toml").write_text("")
    return tmp_path


def write(home: Path, text: str) -> None:
    (home / "hub.toml").write_text(text, encoding="utf-8")


def test_an_empty_file_gives_the_defaults_with_absolute_paths(home: Path) -> None:
    config = settings.load(home, {})
    assert config == Settings(
        home=home, database_url=f"sqlite:///{home}/data/hub.sqlite", key_file=home / "hub.key"
    )
    assert config.embedded_queue
    assert config.queue_url == f"unix://{home}/data/queue/queue.sock"


def test_the_shipped_file_says_exactly_the_defaults(home: Path) -> None:
    write(home, resources.config_text("hub.toml"))
    assert settings.load(home, {}) == Settings(
        home=home, database_url=f"sqlite:///{home}/data/hub.sqlite", key_file=home / "hub.key"
    )


def test_variables_win_over_the_file(home: Path) -> None:
    write(home, 'web_port = 1\nlog_level = "debug"\n')
    environ = {
        "HUB_WEB_PORT": "8181",
        "HUB_DATABASE_URL": "postgresql://db/hub",
        "HUB_REDIS_URL": "redis://q/1",
    }
    config = settings.load(home, environ)
    assert (config.web_port, config.log_level) == (8181, "debug")
    assert config.database_url == "postgresql://db/hub"
    assert config.queue_url == "redis://q/1"
    assert not config.embedded_queue


def test_an_empty_variable_changes_nothing(home: Path) -> None:
    write(home, 'redis_url = "redis://q/1"\n')
    assert settings.load(home, {"HUB_REDIS_URL": ""}).redis_url == "redis://q/1"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("sqlite:///x.db", "sqlite:///{home}/x.db"),
        ("sqlite:////var/x.db", "sqlite:////var/x.db"),
        ("sqlite:///x.db?timeout=3", "sqlite:///{home}/x.db?timeout=3"),
        ("sqlite:///:memory:", "sqlite:///:memory:"),
        ("postgresql://h/d", "postgresql://h/d"),
    ],
)
def test_a_relative_sqlite_path_is_below_the_home(home: Path, given: str, expected: str) -> None:
    config = settings.load(home, {"HUB_DATABASE_URL": given})
    assert config.database_url == expected.format(home=home)


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("\n# x\nweb_prt = 1\n", 3, 'Did you mean "web_port"'),
        ('env = "development"\n[connection.erp]\nconnector = "files"\n', 2, "hub apply"),
        ("web_port = 99999\n", 1, "between 0 and 65535"),
        ("\nlease_seconds = 4\n", 2, "between 5 and 65535"),
        ('web_port = "many"\n', 1, "whole number"),
        ("web_port = true\n", 1, "whole number"),
        ("\nlog_level = 3\n", 2, "quotation marks"),
        ('log_level = "warn"\n', 1, 'Did you mean "warning"'),
        ('env = "prod"\n', 1, "production"),
        ("env = \n", 1, "not TOML"),
    ],
)
def test_a_wrong_file_is_refused_with_line_and_help(home: Path, text: str, line: int, says: str) -> None:
    write(home, text)
    with pytest.raises(WrongFile) as caught:
        settings.load(home, {})
    assert caught.value.line == line
    assert f"hub.toml:{line}: " in str(caught.value)
    assert says in str(caught.value)


def test_a_wrong_variable_is_named(home: Path) -> None:
    with pytest.raises(WrongUse, match="HUB_WEB_PORT"):
        settings.load(home, {"HUB_WEB_PORT": "x"})


def test_the_home_is_found_upwards(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deep = home / "a" / "b"
    deep.mkdir(parents=True)
    monkeypatch.chdir(deep)
    assert settings.find_home(None, {}) == home


def test_the_given_home_wins_over_the_variable_and_that_over_the_place(
    home: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    others = [tmp_path_factory.mktemp("other") for _ in range(2)]
    for other in others:
        write(other, "")
    monkeypatch.chdir(home)
    environ = {"HUB_HOME": str(others[0])}
    assert settings.find_home(None, environ) == others[0]
    assert settings.find_home(others[1], environ) == others[1]


def test_no_home_says_what_to_do(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    empty = tmp_path_factory.mktemp("empty")
    monkeypatch.chdir(empty)
    for given in (None, empty):
        with pytest.raises(NotFound, match="hub init"):
            settings.find_home(given, {})


def test_a_new_home_works_and_a_second_init_keeps_what_is_there(tmp_path: Path) -> None:
    home = settings.create_home(tmp_path / "new", template=resources.config_text("hub.toml"))
    config = settings.load(home, {})
    assert config == Settings(
        home=home, database_url=f"sqlite:///{home}/data/hub.sqlite", key_file=home / "hub.key"
    )
    (key,) = settings.read_keys(config)
    assert (home / "hub.key").stat().st_mode & 0o777 == 0o600
    assert config.overlays.is_dir()
    from cryptography.fernet import Fernet

    assert Fernet(key).decrypt(Fernet(key).encrypt(b"x")) == b"x"
    write(home, "web_port = 4\n")
    settings.create_home(home, template=resources.config_text("hub.toml"))
    assert settings.load(home, {}).web_port == 4
    assert settings.read_keys(config) == (key,)


def test_every_line_of_a_new_home_can_be_uncommented(tmp_path: Path) -> None:
    home = settings.create_home(tmp_path, template=resources.config_text("hub.toml"))
    text = (home / "hub.toml").read_text()
    write(home, "\n".join(line.removeprefix("# ") if " = " in line else line for line in text.splitlines()))
    assert settings.load(home, {}).web_port == 8080


def test_production_refuses_a_key_that_others_can_read(tmp_path: Path) -> None:
    home = settings.create_home(tmp_path, template="")
    (home / "hub.key").chmod(0o644)
    settings.read_keys(settings.load(home, {}))
    with pytest.raises(WrongUse, match="chmod 600"):
        settings.read_keys(settings.load(home, {"HUB_ENV": "production"}))


@pytest.mark.parametrize("content", [None, b"\n"])
def test_a_missing_or_empty_key_is_refused(home: Path, content: bytes | None) -> None:
    if content is not None:
        (home / "hub.key").write_bytes(content)
    with pytest.raises(WrongUse, match="key file"):
        settings.read_keys(settings.load(home, {}))


def test_secrets_come_from_a_variable_or_a_file(home: Path) -> None:
    (home / "secret").write_text("from file\n")
    assert settings.resolve_secret("env:ERP_KEY", home=home, environ={"ERP_KEY": "from env"}) == "from env"
    assert settings.resolve_secret("file:secret", home=home) == "from file"
    assert settings.resolve_secret(f"file:{home}/secret", home=home) == "from file"


@pytest.mark.parametrize(
    "reference", ["hunter2-plain", "env:", "file:", "env:NOT_SET", "file:not-there", "http:x"]
)
def test_what_is_no_secret_is_refused_without_showing_it(home: Path, reference: str) -> None:
    with pytest.raises(WrongUse) as caught:
        settings.resolve_secret(reference, home=home, environ={})
    assert "hunter2" not in str(caught.value)


def test_the_socket_path_is_always_short(tmp_path: Path) -> None:
    for length in range(1, 120, 7):
        path = os.fsencode(Settings(home=tmp_path / ("ü" * length)).socket)
        assert len(path) < 100
    far = Settings(home=Path("/" + "d" * 99))
    assert far.socket == Settings(home=Path("/" + "d" * 99)).socket
    assert far.socket != Settings(home=Path("/" + "e" * 99)).socket


# --- shipped resources ----------------------------------------------------------------------------


def test_shipped_defaults_are_found_by_name() -> None:
    assert "database_url" in resources.config_text("hub.toml")
    with pytest.raises(NotFound, match=r"hub\.toml"):
        resources.config_text("hubb.toml")
    with pytest.raises(NotFound):
        resources.config_text("../pyproject.toml")


def test_a_map_is_found_or_is_none() -> None:
    for connector, object in resources.maps():
        assert resources.map_text(connector, object)
    assert resources.map_text("nosuch", "customer") is None
    with pytest.raises(WrongUse):
        resources.map_text("../config", "hub")


def test_a_wheels_own_copy_comes_before_what_lies_beside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "hub"
    for folder in (tmp_path / "config", package / "_data" / "config"):
        folder.mkdir(parents=True)
        (folder / "hub.toml").write_text(folder.parent.name)
    monkeypatch.setattr(resources, "_PACKAGE", package)
    assert resources.config_text("hub.toml") == "_data"


def test_a_package_that_shadows_ours_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    resources.check_siblings()
    monkeypatch.setattr(resources, "_PACKAGE", tmp_path / "elsewhere" / "hub")
    with pytest.raises(WrongUse, match="connectors"):
        resources.check_siblings()
