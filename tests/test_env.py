"""Settings are parsed from a mapping of variables, and nonsense stops with a sentence."""

from __future__ import annotations

import base64
import fcntl
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from monitor import env, env_addresses, env_retention
from monitor.env import Environment
from monitor.wire.redis_address import FORMS


def test_a_variable_is_parsed_without_the_space_around_it() -> None:
    assert Environment({"CHUNK_MS": " 80 "}).read("CHUNK_MS", "60", env.whole(20, 500)) == 80


def test_a_missing_variable_has_its_default() -> None:
    assert Environment({}).read("CHUNK_MS", "60", env.whole(20, 500)) == 60


def test_an_error_names_the_variable_its_value_and_what_is_allowed() -> None:
    with pytest.raises(ImproperlyConfigured) as error:
        Environment({"CHUNK_MS": "7"}).read("CHUNK_MS", "60", env.whole(20, 500))
    assert str(error.value) == "CHUNK_MS='7': use a whole number from 20 to 500"


def test_a_mail_server_is_parsed_and_its_password_is_not_shown() -> None:
    parsed = env.mail_server("smtp+tls://me:secret@mail.example:587")
    assert (parsed["EMAIL_HOST"], parsed["EMAIL_PORT"]) == ("mail.example", 587)
    assert (parsed["EMAIL_HOST_PASSWORD"], parsed["EMAIL_USE_TLS"]) == ("secret", True)
    assert env.mail_server("") == {}
    for wrong in ("http://me:secret@mail.example", "smtp://", "smtp://me:secret@mail.example:x"):
        with pytest.raises(ImproperlyConfigured) as error:
            Environment({"EMAIL_URL": wrong}).secret("EMAIL_URL", env.mail_server)
        assert "secret" not in str(error.value)


def test_a_word_out_of_a_few_is_parsed_and_no_other() -> None:
    parse = env.one_of("nobody", "everybody")
    assert parse("everybody") == "everybody"
    with pytest.raises(ValueError, match="one of: nobody, everybody"):
        parse("somebody")


def base64_of(key: bytes) -> str:
    return base64.b64encode(key).decode()


@pytest.mark.parametrize("between", [",", " , ", "\n", ",\n"])
def test_keys_are_parsed_in_their_order(between: str) -> None:
    keys = (b"\xff" * 32, b"\xfb" * 32)
    text = between.join(map(base64_of, keys))
    assert env.encryption_keys(text) == keys
    assert env.encryption_keys(text.replace("/", "_").replace("+", "-")) == keys
    assert env.encryption_keys(f"none{between}{text}") == (b"", *keys)
    assert env.encryption_keys("") == ()


@pytest.mark.parametrize(
    "text",
    [
        "hunter2",
        base64_of(b"short"),
        f"{base64_of(b'a' * 32)},none",
        f"{base64_of(b'a' * 32)},{base64_of(b'a' * 32)}",
        f"{base64_of(b'a' * 32)};{base64_of(b'b' * 32)}",
        "ä" * 32,
    ],
)
def test_what_is_no_key_is_refused_without_showing_it(text: str) -> None:
    with pytest.raises(ImproperlyConfigured) as error:
        Environment({"ENCRYPTION_KEYS": text}).secret("ENCRYPTION_KEYS", env.encryption_keys)
    assert str(error.value).startswith("ENCRYPTION_KEYS: use ")
    assert text not in str(error.value)


def test_a_missing_secret_is_empty() -> None:
    assert Environment({}).secret("SECRET_KEY", str) == ""


def test_a_secret_keeps_the_space_around_it() -> None:
    assert Environment({"SECRET_KEY": " key "}).secret("SECRET_KEY", str) == " key "


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    """A file that holds a secret."""
    path = tmp_path / "key"
    path.write_text(" hunter2\n")
    return path


def secret_in(path: Path, **values: str) -> str:
    """The secret of an environment that names a file."""
    environment = Environment({"SECRET_KEY_FILE": str(path), **values})
    return environment.secret("SECRET_KEY", str)


def test_a_secret_is_read_from_a_file_without_the_newline_at_its_end(key_file: Path) -> None:
    assert secret_in(key_file) == " hunter2"
    key_file.write_text("two\nlines\n\n")
    assert secret_in(key_file) == "two\nlines\n"


def test_an_empty_variable_beside_a_secrets_file_does_not_count(key_file: Path) -> None:
    assert secret_in(key_file, SECRET_KEY="") == " hunter2"


def test_an_empty_path_of_a_secrets_file_does_not_count() -> None:
    values = {"SECRET_KEY": "key", "SECRET_KEY_FILE": ""}
    assert Environment(values).secret("SECRET_KEY", str) == "key"


