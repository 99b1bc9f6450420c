"""The process settings: `hub.toml` of a home, overridden by HUB_* variables. The only reader of the environment.

Connections, maps and rules are not settings: they live in the store (`hub apply FILE`) and in `overlays/`. Every key
here is described in `config/README.md`; a test compares the two.
"""

from __future__ import annotations

import base64
import difflib
import hashlib
import os
import re
import secrets
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from hub.errors import NotFound, WrongFile, WrongUse

FILE_NAME = "hub.toml"
_SOCKET_PATH_LIMIT = 100  # bytes; sockaddr_un holds 108 on Linux, 104 elsewhere
_LEAST: Mapping[str, int] = {
    "lease_seconds": 5,
    "feed_days": 1,
    "inbox_days": 1,
    "alert_missed": 1,
    "alert_backlog_minutes": 1,
}  # a lease is longer than a remote call
_CHOICES: Mapping[str, tuple[str, ...]] = {
    "env": ("development", "production"),
    "log_level": ("debug", "info", "warning", "error"),
    "log_format": ("text", "json"),
    "web_reach": ("loopback", "anyone"),
    "alert_reach": ("public", "private"),
    "alert_language": ("en", "zh"),
}


@dataclass(frozen=True, slots=True)
class Settings:
    """What a process of the hub needs to know before it starts. All paths are absolute.

    `home` comes from `--home`, HUB_HOME or the nearest `hub.toml` upwards; every other field is a key of `hub.toml`
    and, upper-cased after `HUB_`, a variable. `redis_url` None: the embedded server of `hub up` (see `queue_url`).
    """

    home: Path
    env: str = "development"
    database_url: str = "sqlite:///data/hub.sqlite"
    redis_url: str | None = None
    web_host: str = "127.0.0.1"
    web_port: int = 8080
    web_reach: str = "loopback"
    public_url: str | None = None
    log_level: str = "info"
    log_format: str = "text"
    key_file: Path = Path("hub.key")
    pull_workers: int = 1
    bulk_workers: int = 1
    realtime_workers: int = 1
    stop_seconds: int = 10
    lease_seconds: int = 60
    feed_days: int = 30
    inbox_days: int = 7
    smtp_url: str | None = None
    smtp_password: str | None = None
    mail_from: str | None = None
    mail_to: str | None = None
    alert_url: str | None = None
    alert_secret: str | None = None
    alert_reach: str = "public"
    alert_language: str = "en"
    alert_drift: int = 5
    alert_missed: int = 3
    alert_backlog_minutes: int = 15
    alert_token_days: int = 14

    @property
    def data(self) -> Path:
        """The folder for everything the hub writes in this home."""
        return self.home / "data"

    @property
    def overlays(self) -> Path:
        return self.home / "overlays"

    @property
    def socket(self) -> Path:
        """Where the embedded queue server listens: in the home, or in a private folder if that path is too long."""
        inside = self.data / "queue" / "queue.sock"
        if len(os.fsencode(inside)) < _SOCKET_PATH_LIMIT:
            return inside
        mark = hashlib.blake2b(os.fsencode(self.home), digest_size=8).hexdigest()
        # Never TMPDIR: every process must find the same place. The supervisor makes it 0700 and checks its owner.
        return Path("/tmp") / f"crm-hub-{os.getuid()}-{mark}" / "queue.sock"  # noqa: S108

    def hook_url(self, connection: str) -> str:
        """Where a system sends its webhooks to: at `public_url`, or at this machine's own address."""
        return self.page_url(f"/hooks/{connection}")

    def page_url(self, path: str) -> str:
        """The address of a page from outside. path: begins with a slash."""
        own = f"http://[{self.web_host}]" if ":" in self.web_host else f"http://{self.web_host}"
        return f"{(self.public_url or f'{own}:{self.web_port}').rstrip('/')}{path}"

    @property
    def alert_channels(self) -> tuple[str, ...]:
        """By what alerts go out: mail, webhook."""
        return tuple(name for name, where in (("mail", self.smtp_url), ("webhook", self.alert_url)) if where)

    @property
    def embedded_queue(self) -> bool:
        return self.redis_url is None

    @property
    def queue_url(self) -> str:
        """What `hub.queue` connects to: `redis_url`, or the embedded server's socket as `unix://…`."""
        return self.redis_url or f"unix://{self.socket}"


