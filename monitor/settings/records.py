"""Where records are kept, and for how long: database, cache, keys of records, retention."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ImproperlyConfigured

from monitor.env import database, encryption_keys, whole
from monitor.env_retention import FOREVER, Retention, days
from monitor.settings.environment import VAR_DIR, env

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

# The processes share it, because a code that one of them took is refused by the others.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "monitor_cache",
    }
}

# The key of the listening ledger's MACs. Without it one is made of SECRET_KEY.
LEDGER_KEY = env.secret("LEDGER_KEY", str)

# The keys of numbers and words in the database, newest first: the first one encrypts, all decrypt.
# Without any, they are stored in clear.
ENCRYPTION_KEYS = env.secret("ENCRYPTION_KEYS", encryption_keys)

# For how many days records of each kind are kept. manage.py prune deletes what is older.
_calls = env.read("KEEP_CALLS_DAYS", "90", days)
try:
    RETENTION = Retention(
        calls=_calls,
        words=env.read("KEEP_WORDS_DAYS", f"{min(30, _calls)}", days),
        listens=env.read("KEEP_LISTENS_DAYS", FOREVER, days),
        sign_ins=env.read("KEEP_SIGN_INS_DAYS", "90", days),
        admin_log=env.read("KEEP_ADMIN_LOG_DAYS", FOREVER, days),
    )
except ValueError as error:
    raise ImproperlyConfigured(f"KEEP_…_DAYS: {error}") from None