def test_a_secret_that_is_given_twice_is_refused(key_file: Path) -> None:
    with pytest.raises(ImproperlyConfigured) as error:
        secret_in(key_file, SECRET_KEY="swordfish")
    said = str(error.value)
    assert said == "SECRET_KEY and SECRET_KEY_FILE are both set: use one of them"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is empty: write the secret into it"),
        (b"\n", "is empty: write the secret into it"),
        (b"hunter2\xff", "holds bytes that are not UTF-8 text"),
    ],
)
def test_an_unusable_secrets_file_is_named_without_its_content(
    key_file: Path, content: bytes, reason: str
) -> None:
    key_file.write_bytes(content)
    with pytest.raises(ImproperlyConfigured) as error:
        secret_in(key_file)
    assert str(error.value) == f"SECRET_KEY_FILE='{key_file}' {reason}"


@pytest.mark.parametrize(
    ("name", "reason"), [("missing", "No such file or directory"), ("", "Is a directory")]
)
def test_a_secrets_file_that_cannot_be_read_is_named(
    tmp_path: Path, name: str, reason: str
) -> None:
    path = tmp_path / name
    with pytest.raises(ImproperlyConfigured) as error:
        secret_in(path)
    assert str(error.value) == f"SECRET_KEY_FILE='{path}' cannot be read: {reason}"


def test_nonsense_in_a_secrets_file_is_not_shown(key_file: Path) -> None:
    environment = Environment({"REDIS_URL_FILE": str(key_file)})
    with pytest.raises(ImproperlyConfigured) as error:
        environment.secret("REDIS_URL", env_addresses.redis_url)
    said = str(error.value)
    assert said == f"REDIS_URL_FILE='{key_file}': use {FORMS['server']}"


@pytest.mark.parametrize(
    ("name", "value", "parse"),
    [
        ("REDIS_URL", "hunter2", env_addresses.redis_url),
        ("REDIS_URL", "redis+sentinel://:hunter2@host", env_addresses.redis_url),
        ("DATABASE_URL", "hunter2", env.database),
        ("DATABASE_URL", "mysql://user:hunter2@host/name", env.database),
        ("DATABASE_URL", "postgres://user:hunter2/@host/name", env.database),
        ("DATABASE_URL", "postgres://[hunter2", env.database),
    ],
)
def test_an_error_about_a_secret_shows_none_of_it(
    name: str, value: str, parse: Callable[[str], object]
) -> None:
    with pytest.raises(ImproperlyConfigured) as error:
        Environment({name: value}).secret(name, parse)
    assert str(error.value).startswith(f"{name}: use ")
    assert "hunter2" not in str(error.value)


@pytest.mark.parametrize(
    ("parse", "text", "value"),
    [
        (env.flag, "Yes", True),
        (env.flag, "0", False),
        (env.flag, "", False),
        (env.whole(20, 500), "20", 20),
        (env.whole_or_never(5, 600), "5", 5),
        (env.whole_or_never(5, 600), "0", math.inf),
        (env_retention.days, "1", 1),
        (env_retention.days, "36500", 36_500),
        (env_retention.days, "forever", math.inf),
        (env.whole(20, 500), "500", 500),
        (env.items, " a, b,", ["a", "b"]),
        (env.items, "", []),
        (env_addresses.redis_url, " redis://:x@host:6379/0 ", "redis://:x@host:6379/0"),
        (env_addresses.redis_url, "", ""),
        (env_addresses.origin, "https://A.example:8443/", "https://a.example:8443"),
        (env_addresses.origins, "https://a.example,http://b", ["https://a.example", "http://b"]),
        (env_addresses.origins, "", []),
        (
            env_addresses.hosts,
            "a.example, .b.example,[::1],*",
            ["a.example", ".b.example", "[::1]", "*"],
        ),
        (env_addresses.ipv4, "192.0.2.1", "192.0.2.1"),
        (env_addresses.space, "", ""),
        (env_addresses.space, "Example.SignalWire.com", "example.signalwire.com"),
        (env_addresses.space, "127.0.0.1:8090", "127.0.0.1:8090"),
        (env_addresses.space, "localhost:8090", "localhost:8090"),
        (env_addresses.ports, "20001-20005", range(20002, 20006, 2)),
        (env_addresses.payload_types, "", frozenset()),
        (env_addresses.payload_types, "101", frozenset({101})),
        (env_addresses.payload_types, "96, 127", frozenset({96, 127})),
        (env.log_level, "debug", "DEBUG"),
        (env.directory, "/srv/static", Path("/srv/static")),
        (env.database, "", {}),
    ],
)
def test_good_text_is_parsed(parse: Callable[[str], Any], text: str, value: object) -> None:
    assert parse(text) == value


