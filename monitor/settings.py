"""Django settings, read once from the environment. A value that makes no sense stops the start.

A secret may also be in a file: ``SECRET_KEY_FILE`` names one, and is set instead of
``SECRET_KEY``.

Two files add to the environment variables but never override them. ``.env`` has the secrets that
``script/setup`` made for this checkout. ``var/server.env`` has the addresses of a running
``script/server``, so that any ``manage.py`` beside it finds its Redis and its public URL.
"""

from __future__ import annotations

import datetime
import os
from pathlib import Path
from typing import Any

from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from monitor.env import (
    Environment,
    database,
    directory,
    fill_in,
    flag,
    items,
    log_level,
    mail_server,
    one_of,
    read_env_file,
    read_server_env,
    url,
    whole,
    whole_or_never,
)
from monitor.env_addresses import (
    host_of,
    hosts,
    ipv4,
    networks,
    origin,
    origins,
    payload_types,
    ports,
    space,
    trusted_proxies,
)
from monitor.wire import private_patterns
from monitor.wire.human_phrases import ASKS_FOR_A_HUMAN
from monitor.wire.phrases import parse_phrases

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = BASE_DIR / "var"

fill_in(os.environ, read_env_file(BASE_DIR / ".env"))
fill_in(os.environ, read_server_env(VAR_DIR / "server.env"))
env = Environment(os.environ)

DEBUG = env.read("DEBUG", "false", flag)
# script/server sets it. The demo's users may sign in only while it is set.
DEMO = env.read("DEMO", "false", flag)
SECRET_KEY = env.secret("SECRET_KEY", str)
SECRET_KEY_FALLBACKS = env.secret("SECRET_KEY_FALLBACKS", items)
if not SECRET_KEY:
    raise ImproperlyConfigured(
        "SECRET_KEY is not set: run script/setup, which makes one in .env, or set SECRET_KEY or "
        "SECRET_KEY_FILE"
    )

# The key of the listening ledger's MACs. Without it one is made of SECRET_KEY.
LEDGER_KEY = env.secret("LEDGER_KEY", str)

# The address at which SignalWire reaches us. Tap and status URLs are built from it, and the
# webhook's signature covers it byte for byte.
PUBLIC_URL = env.read("PUBLIC_URL", "http://127.0.0.1:8000", origin)
SECURE = PUBLIC_URL.startswith("https://")
ALLOWED_HOSTS = env.read("ALLOWED_HOSTS", "", hosts)
ALLOWED_HOSTS += [host_of(PUBLIC_URL), "127.0.0.1", "localhost", "[::1]"]

# Origins whose pages may open /listen and /console. Forms, such as the admin's, are accepted from
# PUBLIC_URL and from the host that served the page.
ALLOWED_ORIGINS = [*env.read("ALLOWED_ORIGINS", "", origins), PUBLIC_URL]
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]

# The proxies whose X-Forwarded-For is believed. There are none until the operator names them.
TRUSTED_PROXIES = env.read("TRUSTED_PROXIES", "", trusted_proxies)

# Who may read /healthz and /metrics: this machine, and private networks (RFC 1918, RFC 4193).
PRIVATE_NETWORKS = "127.0.0.0/8,::1,10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,fc00::/7"
PROBE_NETWORKS = env.read("PROBE_NETWORKS", PRIVATE_NETWORKS, networks)

REDIS_URL = env.secret("REDIS_URL", url("redis", "rediss", "unix"))
CHUNK_MS = env.read("CHUNK_MS", "60", whole(20, 500))
RING_SECONDS = env.read("RING_SECONDS", "30", whole(5, 600))
# Seconds without audio after which a tap's media is closed.
SILENT_FOR = env.read("SILENT_FOR", "600", whole(5, 86_400))

# Seconds after which a pause ends that nobody has ended. Without an end, a call could stay unheard
# because somebody forgot it.
PAUSE_MAX_SECONDS = env.read("PAUSE_MAX_SECONDS", "300", whole(10, 3600))

# What is taken out of what is said in calls, beside card numbers.
REDACT_PATTERNS = env.read("REDACT_PATTERNS", "", private_patterns.parse)

