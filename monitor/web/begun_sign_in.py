"""What a browser keeps while its user signs in with the identity provider.

A signed cookie, and no session, because strangers could otherwise fill the table of sessions. It
holds for one sign-in: the provider's answer must come back to the browser that asked for it.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Self

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponseBase
from django.utils.crypto import constant_time_compare

PAGE, CALLBACK = "provider", "provider-callback"  # the names of the URLs
METHOD = "provider"  # of a sign-in, as django-allauth records it
SALT = "monitor.web.begun_sign_in"
MAX_AGE = 15 * 60  # seconds; long enough to find the telephone with the second factor


@dataclass(frozen=True, slots=True)
class BegunSignIn:
    """A sign-in that waits for the provider's answer, and the page that is opened then."""

    state: str
    nonce: str
    verifier: str
    next_page: str

    @classmethod
    def read(cls, request: HttpRequest) -> Self | None:
        """Return the sign-in that a request answers; None if this browser has begun none."""
        cookie = request.COOKIES.get(settings.OIDC_COOKIE_NAME, "")
        try:
            begun = cls(*signing.loads(cookie, salt=SALT, max_age=MAX_AGE))
        except signing.BadSignature:
            return None
        is_answered = constant_time_compare(begun.state, request.GET.get("state", ""))
        return begun if is_answered else None

    def keep(self, response: HttpResponseBase) -> None:
        """Have the browser keep it."""
        response.set_cookie(
            settings.OIDC_COOKIE_NAME,
            signing.dumps(dataclasses.astuple(self), salt=SALT),
            max_age=MAX_AGE,
            secure=settings.SECURE,
            httponly=True,
            samesite="Lax",  # the provider leads back by a link
        )


def forget(response: HttpResponseBase) -> None:
    """Have the browser forget the sign-in: an answer holds once."""
    response.delete_cookie(settings.OIDC_COOKIE_NAME, samesite="Lax")
