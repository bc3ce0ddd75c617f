"""The HTTP routes."""

from __future__ import annotations

from django.contrib import admin
from django.contrib.auth.views import LoginView, LogoutView
from django.urls import path
from django.views.generic import RedirectView

from . import views, webhooks

urlpatterns = [
    path("", views.console, name="console"),
    path("taps/<uuid:tap_id>", views.tap, name="tap"),
    path(
        "login",
        LoginView.as_view(template_name="login.html", redirect_authenticated_user=True),
        name="login",
    ),
    path("logout", LogoutView.as_view(), name="logout"),
    path("tap/<str:token>/status", webhooks.tap_status, name="tap-status"),
    path("admin", RedirectView.as_view(pattern_name="admin:index")),
    path("admin/", admin.site.urls),
]
