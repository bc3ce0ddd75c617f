"""Read settings from environment variables, and stop on a value that makes no sense.

A parser turns a variable's text into a value, or raises ``ValueError`` with the words that say
what is allowed. ``Environment`` looks the text up, and puts the variable's name before them.
"""

from __future__ import annotations

import base64
import fcntl
import math
from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import SplitResult, urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

T = TypeVar("T")

ENGINES = {"django.db.backends.postgresql", "django.db.backends.sqlite3"}
MAIL = {"smtp", "smtp+tls", "smtp+ssl"}
KEY_BYTES = 32
NO_KEY = "none"  # in the place of the newest key: nothing is encrypted any more
LOG_LEVELS = {"DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"}


@dataclass(frozen=True, slots=True)
class Environment:
    """Reads variables of one mapping, which is ``os.environ`` except in tests."""

    values: Mapping[str, str]

    def read(self, name: str, default: str, parse: Callable[[str], T]) -> T:
        """Parse a variable. The error shows its value, so this is not for secrets."""
        text = self.values.get(name, default).strip()
        try:
            return parse(text)
        except ValueError as error:
            raise ImproperlyConfigured(f"{name}={text!r}: use {error}") from None

    def secret(self, name: str, parse: Callable[[str], T]) -> T:
        """Parse a secret: the variable's text, or the text of the file that ``<name>_FILE`` names.

        The newline at the file's end does not count. No error shows any of the secret.
        """
        text, path = self.values.get(name, ""), self.values.get(f"{name}_FILE", "")
        if text and path:
            raise ImproperlyConfigured(f"{name} and {name}_FILE are both set: use one of them")
        source = name
        if path:
            source = f"{name}_FILE={path!r}"
            text = _read_secret(source, Path(path))
        try:
            return parse(text)
        except ValueError as error:
            raise ImproperlyConfigured(f"{source}: use {error}") from None


def read_env_file(path: Path) -> dict[str, str]:
    """Return the variables of a file with ``NAME=value`` lines, or none if it does not exist."""
    values: dict[str, str] = {}

    class File(environ.Env):  # type: ignore[misc]
        ENVIRON = values

    if path.is_file():
        File.read_env(path)
    return values


def read_server_env(path: Path) -> dict[str, str]:
    """Return the variables that a ``script/server`` wrote, or none unless it runs.

    The server holds a lock while it lives: its process id could be another process's by now.
    """
    if not path.is_file():
        return {}
    with path.with_name("server.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return read_env_file(path)
    return {}


def fill_in(values: MutableMapping[str, str], more: Mapping[str, str]) -> None:
    """Add the variables that are missing, and leave the others as they are.

    ``NAME`` and ``NAME_FILE`` say the same thing, so neither is added where one is there.
    """
    there = {_without_file(name) for name in values}
    for name, value in more.items():
        if _without_file(name) not in there:
            values[name] = value


def flag(text: str) -> bool:
    """Parse yes or no."""
    if text.lower() in {"true", "yes", "on", "1"}:
        return True
    if text.lower() in {"false", "no", "off", "0", ""}:
        return False
    raise ValueError("'true' or 'false'")


def one_of(*allowed: str) -> Callable[[str], str]:
    """Return a parser of a word out of a few."""

    def parse(text: str) -> str:
        if text not in allowed:
            raise ValueError("one of: " + ", ".join(allowed))
        return text

    return parse


def whole(low: int, high: int) -> Callable[[str], int]:
    """Return a parser of whole numbers within bounds."""

    def parse(text: str) -> int:
        if not text.isdecimal() or not low <= int(text) <= high:
            raise ValueError(f"a whole number from {low} to {high}")
        return int(text)

    return parse


def whole_or_never(low: int, high: int) -> Callable[[str], float]:
    """Return a parser of whole numbers within bounds. 0 means never, and gives infinity."""

    def parse(text: str) -> float:
        if text.isdecimal() and int(text) == 0:
            return math.inf
        try:
            return whole(low, high)(text)
        except ValueError as error:
            raise ValueError(f"{error}, or 0 for never") from None

    return parse


def items(text: str) -> list[str]:
    """Split text at commas, and leave empty items out."""
    return [item.strip() for item in text.split(",") if item.strip()]


def encryption_keys(text: str) -> tuple[bytes, ...]:
    """Parse keys, one a line or separated by commas. ``none`` in the place of the first is an empty
    key: nothing is encrypted any more, and the others still decrypt."""
    listed = items(text.replace("\n", ","))
    keys = tuple(
        b"" if place == 0 and one == NO_KEY else _key(one) for place, one in enumerate(listed)
    )
    if len(set(keys)) < len(keys):
        raise ValueError("each key once")
    return keys


def log_level(text: str) -> str:
    """Parse the name of a log level, in any case."""
    if text.upper() not in LOG_LEVELS:
        raise ValueError("debug, info, warning, error or critical")
    return text.upper()


def directory(text: str) -> Path:
    """Parse the path of a directory, which need not exist yet."""
    if not text:
        raise ValueError("the path of a directory")
    return Path(text)


def database(text: str) -> dict[str, Any]:
    """Parse a database's URL into Django's settings for it. Empty text gives none.

    The scheme is checked first: django-environ would warn of an unknown one by showing the
    password.
    """
    if not text:
        return {}
    try:
        if environ.Env.DB_SCHEMES.get(_split_url(text).scheme) in ENGINES:
            return dict(environ.Env.db_url_config(text))
    except ValueError:
        pass  # such as a port that is no number; its text may be part of the password
    raise ValueError("sqlite:///path or postgres://user:password@host/name")


def mail_server(text: str) -> dict[str, Any]:
    """Parse a mail server's URL into Django's settings for it. Empty text gives none."""
    if not text:
        return {}
    try:
        if _split_url(text).scheme in MAIL and _split_url(text).hostname:
            return dict(environ.Env.email_url_config(text))
    except ValueError:
        pass  # as above
    raise ValueError("smtp+tls://user:password@host:587, or one with smtp or smtp+ssl")


def _key(text: str) -> bytes:
    """Parse a key in base64, with either alphabet."""
    try:
        key = base64.b64decode(text.replace("-", "+").replace("_", "/"), validate=True)
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise ValueError(
            f"keys of {KEY_BYTES} bytes in base64, separated by commas, the newest first: "
            "openssl rand -base64 32 makes one"
        )
    return key


def _read_secret(source: str, path: Path) -> str:
    """Return a file's text without the end of its last line."""
    try:
        text = path.read_text("utf-8").removesuffix("\n")
    except OSError as error:
        raise ImproperlyConfigured(f"{source} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ImproperlyConfigured(f"{source} holds bytes that are not UTF-8 text") from None
    if not text:
        raise ImproperlyConfigured(f"{source} is empty: write the secret into it")
    return text


def _without_file(name: str) -> str:
    """Return the name of the secret that ``NAME_FILE`` is about, or the name itself."""
    return name.removesuffix("_FILE")


def _split_url(text: str) -> SplitResult:
    """Split a URL. What cannot be split has no parts."""
    try:
        return urlsplit(text)
    except ValueError:
        return urlsplit("")
