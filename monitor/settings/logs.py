"""What is logged, how, and where."""

from __future__ import annotations

from monitor.env import log_level
from monitor.settings.environment import env

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
        "authlib": {"level": "INFO"},  # at DEBUG it logs secrets of sign-ins
        "axes": {"level": "WARNING"},
        "django.template": {"filters": ["no_debug"]},
        "uvicorn.error": {"filters": ["no_debug"]},
    },
}
