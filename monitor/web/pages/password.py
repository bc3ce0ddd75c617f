"""The pages on which users change their own passwords."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth.forms import PasswordChangeForm
from django.contrib.auth.views import PasswordChangeDoneView, PasswordChangeView
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.urls import reverse_lazy
from django.utils.translation import gettext as _

from monitor.services import provider_accounts
from monitor.web.password_change import mark_chosen, must_change


class NewPasswordForm(PasswordChangeForm):
    """Accepts any good password except the present one."""

    def clean_new_password1(self) -> str:
        new: str = self.cleaned_data["new_password1"]
        if self.user.check_password(new):
            raise ValidationError(_("This is your present password. Choose another one."))
        return new


class Password(PasswordChangeView):
    """Lets a user change their own password, which ends their other sessions."""

    form_class = NewPasswordForm
    template_name = "pages/password.html"
    success_url = reverse_lazy("password-changed")

    def form_valid(self, form: PasswordChangeForm) -> HttpResponse:
        response = super().form_valid(form)
        mark_chosen(self.request)
        return response

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        required = must_change(self.request.session)
        is_providers = provider_accounts.identity_of(self.request.user) is not None
        provider = settings.OIDC_NAME if is_providers else ""
        return super().get_context_data(required=required, provider=provider, **kwargs)


class PasswordChanged(PasswordChangeDoneView):
    """Confirms to a user that the new password is in force."""

    template_name = "pages/password_changed.html"
