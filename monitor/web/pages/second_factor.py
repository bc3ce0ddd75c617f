"""The pages on which users set up and remove their second factors."""

from __future__ import annotations

from typing import Any

from allauth.account.views import ReauthenticateView
from allauth.mfa.base.views import IndexView
from allauth.mfa.recovery_codes.views import GenerateRecoveryCodesView, ViewRecoveryCodesView
from allauth.mfa.totp.views import ActivateTOTPView, DeactivateTOTPView
from allauth.mfa.webauthn.views import AddWebAuthnView, RemoveWebAuthnView
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.urls import reverse_lazy

from monitor.services import second_factor
from monitor.web.key_forms import AddKeyForm


class SecondFactors(IndexView):  # type: ignore[misc]  # allauth has no types
    """Lists a user's second factors, and says whether one must be set up first."""

    template_name = "pages/second_factors.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        required = second_factor.is_missing(self.request.user, self.request.session)
        context: dict[str, Any] = super().get_context_data(required=required, **kwargs)
        return context


class AddApp(ActivateTOTPView):  # type: ignore[misc]  # as above
    """Sets up an authenticator app, whose first code must be typed."""

    template_name = "pages/second_factor_app.html"


class RemoveApp(DeactivateTOTPView):  # type: ignore[misc]  # as above
    """Removes the authenticator app."""

    template_name = "pages/second_factor_remove.html"


class AddKey(AddWebAuthnView):  # type: ignore[misc]  # as above
    """Sets up a security key, which the browser asks for."""

    form_class = AddKeyForm
    template_name = "pages/second_factor_key.html"


class RemoveKey(RemoveWebAuthnView):  # type: ignore[misc]  # as above
    """Removes a security key."""

    template_name = "pages/second_factor_remove.html"
    success_url = reverse_lazy("mfa_index")

    def form_valid(self, form: Any) -> HttpResponse:
        if not second_factor.may_remove(self.object):
            raise PermissionDenied
        response: HttpResponse = super().form_valid(form)
        return response


class RecoveryCodes(ViewRecoveryCodesView):  # type: ignore[misc]  # as above
    """Shows new recovery codes, once."""

    template_name = "pages/recovery_codes.html"


class NewRecoveryCodes(GenerateRecoveryCodesView):  # type: ignore[misc]  # as above
    """Replaces the recovery codes by new ones."""

    template_name = "pages/recovery_codes_new.html"


class ConfirmPassword(ReauthenticateView):  # type: ignore[misc]  # as above
    """Asks for the password again before second factors are changed."""

    template_name = "pages/confirm_password.html"
