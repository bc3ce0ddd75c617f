"""The words of the scripts in another language than English, as a script that pages load first.

Its address has a digest of what it says, so browsers keep it for a year. An English page loads
none, because the scripts have their English words themselves.
"""

from __future__ import annotations

import functools
import hashlib
from typing import cast

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import translation
from django.views.decorators.http import require_safe
from django.views.i18n import JavaScriptCatalog

PAGE = "catalogue"  # the URL's name
KEPT = "public, max-age=31536000, immutable"


@functools.cache
def words(language: str) -> bytes:
    """Return the script, which is the same for everybody."""
    request = HttpRequest()
    request.method = "GET"
    with translation.override(language):
        response = JavaScriptCatalog.as_view(packages=["monitor"])(request)
    return cast("HttpResponse", response).content


@functools.cache
def address(language: str) -> str:
    """Return where the script is, or "" if the language needs none."""
    if language == settings.LANGUAGE_CODE:
        return ""
    digest = hashlib.sha256(words(language)).hexdigest()[:16]
    return reverse(PAGE, args=[language, digest])


def for_templates(request: HttpRequest) -> dict[str, str]:
    """Return what every template finds in its context."""
    language = translation.get_language() or settings.LANGUAGE_CODE
    return {"catalogue_url": address(language)}


@require_safe
def script(request: HttpRequest, language: str, digest: str) -> HttpResponse:
    """Send the script. The address of an older release gets today's words, and no right to keep
    them."""
    if language not in dict(settings.LANGUAGES):
        raise Http404("no such language")
    is_newest = request.path == address(language)
    headers = {
        "Cache-Control": KEPT if is_newest else "no-cache",
        "Content-Language": language,  # whatever the browser asks for
    }
    return HttpResponse(words(language), "text/javascript; charset=utf-8", headers=headers)