# Whether voices are looked for in the audio of calls, so that calls which need attention are found.
VOICE_ACTIVITY = env.read("VOICE_ACTIVITY", "true", flag)
# From when on a call needs attention.
DEAD_AIR_SECONDS = env.read("DEAD_AIR_SECONDS", "10", whole_or_never(2, 3600))
SILENT_SIDE_SECONDS = env.read("SILENT_SIDE_SECONDS", "30", whole_or_never(2, 3600))
ONE_WAY_SECONDS = env.read("ONE_WAY_SECONDS", "20", whole_or_never(2, 3600))
GONE_STILL_SECONDS = env.read("GONE_STILL_SECONDS", "60", whole_or_never(2, 3600))
CLIPPING_PERCENT = env.read("CLIPPING_PERCENT", "1", whole_or_never(1, 100))
TALK_OVER_PERCENT = env.read("TALK_OVER_PERCENT", "30", whole_or_never(1, 100))
ATTENTION_WINDOW_SECONDS = env.read("ATTENTION_WINDOW_SECONDS", "10", whole(2, 300))
LONG_CALL_MINUTES = env.read("LONG_CALL_MINUTES", "20", whole_or_never(1, 1440))
# The same for what is said and done in calls, as far as the carrier tells it.
WATCHED_PHRASES = env.read("WATCHED_PHRASES", "", parse_phrases)
HUMAN_PHRASES = env.read("HUMAN_PHRASES", ";".join(ASKS_FOR_A_HUMAN), parse_phrases)
TOOL_FAILURES = env.read("TOOL_FAILURES", "2", whole_or_never(1, 50))
LLM_ERRORS = env.read("LLM_ERRORS", "1", whole_or_never(1, 50))
BARGE_INS_PER_MINUTE = env.read("BARGE_INS_PER_MINUTE", "4", whole_or_never(2, 50))
HOLD_SECONDS = env.read("HOLD_SECONDS", "120", whole_or_never(2, 3000))
SLOW_ANSWER_SECONDS = env.read("SLOW_ANSWER_SECONDS", "3", whole_or_never(1, 60))

# Where RTP taps are received (manage.py rtptaps), and the address that SignalWire is given.
RTP_HOST = env.read("RTP_HOST", "127.0.0.1", ipv4)
RTP_PORTS = env.read("RTP_PORTS", "20000-20999", ports)
RTP_PUBLIC_IP = env.read("RTP_PUBLIC_IP", "127.0.0.1", ipv4)
# Networks from which RTP is accepted. Without any, it is accepted from everywhere.
RTP_SOURCES = env.read("RTP_SOURCES", "", networks)
# Payload types of telephone-event packets, which carry pressed keys and not audio.
RTP_EVENT_TYPES = env.read("RTP_EVENT_TYPES", "101", payload_types)

SIGNALWIRE_SIGNING_KEY = env.secret("SIGNALWIRE_SIGNING_KEY", str)
SIGNALWIRE_SIGNING_KEY_PREVIOUS = env.secret("SIGNALWIRE_SIGNING_KEY_PREVIOUS", str)
SIGNALWIRE_PROJECT_ID = env.read("SIGNALWIRE_PROJECT_ID", "", str)
# Taps are started and stopped from the pages only if these two and the project ID are set.
SIGNALWIRE_SPACE = env.read("SIGNALWIRE_SPACE", "", space)
SIGNALWIRE_API_TOKEN = env.secret("SIGNALWIRE_API_TOKEN", str)
SWML_BASIC_AUTH_USER = env.read("SWML_BASIC_AUTH_USER", "", str)
SWML_BASIC_AUTH_PASSWORD = env.secret("SWML_BASIC_AUTH_PASSWORD", str)
SIGNALWIRE_SWAIG_SECRET = env.secret("SIGNALWIRE_SWAIG_SECRET", str)

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
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "monitor.apps.SignInsConfig",
    "monitor.apps.MonitorConfig",
]

