"""The HTTP routes."""

from __future__ import annotations

from django.conf import settings
from django.contrib import admin
from django.contrib.auth.views import LogoutView
from django.urls import URLPattern, URLResolver, include, path
from django.views.generic import RedirectView

from monitor.web import catalogue, orders, password_change, webhooks
from monitor.web.pages import (
    call,
    call_words,
    console,
    errors,
    listened,
    password,
    password_reset,
    second_factor,
    sign_in,
    timeline,
    user_settings,
)

urlpatterns: list[URLPattern | URLResolver] = [
    path("", console.console, name="console"),
    path("calls/<int:call_id>", call.call, name="call"),
    path("calls/<int:call_id>/deck", call.deck, name="call-deck"),
    path("calls/<int:call_id>/timeline", timeline.timeline, name="timeline"),
    path("calls/<int:call_id>/words", call_words.words, name="call-words"),
    path("calls/<int:call_id>/start", orders.start, name="call-start"),
    path("calls/<int:call_id>/stop", orders.stop, name="call-stop"),
    path("calls/<int:call_id>/pause", orders.pause, name="call-pause"),
    path("calls/<int:call_id>/resume", orders.resume, name="call-resume"),
    path("calls/<int:call_id>/reason", orders.reason, name="call-reason"),
    path("taps/<uuid:tap_id>", call.tap, name="tap"),
    path("login", sign_in.SignIn.as_view(), name="login"),
    path("login", sign_in.SignIn.as_view(), name="account_login"),  # for django-allauth
    path("login/second-factor", sign_in.SecondFactor.as_view(), name="mfa_authenticate"),
    path("logout", LogoutView.as_view(), name="logout"),
    path("password", password.Password.as_view(), name=password_change.PAGE),
    path("password/changed", password.PasswordChanged.as_view(), name="password-changed"),
    path("password/reset", password_reset.PasswordReset.as_view(), name="password-reset"),
    path(
        "password/reset/sent",
        password_reset.PasswordResetSent.as_view(),
        name="password-reset-sent",
    ),
    path(
        "password/choose/<uidb64>/<token>",
        password_reset.ChoosePassword.as_view(),
        name="password-choose",
    ),
    path(
        "password/confirm", second_factor.ConfirmPassword.as_view(), name="account_reauthenticate"
    ),
    path("second-factor", second_factor.SecondFactors.as_view(), name="mfa_index"),
    path("second-factor/app", second_factor.AddApp.as_view(), name="mfa_activate_totp"),
    path("second-factor/app/remove", second_factor.RemoveApp.as_view(), name="mfa_deactivate_totp"),
    path("second-factor/key", second_factor.AddKey.as_view(), name="mfa_add_webauthn"),
    path(
        "second-factor/key/<int:pk>/remove",
        second_factor.RemoveKey.as_view(),
        name="mfa_remove_webauthn",
    ),
    path(
        "second-factor/codes", second_factor.RecoveryCodes.as_view(), name="mfa_view_recovery_codes"
    ),
    path(
        "second-factor/codes/new",
        second_factor.NewRecoveryCodes.as_view(),
        name="mfa_generate_recovery_codes",
    ),
    path("words/<str:language>-<str:digest>.js", catalogue.script, name=catalogue.PAGE),
    path("listened", listened.listened, name="listened"),
    path("settings", user_settings.change, name="settings"),
    path("tap/<str:token>/status", webhooks.tap_status, name="tap-status"),
    path("calls/<str:token>/events", webhooks.call_posts, {"purpose": "events"}),
    path("calls/<str:token>/summary", webhooks.call_posts, {"purpose": "summary"}),
    path("admin", RedirectView.as_view(pattern_name="admin:index")),
    path("admin/password_change/", RedirectView.as_view(pattern_name=password_change.PAGE)),
    path("admin/", admin.site.urls),
]

if settings.OIDC_ISSUER:
    urlpatterns.append(path("", include("monitor.web.provider_urls")))

handler400 = errors.not_understood
