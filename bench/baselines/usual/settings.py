"""The least that Channels with a Redis layer needs."""

from __future__ import annotations

import os

SECRET_KEY = "only-for-the-benchmark"
ALLOWED_HOSTS = ["127.0.0.1"]
INSTALLED_APPS = ["channels"]
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "channels_redis.core.RedisChannelLayer",
        # Without a timeout, because redis-py 8 abandons a read after 5 s. channels_redis blocks for
        # just as long when no message comes, and every idle consumer would fail.
        "CONFIG": {"hosts": [{"address": os.environ["REDIS_URL"], "socket_timeout": None}]},
    }
}
USE_TZ = True
