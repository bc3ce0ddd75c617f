"""What browsers are told to do: cookies, sessions, HTTPS and what pages may load."""

from __future__ import annotations

from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from monitor.env import flag, whole
from monitor.settings.environment import env
from monitor.settings.site import PUBLIC_URL, SECURE

SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE
SESSION_COOKIE_NAME = "__Host-sessionid" if SECURE else "sessionid"
CSRF_COOKIE_NAME = "__Host-csrftoken" if SECURE else "csrftoken"
DEVICE_COOKIE_NAME = "__Host-device" if SECURE else "device"
OIDC_COOKIE_NAME = "__Host-oidc" if SECURE else "oidc"
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
