"""In which language a page speaks.

A user's own setting is the first choice, and the browser's ``Accept-Language`` the last. The
setting is kept in a cookie of the browser too, from the sign-in on, so that no request reads it
from the database, and the sign-in page can follow it.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth.signals import user_logged_in
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.locale import LocaleMiddleware
from django.utils.cache import patch_vary_headers

from monitor.services import user_settings

CHOSEN = "earshot.language"  # the key in the request's META


def choose(request: HttpRequest, language: str) -> None:
    """Have the response to this request keep a language in the browser; "" forgets it."""
    request.META[CHOSEN] = language


def connect() -> None:
    """Register the choice of the user's own language, whichever page they sign in on."""
    user_logged_in.connect(_on_sign_in, dispatch_uid=__name__)


def _on_sign_in(sender: object, request: HttpRequest, user: Any, **kwargs: object) -> None:
    choose(request, user_settings.settings_of(user)["language"])


class LanguageMiddleware(LocaleMiddleware):
    """Django's choice by cookie and ``Accept-Language``, and the cookie itself."""

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        super().process_response(request, response)
        if not response.has_header("Cache-Control"):
            patch_vary_headers(response, ("Cookie",))  # which may name the language
        chosen = request.META.get(CHOSEN)
        if chosen:
            response.set_cookie(
                settings.LANGUAGE_COOKIE_NAME,
                chosen,
                max_age=settings.LANGUAGE_COOKIE_AGE,
                secure=settings.LANGUAGE_COOKIE_SECURE,
                httponly=settings.LANGUAGE_COOKIE_HTTPONLY,
                samesite="Lax",
            )
        elif chosen is not None:
            response.delete_cookie(settings.LANGUAGE_COOKIE_NAME, samesite="Lax")
        return response