def load(home: Path | None = None, environ: Mapping[str, str] | None = None) -> Settings:
    """The settings of one home.

    Raises NotFound when there is no home, WrongFile (with line and the nearest right word) for what `hub.toml` may not
    say, WrongUse for a wrong HUB_* variable.
    """
    env = os.environ if environ is None else environ
    where = find_home(home, env)
    values = _from_file(where / FILE_NAME)
    for key in _KEYS:
        text = env.get(f"HUB_{key.upper()}")
        if text:
            values[key] = _read(key, text, where=f"HUB_{key.upper()}")
    return _settle(where, values)


def find_home(home: Path | None = None, environ: Mapping[str, str] | None = None) -> Path:
    """The admin's home: as given, else HUB_HOME, else the nearest folder upwards with a `hub.toml`. Raises NotFound."""
    env = os.environ if environ is None else environ
    given = home or (Path(env["HUB_HOME"]) if env.get("HUB_HOME") else None)
    if given is not None:
        folder = given.expanduser().resolve()
        if not (folder / FILE_NAME).is_file():
            raise NotFound(
                f"{folder} is no home of CRM Hub: it has no {FILE_NAME}.", fix=f"Run: hub init {folder}"
            )
        return folder
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / FILE_NAME).is_file():
            return folder
    raise NotFound(
        f"No home of CRM Hub: no {FILE_NAME} in {here} or above.",
        fix="Run: hub init DIR, then work inside DIR, or name it by --home or HUB_HOME.",
    )


