"""The pages that lead to the identity provider, and that users come back to from there."""

from __future__ import annotations

import functools
import logging
import re
from http import HTTPStatus
from typing import TYPE_CHECKING

from allauth.account.internal.flows.login import record_authentication
from allauth.account.utils import perform_login
from django.conf import settings
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render, resolve_url
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from monitor.adapters.identity_provider import IdentityProvider, NotProven, ProviderAway
from monitor.services import provider_accounts, refusals, second_factor
from monitor.services.provider_accounts import NotAdmitted, Why
from monitor.web import begun_sign_in
from monitor.web.begun_sign_in import BegunSignIn

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise as StrPromise

logger = logging.getLogger(__name__)

BACKEND = "django.contrib.auth.backends.ModelBackend"
ERROR = re.compile("[a-z_]{1,40}")  # a code of OAuth 2.0; whatever else is sent is not logged

AWAY = _("%(provider)s does not answer at the moment. Try again in a minute.")
NOT_BEGUN = _(
    "This sign-in was begun in another browser or window, or too long ago. Begin it again."
)
NOT_SIGNED_IN = _("%(provider)s has not signed you in.")
NOT_PROVEN = _(
    "What %(provider)s answered does not prove who you are. Try again, and tell an administrator "
    "if it happens again."
)
OTHER_ACCOUNT = _("At %(provider)s you are somebody else than here. Sign out here first.")
REASONS: dict[Why, StrPromise] = {
    Why.NO_GROUPS_CLAIM: _(
        "%(provider)s does not say which groups you are in. Tell an administrator, who must have "
        "it do so."
    ),
    Why.NO_GROUP: _(
        "At %(provider)s you are in no group that may use Earshot. Ask an administrator to add you "
        "to one."
    ),
    Why.NO_NAME: _("%(provider)s does not give you a name that an account can have."),
    Why.NAME_TAKEN: _(
        "Earshot has an account of your name that does not belong to %(provider)s. Ask an "
        "administrator to connect it, if it is yours."
    ),
    Why.PASSWORD: _("Your account here has a password. Sign in with that."),
    Why.INACTIVE: _("Your account is not active. Ask an administrator."),
}


@functools.cache
def provider() -> IdentityProvider:
    """Return the provider that the settings name."""
    return IdentityProvider(
        settings.OIDC_ISSUER,
        settings.OIDC_CLIENT_ID,
        settings.OIDC_CLIENT_SECRET,
        settings.OIDC_SCOPES,
        settings.OIDC_GROUPS_CLAIM,
    )


@require_safe
def begin(request: HttpRequest) -> HttpResponse:
    """Lead to the provider. A user who is signed in already proves who they are once more."""
    prompt = "login" if request.user.is_authenticated else settings.OIDC_PROMPT
    try:
        begun = provider().begin(_callback_url(), prompt)
    except ProviderAway as error:
        return _away(request, error)
    response = redirect(begun.url)
    BegunSignIn(begun.state, begun.nonce, begun.verifier, _next_page(request)).keep(response)
    return response


@require_safe
def callback(request: HttpRequest) -> HttpResponse:
    """Sign in whoever comes back from the provider, or say why not."""
    begun = BegunSignIn.read(request)
    if begun is None:
        # It may be the answer to an older one of two windows: the newer one's is not forgotten.
        refusals.provider_sign_in(request, "state")
        return _refused(request, NOT_BEGUN, HTTPStatus.BAD_REQUEST)
    response = _answer(request, begun)
    begun_sign_in.forget(response)
    return response


def _answer(request: HttpRequest, begun: BegunSignIn) -> HttpResponse:
    """Return the answer to somebody who comes back to the browser in which the sign-in began."""
    if "code" not in request.GET:
        error = request.GET.get("error", "")
        logger.info("the provider signed nobody in: %s", error if ERROR.fullmatch(error) else "?")
        refusals.provider_sign_in(request, "provider")
        return _refused(request, NOT_SIGNED_IN)
    try:
        person = provider().finish(
            request.GET["code"], _callback_url(), begun.nonce, begun.verifier
        )
        user = provider_accounts.admit(person)
    except ProviderAway as error:
        return _away(request, error)
    except NotProven as error:
        logger.warning("a sign-in with the provider was refused: %s", error)
        refusals.provider_sign_in(request, "proof")
        return _refused(request, NOT_PROVEN)
    except NotAdmitted as refused:
        refusals.provider_sign_in(request, refused.why, refused.user, subject=person.subject)
        return _refused(request, REASONS[refused.why])
    if request.user.is_authenticated and request.user != user:
        return _refused(request, OTHER_ACCOUNT)
    second_factor.note_provider(user, request.session, person.methods)
    user.backend = BACKEND
    record_authentication(request, user, begun_sign_in.METHOD)
    signed_in: HttpResponse = perform_login(request, user, redirect_url=begun.next_page)
    return signed_in


def _away(request: HttpRequest, error: ProviderAway) -> HttpResponse:
    logger.error("nobody can sign in with the provider, which is away: %s", error)
    return _refused(request, AWAY, HTTPStatus.SERVICE_UNAVAILABLE)


def _refused(
    request: HttpRequest, why: StrPromise, status: HTTPStatus = HTTPStatus.FORBIDDEN
) -> HttpResponse:
    told = str(why) % {"provider": settings.OIDC_NAME}
    return render(request, "pages/provider_refused.html", {"why": told}, status=status)


def _callback_url() -> str:
    """Return the address that the provider knows as ours, whatever host a request names."""
    return settings.PUBLIC_URL + reverse(begun_sign_in.CALLBACK)


def _next_page(request: HttpRequest) -> str:
    """Return the page of ours that the user came for."""
    wanted = request.GET.get(REDIRECT_FIELD_NAME, "")
    is_ours = url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return wanted if is_ours else resolve_url(settings.LOGIN_REDIRECT_URL)
