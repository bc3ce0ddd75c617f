"""The ASGI application."""

from __future__ import annotations

import os

from channels.routing import ProtocolTypeRouter, URLRouter
from django.core.asgi import get_asgi_application
from django.urls import path

os.environ["DJANGO_SETTINGS_MODULE"] = "bench.baselines.usual.settings"
http = get_asgi_application()

from .consumers import ListenConsumer, TapConsumer  # noqa: E402  settings first

routes = [
    path("tap/<str:name>", TapConsumer.as_asgi()),
    path("listen/<str:name>", ListenConsumer.as_asgi()),
]
application = ProtocolTypeRouter({"http": http, "websocket": URLRouter(routes)})
