"""Which installation this is: its secrets, its addresses, and who may reach it."""

from __future__ import annotations

from django.core.exceptions import ImproperlyConfigured

from monitor.env import flag, items, whole
from monitor.env_addresses import host_of, hosts, networks, origin, origins, trusted_proxies
from monitor.settings.environment import env

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

# Who may read /healthz, /readyz and /metrics: this machine, and private networks (RFC 1918 and
# RFC 4193).
PRIVATE_NETWORKS = "127.0.0.0/8,::1,10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,fc00::/7"
PROBE_NETWORKS = env.read("PROBE_NETWORKS", PRIVATE_NETWORKS, networks)

# Seconds between SIGTERM and a worker's stop, in which others take over its clients.
DRAIN_SECONDS = env.read("DRAIN_SECONDS", "0", whole(0, 3600))
# Milliseconds within which pages connect again that have lost their worker.
COME_BACK_MS = env.read("COME_BACK_MS", "500", whole(0, 60_000))
