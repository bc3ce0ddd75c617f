"""The pages on which users sign in: with their password, and with their second factor."""

from __future__ import annotations

from typing import Any

from allauth.account.internal.flows.login import record_authentication
from allauth.account.utils import perform_login
from allauth.mfa.base.views import AuthenticateView
from django.conf import settings
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView
from django.http import HttpRequest, HttpResponse

from monitor.web import lockout
from monitor.web.key_forms import UseKeyForm


class SignIn(LoginView):
    """Signs in who has no second factor. Others are asked for it next."""

    template_name = "pages/login.html"
    redirect_authenticated_user = True

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(provider=settings.OIDC_NAME, **kwargs)

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        user = form.get_user()
        # Whoever has just typed the password is not asked for it again to set up a second factor.
        record_authentication(self.request, user, "password", reauthenticated=True)
        response: HttpResponse = perform_login(
            self.request, user, redirect_url=self.get_success_url()
        )
        return response


class SecondFactor(AuthenticateView):  # type: ignore[misc]  # allauth has no types
    """Asks for the second factor. What is wrong counts as a wrong password does."""

    webauthn_form_class = UseKeyForm
    template_name = "pages/second_factor_ask.html"

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        username = self.stage.login.user.get_username()
        if refusal := lockout.refusal(request, username):
            return refusal
        if not self.form.is_valid():
            lockout.count_failure(request, username)
        response: HttpResponse = super().post(request, *args, **kwargs)
        return response
