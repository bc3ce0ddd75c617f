"""The HTTP routes."""

from __future__ import annotations

from django.contrib import admin
from django.contrib.auth.views import LoginView, LogoutView
from django.urls import path
from django.views.generic import RedirectView

from monitor.web import catalogue, orders, password_change, webhooks
from monitor.web.pages import call, call_words, console, errors, password, timeline, user_settings

urlpatterns = [
    path("", console.console, name="console"),
    path("calls/<int:call_id>", call.call, name="call"),
    path("calls/<int:call_id>/deck", call.deck, name="call-deck"),
    path("calls/<int:call_id>/timeline", timeline.timeline, name="timeline"),
    path("calls/<int:call_id>/words", call_words.words, name="call-words"),
    path("calls/<int:call_id>/start", orders.start, name="call-start"),
    path("calls/<int:call_id>/stop", orders.stop, name="call-stop"),
    path("calls/<int:call_id>/pause", orders.pause, name="call-pause"),
    path("calls/<int:call_id>/resume", orders.resume, name="call-resume"),
    path("taps/<uuid:tap_id>", call.tap, name="tap"),
    path(
        "login",
        LoginView.as_view(template_name="pages/login.html", redirect_authenticated_user=True),
        name="login",
    ),
    path("logout", LogoutView.as_view(), name="logout"),
    path("password", password.Password.as_view(), name=password_change.PAGE),
    path("password/changed", password.PasswordChanged.as_view(), name="password-changed"),
    path("words/<str:language>-<str:digest>.js", catalogue.script, name=catalogue.PAGE),
    path("settings", user_settings.change, name="settings"),
    path("tap/<str:token>/status", webhooks.tap_status, name="tap-status"),
    path("calls/<str:token>/events", webhooks.call_posts, {"purpose": "events"}),
    path("calls/<str:token>/summary", webhooks.call_posts, {"purpose": "summary"}),
    path("admin", RedirectView.as_view(pattern_name="admin:index")),
    path("admin/password_change/", RedirectView.as_view(pattern_name=password_change.PAGE)),
    path("admin/", admin.site.urls),
]

handler400 = errors.not_understood
