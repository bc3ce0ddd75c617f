"""Django settings, read once from the environment and loud on nonsense.

Besides real environment variables two files are read, which never override
them: ``.env`` (secrets that ``script/setup`` made for this checkout) and
``var/server.env`` (what a running ``script/server`` listens on), so that any
``manage.py`` beside a running server finds its Redis and its public URL.
"""

from __future__ import annotations

import datetime
import fcntl
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import environ
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from .client_address import Network, TrustedProxies, parse_networks

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = BASE_DIR / "var"

env = environ.Env()
if (BASE_DIR / ".env").is_file():
    env.read_env(BASE_DIR / ".env")


def read_server_env(path: Path) -> None:
    """Read what a ``script/server`` wrote, if it runs."""
    if not path.is_file():
        return
    # The server holds a lock for as long as it lives; a process id may be another's by now.
    with path.with_name("server.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            env.read_env(path)


read_server_env(VAR_DIR / "server.env")


def boolean(name: str, default: bool) -> bool:
    """A yes/no variable; anything else stops the program with a sentence."""
    value = env.str(name, default=str(default)).strip().lower()
    if value in {"true", "yes", "on", "1"}:
        return True
    if value in {"false", "no", "off", "0", ""}:
        return False
    raise ImproperlyConfigured(f"{name}={value!r}: use 'true' or 'false'")


def whole(name: str, default: int, low: int, high: int) -> int:
    """An integer variable within bounds."""
    raw = env.str(name, default=str(default)).strip()
    if not raw.isdecimal() or not low <= int(raw) <= high:
        raise ImproperlyConfigured(f"{name}={raw!r}: use a whole number from {low} to {high}")
    return int(raw)


def url(name: str, default: str, schemes: set[str]) -> str:
    """An absolute URL variable, without its trailing slash."""
    value: str = env.str(name, default=default).strip().rstrip("/")
    parts = urlsplit(value)
    where = parts.path if parts.scheme == "unix" else parts.netloc
    if value and not (parts.scheme in schemes and where):
        allowed = ", ".join(f"{scheme}://" for scheme in sorted(schemes))
        raise ImproperlyConfigured(f"{name} is not a URL that begins with one of: {allowed}")
    return value


def origin(name: str, value: str) -> str:
    """``scheme://host[:port]``, and nothing behind: paths are ours."""
    value = value.strip().rstrip("/")
    try:
        parts = urlsplit(value)
        valid = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
        plain = not (parts.path or parts.query or parts.fragment or "@" in parts.netloc)
    except ValueError:
        valid = plain = False
    if not (valid and plain):
        raise ImproperlyConfigured(f"{name}={value!r}: use https://host or https://host:port")
    return f"{parts.scheme}://{parts.netloc.lower()}"


def ipv4(name: str, default: str) -> str:
    """An IPv4 address: what an ``rtp://`` uri names."""
    value: str = env.str(name, default=default).strip()
    try:
        return str(IPv4Address(value))
    except ValueError:
        raise ImproperlyConfigured(f"{name}={value!r}: use an IPv4 address") from None


def ports(name: str, default: str) -> range:
    """The even ports of ``first-last``: RTP's are even (RFC 3550 section 11)."""
    value: str = env.str(name, default=default).strip()
    first, _, last = value.partition("-")
    if first.isdecimal() and last.isdecimal():
        found = range(int(first) + int(first) % 2, int(last) + 1, 2)
        if found and found[0] >= 1024 and found[-1] <= 65535:
            return found
    raise ImproperlyConfigured(f"{name}={value!r}: use first-last, from 1024 to 65535")


def payload_types(name: str, default: str) -> frozenset[int]:
    """Dynamic RTP payload types (RFC 3551 section 3), separated by commas."""
    value: str = env.str(name, default=default).strip()
    found = [one.strip() for one in value.split(",")] if value else []
    if not all(one.isdecimal() and 96 <= int(one) <= 127 for one in found):
        raise ImproperlyConfigured(f"{name}={value!r}: use payload types from 96 to 127: 101,102")
    return frozenset(int(one) for one in found)


def trusted_proxies(name: str) -> TrustedProxies:
    """The networks of the proxies in front of the server, or how many they are."""
    value: str = env.str(name, default="").strip()
    try:
        return TrustedProxies.parse(value)
    except ValueError as error:
        raise ImproperlyConfigured(
            f"{name}={value!r}: use networks, such as 10.0.0.0/8,fd00::/8, or the number of "
            f"proxies ({error})"
        ) from None


def networks(name: str, default: str) -> tuple[Network, ...]:
    """Networks or addresses, separated by commas."""
    value: str = env.str(name, default=default).strip()
    try:
        return parse_networks(value)
    except ValueError as error:
        raise ImproperlyConfigured(
            f"{name}={value!r}: use networks, such as 10.0.0.0/8,fd00::/8 ({error})"
        ) from None


def log_level() -> str:
    """A level's name."""
    level: str = env.str("LOG_LEVEL", default="INFO").upper()
    if level not in {"DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"}:
        raise ImproperlyConfigured(f"LOG_LEVEL={level!r}: use debug, info, warning or error")
    return level


def host_of(address: str) -> str:
    """The host of an origin, an IPv6 address in brackets."""
    host = str(urlsplit(address).hostname)
    return f"[{host}]" if ":" in host else host


DEBUG = boolean("DEBUG", default=False)
DEMO = boolean(
    "DEMO", default=False
)  # set by script/server: only then may the demo's users sign in
SECRET_KEY = env.str("SECRET_KEY", default="")
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])
if not SECRET_KEY:
    raise ImproperlyConfigured(
        "SECRET_KEY is not set: run script/setup, which makes one in .env, or set it yourself"
    )