@pytest.mark.parametrize(
    ("parse", "text"),
    [
        (env.flag, "maybe"),
        (env.whole(20, 500), "19"),
        (env.whole(20, 500), "501"),
        (env.whole(20, 500), "many"),
        (env.whole(20, 500), ""),
        (env.whole_or_never(5, 600), "4"),
        (env.whole_or_never(5, 600), "never"),
        (env_retention.days, "0"),
        (env_retention.days, "36501"),
        (env_retention.days, "never"),
        (env_retention.days, ""),
        (env_addresses.redis_url, "https://host"),
        (env_addresses.origin, "a.example"),
        (env_addresses.origin, "https://a.example/path"),
        (env_addresses.origin, "https://user@a.example"),
        (env_addresses.origin, "https://a.example:0"),
        (env_addresses.origin, "https://a.example:99999"),
        (env_addresses.origin, "https://[::1"),
        (env_addresses.origins, "https://a.example,b.example"),
        (env_addresses.hosts, "https://a.example"),
        (env_addresses.hosts, "a.example:8000"),
        (env_addresses.hosts, "a.example/path"),
        (env_addresses.hosts, "::1"),
        (env_addresses.ipv4, "::1"),
        (env_addresses.space, "example"),
        (env_addresses.space, "https://a.example"),
        (env_addresses.space, "a.example/api"),
        (env_addresses.space, "a.example:port"),
        (env_addresses.space, ".a.example"),
        (env_addresses.space, "*"),
        (env_addresses.ipv4, "a.example"),
        (env_addresses.ports, "20000"),
        (env_addresses.ports, "1000-2000"),
        (env_addresses.ports, "20000-70000"),
        (env_addresses.ports, "20001-20001"),
        (env_addresses.payload_types, "8"),
        (env_addresses.payload_types, "101,"),
        (env_addresses.trusted_proxies, "0"),
        (env_addresses.trusted_proxies, "proxy.example"),
        (env_addresses.networks, "10.0.0.1/8"),
        (env.log_level, "loud"),
        (env.directory, ""),
        (env.database, "nonsense"),
        (env.database, "postgres://host:port/name"),
    ],
)
def test_nonsense_is_refused(parse: Callable[[str], object], text: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        parse(text)


def test_a_database_is_postgresql_or_sqlite() -> None:
    assert env.database("sqlite:////srv/db.sqlite3")["NAME"] == "/srv/db.sqlite3"
    found = env.database("postgres://earshot:a%2Fb@db.example:5433/calls")
    assert found["ENGINE"] == "django.db.backends.postgresql"
    assert (found["USER"], found["PASSWORD"]) == ("earshot", "a/b")
    assert (found["HOST"], found["PORT"], found["NAME"]) == ("db.example", 5433, "calls")


@pytest.mark.parametrize(
    ("address", "host"),
    [("https://a.example:8443", "a.example"), ("http://[::1]:8000", "[::1]")],
)
def test_the_host_of_an_origin(address: str, host: str) -> None:
    assert env_addresses.host_of(address) == host


def test_a_file_of_variables_is_read(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_text("# Secrets.\nSECRET_KEY=a=b\nDEBUG='true'\n")
    assert env.read_env_file(path) == {"SECRET_KEY": "a=b", "DEBUG": "true"}


def test_a_file_that_does_not_exist_has_no_variables(tmp_path: Path) -> None:
    assert env.read_env_file(tmp_path / ".env") == {}


def test_a_file_never_overrides_the_environment() -> None:
    values = {"DEBUG": ""}
    env.fill_in(values, {"DEBUG": "true", "LOG_LEVEL": "debug"})
    assert values == {"DEBUG": "", "LOG_LEVEL": "debug"}


@pytest.mark.parametrize(
    ("environment", "file"),
    [("SECRET_KEY_FILE", "SECRET_KEY"), ("SECRET_KEY", "SECRET_KEY_FILE")],
)
def test_a_secret_of_the_environment_overrides_a_files_in_either_form(
    environment: str, file: str
) -> None:
    values = {environment: "the environment's"}
    env.fill_in(values, {file: "the file's"})
    assert values == {environment: "the environment's"}


def test_a_file_that_gives_a_secret_twice_is_not_settled_silently() -> None:
    values: dict[str, str] = {}
    env.fill_in(values, {"SECRET_KEY": "key", "SECRET_KEY_FILE": "/run/key"})
    with pytest.raises(ImproperlyConfigured, match="are both set"):
        Environment(values).secret("SECRET_KEY", str)


def test_what_a_running_server_wrote_is_read(tmp_path: Path) -> None:
    path = tmp_path / "server.env"
    path.write_text("PUBLIC_URL=http://127.0.0.1:8123\n")
    with (tmp_path / "server.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert env.read_server_env(path) == {"PUBLIC_URL": "http://127.0.0.1:8123"}


def test_what_a_dead_server_wrote_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "server.env"
    path.write_text("PUBLIC_URL=http://127.0.0.1:8123\n")
    assert env.read_server_env(path) == {}
