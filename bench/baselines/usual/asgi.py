"""The ASGI application."""

from __future__ import annotations

import os

from channels.routing import ProtocolTypeRouter, URLRouter
from django.core.asgi import get_asgi_application
from django.urls import path

os.environ["DJANGO_SETTINGS_MODULE"] = "bench.baselines.usual.settings"
http = get_asgi_application()

from bench.baselines.usual.consumers import ListenSocket, TapSocket  # noqa: E402  settings first

routes = [
    path("tap/<str:name>", TapSocket.as_asgi()),
    path("listen/<str:name>", ListenSocket.as_asgi()),
]
application = ProtocolTypeRouter({"http": http, "websocket": URLRouter(routes)})
