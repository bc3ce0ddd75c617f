"""The page for an address that Earshot cannot use."""

from __future__ import annotations

from http import HTTPStatus

from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.defaults import bad_request


def not_understood(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Say what is wrong with the address of one of our pages.

    An attack, such as an unknown Host header, gets Django's bare page, which explains nothing.
    """
    if not isinstance(exception, BadRequest):
        return bad_request(request, exception)
    return render(request, "400.html", {"why": str(exception)}, status=HTTPStatus.BAD_REQUEST)