# What SignalWire can reach. Tap and status URLs are built from it, and the
# webhook signature covers it byte for byte.
PUBLIC_URL = origin("PUBLIC_URL", env.str("PUBLIC_URL", default="http://127.0.0.1:8000"))
SECURE = PUBLIC_URL.startswith("https://")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=[])
ALLOWED_HOSTS += [host_of(PUBLIC_URL), "127.0.0.1", "localhost", "[::1]"]

# Origins whose pages may open /listen and /console. Forms, such as the admin's, are taken from
# PUBLIC_URL and from the very host that a page was served by.
ALLOWED_ORIGINS = [
    *(origin("ALLOWED_ORIGINS", value) for value in env.list("ALLOWED_ORIGINS", default=[])),
    PUBLIC_URL,
]
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]

# Whose X-Forwarded-For is believed. Nobody's, until the operator names the proxies.
TRUSTED_PROXIES = trusted_proxies("TRUSTED_PROXIES")

# Who may ask /healthz and /metrics: the machine, and private networks (RFC 1918, RFC 4193).
PRIVATE_NETWORKS = "127.0.0.0/8,::1,10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,fc00::/7"
PROBE_NETWORKS = networks("PROBE_NETWORKS", PRIVATE_NETWORKS)

REDIS_URL = url("REDIS_URL", "", {"redis", "rediss", "unix"})
CHUNK_MS = whole("CHUNK_MS", 60, 20, 500)
RING_SECONDS = whole("RING_SECONDS", 30, 5, 600)
SILENT_FOR = whole("SILENT_FOR", 600, 5, 86_400)  # seconds that media may bring no audio

# Where RTP taps are received (manage.py rtptaps), and the address that SignalWire is told.
RTP_HOST = ipv4("RTP_HOST", "127.0.0.1")
RTP_PORTS = ports("RTP_PORTS", "20000-20999")
RTP_PUBLIC_IP = ipv4("RTP_PUBLIC_IP", "127.0.0.1")
RTP_SOURCES = networks("RTP_SOURCES", "")  # where senders may be; none: anywhere
RTP_EVENT_TYPES = payload_types("RTP_EVENT_TYPES", "101")  # telephone-event: keys, not audio

SIGNALWIRE_SIGNING_KEY = env.str("SIGNALWIRE_SIGNING_KEY", default="")
SIGNALWIRE_SIGNING_KEY_PREVIOUS = env.str("SIGNALWIRE_SIGNING_KEY_PREVIOUS", default="")
SIGNALWIRE_PROJECT_ID = env.str("SIGNALWIRE_PROJECT_ID", default="")
SWML_BASIC_AUTH_USER = env.str("SWML_BASIC_AUTH_USER", default="")
SWML_BASIC_AUTH_PASSWORD = env.str("SWML_BASIC_AUTH_PASSWORD", default="")
SIGNALWIRE_SWAIG_SECRET = env.str("SIGNALWIRE_SWAIG_SECRET", default="")

INSTALLED_APPS = [
    "monitor.apps.GuardedAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "channels",
    "csp",
    "axes",
    "monitor.apps.MonitorConfig",
]