def create_home(folder: Path, *, template: str) -> Path:
    """Write a new home: `hub.toml` (the template, every setting commented out), `overlays/`, `data/`, key file (0600).

    What is there is kept, so that a second run repairs and never destroys. Returns the absolute folder.
    """
    home = folder.expanduser().resolve()
    for part in (home, home / "overlays", home / "data"):
        part.mkdir(parents=True, exist_ok=True)
    (home / "data").chmod(0o700)
    file = home / FILE_NAME
    if not file.exists():
        lines = (f"# {line}" if re.match(r"\w+\s*=", line) else line for line in template.splitlines())
        file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    key = home / "hub.key"
    if not key.exists():
        with os.fdopen(os.open(key, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as handle:
            handle.write(base64.urlsafe_b64encode(secrets.token_bytes(32)) + b"\n")
    return home


def read_keys(settings: Settings) -> tuple[bytes, ...]:
    """The encryption keys, newest first (Fernet format, one a line). Raises WrongUse if missing, or open to others."""
    file = settings.key_file
    try:
        mode = file.stat().st_mode
        lines = file.read_bytes().split()
    except OSError as error:
        raise WrongUse(
            f"The key file {file} cannot be read.", cause=str(error), fix="Restore it from its backup."
        ) from None
    if settings.env == "production" and mode & 0o077:
        raise WrongUse(f"The key file {file} is open to other users.", fix=f"Run: chmod 600 {file}")
    if not lines:
        raise WrongUse(f"The key file {file} is empty.", fix="Restore it from its backup.")
    return tuple(lines)


def resolve_secret(reference: str, *, home: Path, environ: Mapping[str, str] | None = None) -> str:
    """The secret behind `env:NAME` or `file:PATH` (relative to the home; trailing newline removed).

    Raises WrongUse if it is neither, or is not there; the message never holds the secret.
    """
    kind, _, name = reference.partition(":")
    if kind == "env" and name:
        value = (os.environ if environ is None else environ).get(name)
        if not value:
            raise WrongUse(
                f"The variable {name} is not set.", fix=f"Set {name} for the processes of the hub."
            )
        return value
    if kind == "file" and name:
        file = home / Path(name).expanduser()
        try:
            value = file.read_text(encoding="utf-8").rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            raise WrongUse(f"The secret's file {file} cannot be read.", cause=type(error).__name__) from None
        if not value:
            raise WrongUse(f"The secret's file {file} is empty.")
        return value
    raise WrongUse("A secret stands here in plain text.", fix='Write "env:NAME" or "file:PATH" instead.')


_KEYS: Mapping[str, type] = {
    f.name: (int if f.type == "int" else str) for f in fields(Settings) if f.name != "home"
}


def _from_file(file: Path) -> dict[str, Any]:
    text = file.read_text(encoding="utf-8-sig")
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        at = re.search(r"line (\d+)", str(error))
        raise WrongFile(
            f"This is not TOML: {error}.", file=str(file), line=int(at[1]) if at else None
        ) from None
    values: dict[str, Any] = {}
    for key, value in document.items():
        line = _line_of(key, text)
        if key not in _KEYS:
            raise WrongFile(f'unknown key "{key}".', file=str(file), line=line, fix=_nearest(key))
        try:
            values[key] = _read(key, value, where=f"{file}:{line}")
        except WrongUse as error:
            raise WrongFile(
                error.message.partition(": ")[2], file=str(file), line=line, fix=error.fix
            ) from None
    return values


def _read(key: str, value: object, *, where: str) -> str | int:
    """One value in its type; a variable gives text, so text that is a number counts as one."""
    if _KEYS[key] is int:
        try:
            if isinstance(value, bool) or not isinstance(value, int | str):
                raise ValueError
            number = int(value)
        except ValueError:
            raise WrongUse(f"{where}: {key} is a whole number, not {value!r}.") from None
        least = _LEAST.get(key, 0)
        if not least <= number <= 65535:
            raise WrongUse(f"{where}: {key} is between {least} and 65535, not {number}.")
        return number
    if not isinstance(value, str):
        raise WrongUse(f"{where}: {key} is text, not {value!r}.", fix="Put it into quotation marks.")
    allowed = _CHOICES.get(key)
    if allowed and value not in allowed:
        raise WrongUse(
            f"{where}: {key} is one of {', '.join(allowed)}, not {value!r}.", fix=_nearest(value, allowed)
        )
    return value


def _settle(home: Path, values: dict[str, Any]) -> Settings:
    """Relative paths become absolute below the home; empty text means the default."""
    given = {key: value for key, value in values.items() if value != ""}
    url = str(given.get("database_url", Settings.__dataclass_fields__["database_url"].default))
    scheme, _, path = url.partition(":///")
    if scheme.startswith("sqlite") and path and path != ":memory:":
        bare, mark, query = path.partition("?")
        url = f"{scheme}:///{home / bare}{mark}{query}"
    given["database_url"] = url
    public = str(given.get("public_url", ""))
    if public and not re.fullmatch(r"https?://[^\s/?#]+(/[^\s?#]*)?", public):
        raise WrongUse(
            f"public_url is no address: {public!r}.", fix='Write public_url = "https://hub.example.org".'
        )
    _check_alerts(given)
    given["key_file"] = home / Path(str(given.get("key_file", "hub.key"))).expanduser()
    return Settings(home=home, **given)


def _check_alerts(given: Mapping[str, Any]) -> None:
    """Raises WrongUse for a half set channel, or a secret in plain text."""
    for key, needs in (("smtp_url", ("mail_from", "mail_to")), ("alert_url", ("alert_secret",))):
        missing = [one for one in needs if key in given and one not in given]
        if missing:
            raise WrongUse(
                f"{key} is set, but not {missing[0]}.", fix=f"Set {missing[0]}, or leave {key} out."
            )
    if re.match(r"\w+://[^/@]*:[^/@]*@", str(given.get("smtp_url", ""))):
        raise WrongUse("smtp_url holds a password.", fix='Write smtp_password = "env:NAME" or "file:PATH".')
    for key in ("smtp_password", "alert_secret"):
        if key in given and not str(given[key]).startswith(("env:", "file:")):
            raise WrongUse(
                f"{key} stands here in plain text.", fix=f'Write {key} = "env:NAME" or "file:PATH".'
            )
    for key, schemes in (("smtp_url", "smtps?"), ("alert_url", "https?")):
        if key in given and not re.fullmatch(rf"{schemes}://[^\s/?#]+\S*", str(given[key])):
            raise WrongUse(
                f"{key} is no address.",
                fix=f"It begins with {schemes.replace('s?', '')}:// or {schemes.replace('?', '')}://.",
            )


def _line_of(key: str, text: str) -> int | None:
    """The line that brings in a top-level key: `key = …` or a table `[key…]`."""
    pattern = re.compile(rf"^\s*\[*\s*[\"']?{re.escape(key)}[\"']?\s*[\].=]")
    return next((n for n, line in enumerate(text.splitlines(), start=1) if pattern.match(line)), None)


def _nearest(word: str, words: Mapping[str, type] | tuple[str, ...] | None = None) -> str:
    if word in ("connection", "survivorship"):
        return f"Put [{word}…] into a file of its own and run: hub apply FILE"
    known = list(words if words is not None else _KEYS)
    close = difflib.get_close_matches(word, known, n=1, cutoff=0.5)
    return f'Did you mean "{close[0]}"?' if close else f"Known: {', '.join(known)}."
