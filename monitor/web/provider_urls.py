"""The routes of the identity provider with which users sign in. They are there only if it is."""

from __future__ import annotations

from django.urls import path

from monitor.web import begun_sign_in
from monitor.web.pages import provider

urlpatterns = [
    path("login/provider", provider.begin, name=begun_sign_in.PAGE),
    path("login/provider/callback", provider.callback, name=begun_sign_in.CALLBACK),
]