MIDDLEWARE = [
    "monitor.turnstile.Middleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "monitor.probes.middleware",  # before the next, which checks the host
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "monitor.passwords.PasswordChangeRequired",
    "django.contrib.messages.middleware.MessageMiddleware",
    "monitor.known_device.middleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "monitor.urls"
ASGI_APPLICATION = "monitor.asgi.application"
APPEND_SLASH = False  # a redirected webhook would no longer match its signature

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

DATABASES: dict[str, dict[str, Any]] = {
    # Not written as a URL: a path may hold any character.
    "default": {"ENGINE": "django.db.backends.sqlite3", "NAME": VAR_DIR / "db.sqlite3"}
}
if env.str("DATABASE_URL", default=""):
    DATABASES["default"] = env.db("DATABASE_URL")
    if "ENGINE" not in DATABASES["default"]:
        raise ImproperlyConfigured("DATABASE_URL: use sqlite:///path or postgres://…")
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    DATABASES["default"]["OPTIONS"] = {
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
        "transaction_mode": "IMMEDIATE",  # wait for the write lock at BEGIN, not fail at COMMIT
        "timeout": 20,  # seconds
    }
else:
    # Connections are lent to threads from a pool and stay open: to open one takes PostgreSQL
    # some 5 ms, and each of the six steps in which a listener joins would open its own.
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
    DATABASES["default"].setdefault("OPTIONS", {})["pool"] = {
        "min_size": 1,
        "max_size": whole("DATABASE_CONNECTIONS", 10, 2, 1000),
        "timeout": 5,  # seconds that a thread waits for a connection, then it is an error
        "reconnect_timeout": 5,  # seconds; the next thread that asks has it tried again
    }
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "console"
LOGOUT_REDIRECT_URL = "login"
AXES_HANDLER = "monitor.lockout.LockOut"
AXES_FAILURE_LIMIT = 8
AXES_COOLOFF_TIME = datetime.timedelta(hours=24)  # how long a failure counts
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False  # a try that is refused counts for nothing
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_LOCKOUT_CALLABLE = "monitor.lockout.locked_out_page"
AXES_RESET_ON_SUCCESS = True
AXES_VERBOSE = False
AXES_SENSITIVE_PARAMETERS = ["username"]  # it may be a password; the address is logged

SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE
SESSION_COOKIE_NAME = "__Host-sessionid" if SECURE else "sessionid"
CSRF_COOKIE_NAME = "__Host-csrftoken" if SECURE else "csrftoken"
DEVICE_COOKIE_NAME = "__Host-device" if SECURE else "device"
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 12 * 3600  # one shift
CSRF_COOKIE_HTTPONLY = True
SECURE_SSL_REDIRECT = False  # TLS ends at the proxy; SignalWire follows no redirect
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if SECURE else None
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if SECURE else 0
# Off unless asked for: they bind every other service of the domain, for a year and more.
SECURE_HSTS_INCLUDE_SUBDOMAINS = boolean("HSTS_INCLUDE_SUBDOMAINS", default=False)
SECURE_HSTS_PRELOAD = boolean("HSTS_PRELOAD", default=False)
if SECURE_HSTS_PRELOAD and not SECURE_HSTS_INCLUDE_SUBDOMAINS:
    raise ImproperlyConfigured("HSTS_PRELOAD=true needs HSTS_INCLUDE_SUBDOMAINS=true")
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
#: Of SECURE_SSL_REDIRECT, and of HSTS for subdomains and for the browsers' lists: see there.
SILENCED_SYSTEM_CHECKS = ["security.W008", "security.W005", "security.W021"]

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "manifest-src": [SELF],
        # Older WebKit does not count wss:// of the same host as 'self'.
        "connect-src": [SELF, PUBLIC_URL.replace("http", "ws", 1)],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True
STATIC_URL = "/static/"
STATIC_ROOT = env.path("STATIC_ROOT", default=str(BASE_DIR / "staticfiles"))
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = DEBUG
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "monitor.staticfiles.ModuleManifestStorage"
    },
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "()": "monitor.redaction.RedactingFormatter",
            "format": "%(asctime)s %(levelname)-7s %(name)s %(message)s",
        }
    },
    "filters": {"client_mistakes": {"()": "monitor.redaction.ClientMistakes"}},
    "handlers": {
        "stderr": {
            "class": "logging.StreamHandler",
            "formatter": "line",
            "filters": ["client_mistakes"],
        }
    },
    "root": {"handlers": ["stderr"], "level": log_level()},
    "loggers": {"axes": {"level": "WARNING"}},
}
