"""The system checks: what is wrong with the settings is said before calls come."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any

import pytest
import redis
from django.core.checks import registry

from monitor import checks
from monitor.management.commands import rtptaps
from monitor.wire import private_patterns
from monitor.wire.client_address import parse_networks
from tests.support.checks import ids, manage
from tests.support.rest import set_up_rest


@pytest.fixture
def production(settings: Any) -> Any:
    """Settings with nothing to complain about."""
    settings.PUBLIC_URL = "https://taps.example.com"
    settings.REDIS_URL = "rediss://redis.example.com:6379/0"
    settings.SIGNALWIRE_SIGNING_KEY = "PSK_0123456789"
    return settings


def test_good_settings_pass(production: Any) -> None:
    assert ids(checks.production(None)) == []
    assert ids(checks.agents(None)) == []


def test_e001_an_address_without_tls(production: Any) -> None:
    production.PUBLIC_URL = "http://taps.example.com"
    assert ids(checks.production(None)) == ["monitor.E001"]


def test_e002_no_redis(production: Any) -> None:
    production.REDIS_URL = ""
    assert ids(checks.production(None)) == ["monitor.E002"]


def test_e003_webhooks_that_nobody_verifies(production: Any) -> None:
    production.SIGNALWIRE_SIGNING_KEY = ""
    assert ids(checks.production(None)) == ["monitor.E003"]


def test_w015_a_ledger_whose_key_is_that_of_everything_else(production: Any) -> None:
    assert ids(checks.ledger_key(None)) == ["monitor.W015"]
    production.LEDGER_KEY = "a key of its own"
    assert ids(checks.ledger_key(None)) == []


@pytest.mark.parametrize("name", ["SWML_BASIC_AUTH_USER", "SWML_BASIC_AUTH_PASSWORD"])
def test_e004_half_of_the_agents_credentials(production: Any, name: str) -> None:
    setattr(production, name, "")
    assert ids(checks.agents(None)) == ["monitor.E004"]


def test_no_credentials_at_all_are_the_sdks_business(production: Any) -> None:
    production.SWML_BASIC_AUTH_USER = production.SWML_BASIC_AUTH_PASSWORD = ""
    assert ids(checks.agents(None)) == []


def test_w001_tools_that_a_restart_refuses(production: Any) -> None:
    production.SIGNALWIRE_SWAIG_SECRET = ""
    assert ids(checks.agents(None)) == ["monitor.W001"]


@pytest.mark.parametrize(
    ("public", "host", "found"),
    [
        ("127.0.0.1", "127.0.0.1", []),
        ("127.0.0.1", "0.0.0.0", []),
        ("8.8.8.8", "0.0.0.0", []),
        ("8.8.8.8", "127.0.0.1", ["monitor.W002"]),
    ],
)
def test_w002_a_receiver_that_hears_nothing(
    settings: Any, public: str, host: str, found: list[str]
) -> None:
    settings.RTP_PUBLIC_IP, settings.RTP_HOST = public, host
    assert ids(checks.rtp(None)) == found


@pytest.mark.parametrize(
    ("public", "host", "found"),
    [
        ("127.0.0.1", "127.0.0.1", []),  # not set up
        ("8.8.8.8", "0.0.0.0", []),
        ("127.0.0.1", "0.0.0.0", ["monitor.W003"]),
        ("10.0.0.1", "0.0.0.0", ["monitor.W003"]),
        ("192.168.1.1", "127.0.0.1", ["monitor.W003"]),
    ],
)
def test_w003_an_address_that_signalwire_refuses(
    settings: Any, public: str, host: str, found: list[str]
) -> None:
    settings.RTP_PUBLIC_IP, settings.RTP_HOST = public, host
    assert ids(checks.rtp_address(None)) == found


@pytest.mark.parametrize(("seconds", "found"), [(60, []), (59, ["monitor.W005"])])
def test_w005_a_limit_that_ends_calls_on_hold(
    settings: Any, seconds: int, found: list[str]
) -> None:
    settings.SILENT_FOR = seconds
    assert ids(checks.silence(None)) == found


@pytest.mark.parametrize(
    ("public", "sources", "found"),
    [
        ("8.8.8.8", "", ["monitor.W008"]),
        ("8.8.8.8", "203.0.113.0/24", []),
        ("127.0.0.1", "", []),  # not set up
    ],
)
def test_w008_rtp_from_anywhere(settings: Any, public: str, sources: str, found: list[str]) -> None:
    settings.RTP_PUBLIC_IP, settings.RTP_SOURCES = public, parse_networks(sources)
    assert ids(checks.rtp_sources(None)) == found


@pytest.mark.parametrize("name", ["WATCHED_PHRASES", "HUMAN_PHRASES"])
@pytest.mark.parametrize(
    ("phrases", "found"),
    [
        (("my lawyer", "room 4"), []),
        (("my lawyer", "4111 1111 1111 1111"), ["monitor.W012"]),
        (("my lawyer", "a", "!b!"), ["monitor.W013"]),
    ],
)
def test_w012_and_w013_phrases_that_are_found_nowhere_or_everywhere(
    settings: Any, name: str, phrases: tuple[str, ...], found: list[str]
) -> None:
    setattr(settings, name, phrases)
    assert ids(checks.watched_phrases(None)) == found
    assert "lawyer" not in str(checks.watched_phrases(None))


@pytest.mark.parametrize(
    ("still", "one_way", "found"), [(60, 20, []), (60, 61, ["monitor.W009"]), (60, math.inf, [])]
)
def test_w009_a_side_that_was_heard_before(
    settings: Any, still: float, one_way: float, found: list[str]
) -> None:
    settings.GONE_STILL_SECONDS, settings.ONE_WAY_SECONDS = still, one_way
    assert ids(checks.attention(None)) == found


@pytest.mark.parametrize(
    ("side", "nobody", "found"),
    [(30, 10, []), (30, 30, ["monitor.W010"]), (30, math.inf, []), (math.inf, 10, [])],
)
def test_w010_both_sides_silent(
    settings: Any, side: float, nobody: float, found: list[str]
) -> None:
    settings.SILENT_SIDE_SECONDS, settings.DEAD_AIR_SECONDS = side, nobody
    assert ids(checks.attention(None)) == found


@pytest.mark.parametrize(
    ("missing", "words"),
    [
        (["SIGNALWIRE_SPACE"], "Not set: SIGNALWIRE_SPACE."),
        (
            ["SIGNALWIRE_PROJECT_ID", "SIGNALWIRE_API_TOKEN"],
            "Not set: SIGNALWIRE_PROJECT_ID, SIGNALWIRE_API_TOKEN.",
        ),
        ([], ""),
    ],
)
def test_w011_pages_that_cannot_have_calls_tapped(
    settings: Any, missing: list[str], words: str
) -> None:
    set_up_rest(settings)
    for name in missing:
        setattr(settings, name, "")
    found = checks.call_control(None)
    assert ids(found) == (["monitor.W011"] if missing else [])
    assert all(words in message.msg for message in found)


def test_each_check_has_an_id_of_its_own_by_which_it_is_silenced() -> None:
    package = Path(checks.__file__).parent
    source = "".join(path.read_text() for path in sorted(package.glob("*.py")))
    found = re.findall(r'id="(monitor\.[EW]\d{3})"', source)
    assert found
    assert sorted(found) == sorted(set(found))


def test_rtptaps_starts_with_its_own_check_only() -> None:
    assert rtptaps.Command.requires_system_checks == (checks.RTP,)
    tagged = [one for one in registry.registry.get_checks() if checks.RTP in one.tags]
    assert tagged == [checks.rtp]


def test_a_production_environment_is_clean(locked_redis: redis.Redis, settings: Any) -> None:
    url = settings.REDIS_URL
    done = manage("check", "--deploy", "--fail-level", "WARNING", REDIS_URL=url)
    assert done.returncode == 0, done.stderr
    assert "no issues" in done.stdout


def test_a_bare_environment_is_not() -> None:
    done = manage("check", "--deploy", PUBLIC_URL="http://x.example", SIGNALWIRE_SIGNING_KEY="")
    assert done.returncode != 0
    assert "monitor.E001" in done.stderr
    assert "monitor.E003" in done.stderr


def test_no_migration_is_missing() -> None:
    done = manage("makemigrations", "--check", "--dry-run", DATABASE_URL="sqlite://:memory:")
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("SECRET_KEY", "", "SECRET_KEY is not set: run script/setup"),
        ("DEBUG", "maybe", "DEBUG='maybe': use 'true' or 'false'"),
        ("CHUNK_MS", "0", "CHUNK_MS='0': use a whole number from 20 to 500"),
        ("RING_SECONDS", "lots", "RING_SECONDS='lots': use a whole number from 5 to 600"),
        (
            "DEAD_AIR_SECONDS",
            "1",
            "DEAD_AIR_SECONDS='1': use a whole number from 2 to 3600, or 0 for never",
        ),
        ("ATTENTION_WINDOW_SECONDS", "0", "ATTENTION_WINDOW_SECONDS='0': use a whole number from"),
        ("SILENT_FOR", "4", "SILENT_FOR='4': use a whole number from 5 to 86400"),
        ("RTP_PORTS", "5000", "RTP_PORTS='5000': use first-last, from 1024 to 65535"),
        ("RTP_PORTS", "9-99", "RTP_PORTS='9-99': use first-last, from 1024 to 65535"),
        ("SIGNALWIRE_SPACE", "https://a.example", "SIGNALWIRE_SPACE='https://a.example': use the"),
        ("SIGNALWIRE_SPACE", "example", "use the space's host name, such as example.signalwire."),
        ("RTP_PUBLIC_IP", "taps.example", "RTP_PUBLIC_IP='taps.example': use an IPv4 address"),
        ("RTP_SOURCES", "203.0.113.7/24", "RTP_SOURCES='203.0.113.7/24': use networks"),
        ("RTP_EVENT_TYPES", "8", "RTP_EVENT_TYPES='8': use payload types from 96 to 127"),
        ("RTP_EVENT_TYPES", "101,", "RTP_EVENT_TYPES='101,': use payload types from 96"),
        ("PUBLIC_URL", "taps.example.com", "PUBLIC_URL='taps.example.com': use https://host"),
        ("PUBLIC_URL", "https://a.example/x", "PUBLIC_URL='https://a.example/x': use https://host"),
        ("PUBLIC_URL", "https://a:99999", "PUBLIC_URL='https://a:99999': use https://host"),
        ("PUBLIC_URL", "http://[::1", "PUBLIC_URL='http://[::1': use https://host"),
        ("HSTS_PRELOAD", "true", "HSTS_PRELOAD=true needs HSTS_INCLUDE_SUBDOMAINS=true"),
        ("TRUSTED_PROXIES", "0", "TRUSTED_PROXIES='0': use networks"),
        ("TRUSTED_PROXIES", "11", "or the number of proxies (11 is not a number of"),
        ("TRUSTED_PROXIES", "10.0.0.5/8", "TRUSTED_PROXIES='10.0.0.5/8': use networks"),
        ("TRUSTED_PROXIES", "proxy.example", "TRUSTED_PROXIES='proxy.example': use networks"),
        ("PROBE_NETWORKS", "10.0.0.0/33", "PROBE_NETWORKS='10.0.0.0/33': use networks"),
        ("LOG_LEVEL", "loud", "LOG_LEVEL='loud': use debug, info"),
        ("ALLOWED_HOSTS", "a:80", "ALLOWED_HOSTS='a:80': use host names without scheme"),
        ("ALLOWED_ORIGINS", "a", "ALLOWED_ORIGINS='a': use https://host"),
        ("DATABASE_CONNECTIONS", "1", "DATABASE_CONNECTIONS='1': use a whole number"),
        ("STATIC_ROOT", "", "STATIC_ROOT='': use the path of a directory"),
        ("DATABASE_URL", "nonsense", "DATABASE_URL: use sqlite:///path or postgres"),
        ("REDIS_URL", "localhost", "REDIS_URL: use a URL that begins with one of: redis://"),
        ("ENCRYPTION_KEYS", "secret", "ENCRYPTION_KEYS: use keys of 32 bytes in base64, separated"),
    ],
)
def test_nonsense_in_the_environment_stops_with_a_sentence(
    name: str, value: str, says: str
) -> None:
    done = manage("check", **{name: value})
    assert done.returncode != 0
    assert says in done.stderr


@pytest.mark.parametrize(
    ("pattern", "found"),
    [(r'["(\\d+ ?)+x"]', ["monitor.W014"]), (r'["\\d{3}-\\d{2}-\\d{4}", "(ab|c)+"]', [])],
)
def test_w014_a_pattern_that_may_take_for_ever(
    settings: Any, pattern: str, found: list[str]
) -> None:
    settings.REDACT_PATTERNS = private_patterns.parse(pattern)
    assert ids(checks.redaction(None)) == found
