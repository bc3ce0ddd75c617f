"""The HTTP routes."""

from __future__ import annotations

from django.contrib import admin
from django.contrib.auth.views import LoginView, LogoutView
from django.urls import path
from django.views.generic import RedirectView

from . import passwords, views, webhooks

urlpatterns = [
    path("", views.console, name="console"),
    path("taps/<uuid:tap_id>", views.tap, name="tap"),
    path(
        "login",
        LoginView.as_view(template_name="login.html", redirect_authenticated_user=True),
        name="login",
    ),
    path("logout", LogoutView.as_view(), name="logout"),
    path("password", views.Password.as_view(), name=passwords.PAGE),
    path("password/changed", views.PasswordChanged.as_view(), name="password-changed"),
    path("tap/<str:token>/status", webhooks.tap_status, name="tap-status"),
    path("admin", RedirectView.as_view(pattern_name="admin:index")),
    path("admin/password_change/", RedirectView.as_view(pattern_name=passwords.PAGE)),
    path("admin/", admin.site.urls),
]

handler400 = views.not_understood
