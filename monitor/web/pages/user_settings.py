"""The settings of the user who looks at a page: handed to the templates, and changed by scripts."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from monitor.services import user_settings
from monitor.services.user_settings import MAX_BYTES, BadSetting
from monitor.web import language

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise as StrPromise


@dataclass(frozen=True, slots=True)
class Theme:
    """A choice of colours, as the templates need it."""

    value: str
    label: StrPromise
    media: str  # when the dark colours hold
    schemes: str  # that the browser may use for what it draws itself


THEMES = (
    Theme("system", gettext_lazy("As the system"), "(prefers-color-scheme: dark)", "light dark"),
    Theme("light", gettext_lazy("Light"), "not all", "light"),
    Theme("dark", gettext_lazy("Dark"), "all", "dark"),
)


class PageSettings:
    """A user's settings, read when a template asks for them: most of the admin does not."""

    def __init__(self, request: HttpRequest) -> None:
        self._request = request

    @cached_property
    def values(self) -> dict[str, Any]:
        # A request that is refused before anybody is signed in, by its host name, has no user.
        return user_settings.settings_of(getattr(self._request, "user", AnonymousUser()))

    themes = THEMES
    languages = settings.LANGUAGES

    @property
    def theme(self) -> Theme:
        return next(theme for theme in THEMES if theme.value == self.values["theme"])

    @property
    def json(self) -> str:
        return json.dumps(self.values)


def for_templates(request: HttpRequest) -> dict[str, PageSettings]:
    """Return what every template finds in its context."""
    return {"user_settings": PageSettings(request)}


@require_POST
def change(request: HttpRequest) -> HttpResponse:
    """Take a JSON object of changed settings, and answer 204, or 400 or 403 with the reason."""
    if not request.user.is_authenticated:
        return _refusal(HTTPStatus.FORBIDDEN, _("You are signed out. Sign in to keep settings."))
    try:
        changes = _read(request.body)
        user_settings.change(request.user, changes)
    except BadSetting as error:
        return _refusal(HTTPStatus.BAD_REQUEST, str(error))
    if "language" in changes:
        language.choose(request, changes["language"])
    return HttpResponse(status=HTTPStatus.NO_CONTENT)


def _read(body: bytes) -> dict[str, Any]:
    if len(body) > MAX_BYTES:
        raise BadSetting(
            _("The body has %(n)s bytes. At most %(most)s are taken.")
            % {"n": len(body), "most": MAX_BYTES}
        )
    try:
        changes = json.loads(body)
    except (ValueError, RecursionError):
        raise BadSetting(_('The body is not JSON. It must be an object: {"volume": 0.5}')) from None
    if not isinstance(changes, dict):
        raise BadSetting(_('The body must be a JSON object: {"volume": 0.5}'))
    return changes


def _refusal(status: HTTPStatus, why: str) -> HttpResponse:
    return HttpResponse(f"{why}\n", "text/plain; charset=utf-8", status)