MIDDLEWARE = [
    "monitor.web.turnstile.Middleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "monitor.web.session_age.middleware",
    "monitor.web.language.LanguageMiddleware",
    "monitor.web.zone.middleware",
    "monitor.web.probes.middleware",  # before CommonMiddleware, which checks the host
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "monitor.web.acting.middleware",
    "monitor.web.password_change.PasswordChangeRequired",
    "monitor.web.second_factor.SecondFactorRequired",
    "monitor.web.not_recorded.NotRecorded",
    "django.contrib.messages.middleware.MessageMiddleware",
    "monitor.web.known_device.middleware",
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
            # Every template of ours has words.
            "builtins": ["django.templatetags.i18n"],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "django.template.context_processors.i18n",
                "monitor.web.admin_site.for_templates",
                "monitor.web.catalogue.for_templates",
                "monitor.web.pages.user_settings.for_templates",
            ],
        },
    }
]

DATABASE_CONNECTIONS = env.read("DATABASE_CONNECTIONS", "10", whole(2, 1000))
DATABASES: dict[str, dict[str, Any]] = {
    "default": env.secret("DATABASE_URL", database)
    # Not written as a URL, because a path may hold any character.
    or {"ENGINE": "django.db.backends.sqlite3", "NAME": VAR_DIR / "db.sqlite3"}
}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    DATABASES["default"]["CONN_MAX_AGE"] = None  # models.sqlite closes those of requests
    DATABASES["default"]["OPTIONS"] = {
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
        "transaction_mode": "IMMEDIATE",  # wait for the write lock at BEGIN, not fail at COMMIT
        "timeout": 20,  # seconds
    }
else:
    # Threads borrow connections from a pool, in which they stay open. PostgreSQL takes some 5 ms
    # to open one, and each of the six steps in which a listener joins would open its own.
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
    DATABASES["default"].setdefault("OPTIONS", {})["pool"] = {
        "min_size": 1,
        "max_size": DATABASE_CONNECTIONS,
        "timeout": 5,  # seconds that a thread waits for a connection before it gets an error
        "reconnect_timeout": 5,  # seconds; after them, the next thread that asks starts a new try
    }
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]
# Where mail is sent, and from whom. Without a server, nobody can have a link for a new password.
EMAIL_URL = env.secret("EMAIL_URL", mail_server)
EMAIL_HOST, EMAIL_PORT = EMAIL_URL.get("EMAIL_HOST", ""), EMAIL_URL.get("EMAIL_PORT", 25)
EMAIL_HOST_USER = EMAIL_URL.get("EMAIL_HOST_USER") or ""
EMAIL_HOST_PASSWORD = EMAIL_URL.get("EMAIL_HOST_PASSWORD") or ""
EMAIL_USE_TLS = EMAIL_URL.get("EMAIL_USE_TLS", False)
EMAIL_USE_SSL = EMAIL_URL.get("EMAIL_USE_SSL", False)
EMAIL_TIMEOUT = 10  # seconds
DEFAULT_FROM_EMAIL = env.read("MAIL_FROM", f"earshot@{host_of(PUBLIC_URL)}", str)
PASSWORD_RESET_TIMEOUT = 30 * 60  # seconds for which the link holds

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
AXES_HANDLER = "monitor.web.lockout.LockOut"
AXES_FAILURE_LIMIT = 8
AXES_COOLOFF_TIME = datetime.timedelta(hours=24)  # how long a failure counts
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False  # a try that is refused does not count
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_LOCKOUT_CALLABLE = "monitor.web.lockout.locked_out_page"
AXES_RESET_ON_SUCCESS = True
AXES_USERNAME_CALLABLE = "monitor.web.lockout.name_tried"
AXES_VERBOSE = False
AXES_SENSITIVE_PARAMETERS = ["username"]  # it may hold a password; addresses are not masked

