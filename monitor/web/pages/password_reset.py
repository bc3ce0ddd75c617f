"""The pages on which users who have forgotten their password choose another one.

A link comes by e-mail. What the page answers does not tell whether there is such an account, and
the link signs nobody in: a second factor and the lock-out hold as before.
"""

from __future__ import annotations

import hashlib
import logging
import time
from threading import Thread
from typing import Any

from django.conf import settings
from django.contrib.auth.forms import PasswordResetForm
from django.contrib.auth.views import (
    PasswordResetConfirmView,
    PasswordResetDoneView,
    PasswordResetView,
)
from django.core.cache import cache
from django.core.mail import EmailMessage
from django.http import HttpResponse
from django.template.loader import render_to_string
from django.urls import reverse_lazy
from django.utils.translation import gettext as _

from monitor.services import passwords
from monitor.wire.client_address import UNKNOWN

logger = logging.getLogger(__name__)

HOUR = 3600  # seconds
#: How often in an hour a link is asked for at one address, and sent to one account.
OF_ONE_CLIENT, TO_ONE_ACCOUNT = 20, 3
PUBLIC = {
    "protocol": settings.PUBLIC_URL.partition("://")[0],
    "domain": settings.PUBLIC_URL.partition("://")[2],
}


class LinkForm(PasswordResetForm):
    """Sends the link to the accounts that have an e-mail address, a few times in an hour."""

    def get_users(self, email: str) -> Any:
        return [one for one in super().get_users(email) if is_within(TO_ONE_ACCOUNT, str(one.pk))]

    def send_mail(
        self,
        subject_template_name: str,
        email_template_name: str,
        context: dict[str, Any],
        from_email: str | None,
        to_email: str,
        html_email_template_name: str | None = None,
    ) -> None:
        """Send from a thread: how long the answer takes must not tell whether there is a user."""
        subject = render_to_string(subject_template_name, context).strip()
        text = render_to_string(email_template_name, context)
        Thread(target=_send, args=(EmailMessage(subject, text, to=[to_email]),)).start()


class PasswordReset(PasswordResetView):
    """Asks for the e-mail address of an account."""

    form_class = LinkForm
    template_name = "pages/password_reset.html"
    subject_template_name = "mail/password_reset_subject.txt"
    email_template_name = "mail/password_reset.txt"
    success_url = reverse_lazy("password-reset-sent")
    # A link must not lead to whatever host the request names.
    extra_email_context = PUBLIC

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(can_send=bool(settings.EMAIL_URL), **kwargs)

    def form_valid(self, form: PasswordResetForm) -> HttpResponse:
        client = self.request.META.get("REMOTE_ADDR") or UNKNOWN
        if settings.EMAIL_URL and is_within(OF_ONE_CLIENT, client):
            return super().form_valid(form)
        if settings.EMAIL_URL:
            form.add_error("email", _("Too many links were asked for from here. Wait an hour."))
        return self.form_invalid(form)


class PasswordResetSent(PasswordResetDoneView):
    """Says that a link is on its way if there is such an account."""

    template_name = "pages/password_reset_sent.html"


class ChoosePassword(PasswordResetConfirmView):
    """Takes the new password of whoever has the link, and ends all sessions of the user."""

    template_name = "pages/password_choose.html"
    success_url = reverse_lazy("login")

    def form_valid(self, form: Any) -> HttpResponse:
        response = super().form_valid(form)
        passwords.mark_chosen(self.user)
        return response


def is_within(most: int, name: str) -> bool:
    """Count something, and return whether it happened at most so often in this hour."""
    digest = hashlib.sha256(name.encode()).hexdigest()
    key = f"password-reset:{digest}:{int(time.time() // HOUR)}"
    before = cache.get(key, 0)
    cache.set(key, before + 1, HOUR)
    return bool(before < most)


def _send(message: EmailMessage) -> None:
    try:
        message.send()
    except Exception as error:
        # The text of the error may have the address of the user.
        logger.error("a link for a new password was not sent: %s", type(error).__name__)
