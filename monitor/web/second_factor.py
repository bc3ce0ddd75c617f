"""The second factor of a sign-in: the rules for django-allauth, and who must set one up first.

Users who must have a second factor and have none yet can open no page but those on which they set
one up, and no socket (``monitor.web.sockets.base``).
"""

from __future__ import annotations

import base64
import secrets
import time
from typing import Any

from allauth.account import app_settings
from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.flows.login import get_authentication_records
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.deprecation import MiddlewareMixin
from django.utils.translation import gettext_lazy as _

from monitor.services import provider_accounts, second_factor
from monitor.services.sealing import seal, unseal
from monitor.web import begun_sign_in, password_change

PAGE = "mfa_index"  # the URL's name; django-allauth has given these names
#: Pages that open without a second factor.
ALLOWED = {
    PAGE,
    "mfa_activate_totp",
    "mfa_add_webauthn",
    "account_reauthenticate",
    begun_sign_in.PAGE,
    begun_sign_in.CALLBACK,
    "password-changed",
    *password_change.ALLOWED,
}


class Accounts(DefaultAccountAdapter):  # type: ignore[misc]  # allauth has no types
    """Lets django-allauth sign in the users that there are, and do nothing else."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def get_login_stages(self) -> list[str]:
        return ["allauth.mfa.stages.AuthenticateStage"]

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        """Return whether a user must prove who they are before second factors are changed: not
        those who have just done so at the identity provider, because they have no password."""
        required: bool = super().is_reauthentication_required(app=app, **kwargs)
        return required and not _has_just_come_from_provider(self.request)

    def get_reauthentication_methods(self, user: Any) -> list[dict[str, Any]]:
        """Return how a user proves it: with the password, or else at the provider."""
        if user.is_authenticated and provider_accounts.identity_of(user):
            return [{"id": begun_sign_in.METHOD, "url": reverse(begun_sign_in.PAGE)}]
        methods: list[dict[str, Any]] = super().get_reauthentication_methods(user)
        return methods

    def add_message(self, *args: Any, **kwargs: Any) -> None:
        """Add none: our pages show no messages, so they would pile up until the admin is opened."""


class Factors(DefaultMFAAdapter):  # type: ignore[misc]  # as above
    """Seals the secrets of second factors, and names us and the user to apps and keys."""

    error_messages = {
        **DefaultMFAAdapter.error_messages,
        "incorrect_code": _("This code or key is not the right one. Try again."),
        "cannot_delete_authenticator": _(
            "Your account must have a second factor. Add another one before you remove this one."
        ),
    }

    def encrypt(self, text: str) -> str:
        return seal(text)

    def decrypt(self, encrypted_text: str) -> str:
        """Return the secret; one that nobody has if SECRET_KEY no longer opens it."""
        lost = base64.b32encode(secrets.token_bytes(20)).decode()
        return unseal(encrypted_text) or lost

    def can_delete_authenticator(self, authenticator: Authenticator) -> bool:
        return second_factor.may_remove(authenticator)

    def get_totp_label(self, user: Any) -> str:
        return str(user.get_username())

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        return {**super().get_public_key_credential_rp_entity(), "name": "Earshot"}


class SecondFactorRequired(MiddlewareMixin):
    """Redirects users who must set up a second factor to the page for it."""

    def process_view(
        self, request: HttpRequest, view: Any, args: Any, kwargs: Any
    ) -> HttpResponse | None:
        match = request.resolver_match
        is_allowed = match is None or match.url_name in ALLOWED
        if is_allowed or not second_factor.is_missing(request.user, request.session):
            return None
        return redirect(PAGE)


def _has_just_come_from_provider(request: HttpRequest) -> bool:
    records = get_authentication_records(request, request.user)
    times = [one["at"] for one in records if one["method"] == begun_sign_in.METHOD]
    return bool(times) and time.time() - times[-1] < app_settings.REAUTHENTICATION_TIMEOUT