# Who must sign in with a second factor: a code, a security key or a recovery code.
REQUIRE_SECOND_FACTOR = env.read(
    "REQUIRE_SECOND_FACTOR", "nobody", one_of("nobody", "administrators", "everybody")
)
# Of django-allauth only the second factor is used. monitor.urls names the pages that it has here.
ACCOUNT_ADAPTER = "monitor.web.second_factor.Accounts"
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_RATE_LIMITS = False  # monitor.web.lockout counts wrong codes together with wrong passwords
ACCOUNT_REAUTHENTICATION_METHODS = ["password"]
MFA_ADAPTER = "monitor.web.second_factor.Factors"
MFA_ALLOW_UNVERIFIED_EMAIL = True  # no e-mail address is verified here
MFA_RECOVERY_CODES_SHOW_ONCE = True
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_TOTP_ISSUER = "Earshot"
MFA_TOTP_TOLERANCE = 1  # a code holds for 30 s before and after its own, as clocks differ
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not SECURE  # browsers allow it at http://localhost only
# The processes share it, because a code that one of them took is refused by the others.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "monitor_cache",
    }
}

SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE
SESSION_COOKIE_NAME = "__Host-sessionid" if SECURE else "sessionid"
CSRF_COOKIE_NAME = "__Host-csrftoken" if SECURE else "csrftoken"
DEVICE_COOKIE_NAME = "__Host-device" if SECURE else "device"
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
# Seconds after the sign-in, and seconds without use, after which a session ends.
SESSION_COOKIE_AGE = env.read("SESSION_MAX_HOURS", "12", whole(1, 720)) * 3600  # one shift
SESSION_IDLE = env.read("SESSION_IDLE_MINUTES", "60", whole(5, 43_200)) * 60
SESSION_ENGINE = "monitor.services.session_store"
CSRF_COOKIE_HTTPONLY = True
# The language that the user of this browser has chosen. It outlives the session, so that the
# sign-in page speaks it too.
LANGUAGE_COOKIE_NAME = "__Host-language" if SECURE else "language"
LANGUAGE_COOKIE_AGE = 180 * 24 * 3600
LANGUAGE_COOKIE_SECURE = SECURE
LANGUAGE_COOKIE_HTTPONLY = True
LANGUAGE_COOKIE_SAMESITE = "Lax"
SECURE_SSL_REDIRECT = False  # TLS ends at the proxy; SignalWire follows no redirect
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if SECURE else None
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if SECURE else 0
# Off by default, because they bind every other service of the domain for a year or longer.
SECURE_HSTS_INCLUDE_SUBDOMAINS = env.read("HSTS_INCLUDE_SUBDOMAINS", "false", flag)
SECURE_HSTS_PRELOAD = env.read("HSTS_PRELOAD", "false", flag)
if SECURE_HSTS_PRELOAD and not SECURE_HSTS_INCLUDE_SUBDOMAINS:
    raise ImproperlyConfigured("HSTS_PRELOAD=true needs HSTS_INCLUDE_SUBDOMAINS=true")
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
#: The checks of SECURE_SSL_REDIRECT, and of HSTS for subdomains and for the browsers' lists: the
#: comments at these settings say why they are off.
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

#: The languages of the pages, each under its own name. monitor/locale has what they say.
LANGUAGES = [("en", "English"), ("es", "Español")]
LANGUAGE_CODE = "en"
LOCALE_PATHS = [BASE_DIR / "monitor" / "locale"]
TIME_ZONE = "UTC"
USE_TZ = True
STATIC_URL = "/static/"
STATIC_ROOT = env.read("STATIC_ROOT", str(BASE_DIR / "staticfiles"), directory)
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
            "()": "monitor.telemetry.redaction.RedactingFormatter",
            "format": "%(asctime)s %(levelname)-7s %(name)s %(message)s",
        }
    },
    "filters": {
        "client_mistakes": {"()": "monitor.telemetry.redaction.ClientMistakes"},
        "no_debug": {"()": "monitor.telemetry.redaction.NoDebug"},
    },
    "handlers": {
        "stderr": {
            "class": "logging.StreamHandler",
            "formatter": "line",
            "filters": ["client_mistakes"],
        }
    },
    "root": {"handlers": ["stderr"], "level": env.read("LOG_LEVEL", "INFO", log_level)},
    "loggers": {
        "axes": {"level": "WARNING"},
        "django.template": {"filters": ["no_debug"]},
        "uvicorn.error": {"filters": ["no_debug"]},
    },
}
