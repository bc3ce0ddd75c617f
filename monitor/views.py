"""The pages."""

from __future__ import annotations

import uuid
from http import HTTPStatus
from typing import Any

from django.contrib.auth.decorators import login_required
from django.contrib.auth.forms import PasswordChangeForm
from django.contrib.auth.views import PasswordChangeDoneView, PasswordChangeView
from django.core.exceptions import BadRequest, PermissionDenied, ValidationError
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from django.views.defaults import bad_request
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from . import metrics, packets, passwords, staticfiles, taps
from .live import bus
from .models import Tap


@require_safe
@never_cache
@login_required
def console(request: HttpRequest) -> HttpResponse:
    """The live list; the page fills itself over /console."""
    can_listen = request.user.has_perm("monitor.listen_tap")
    context = {"can_listen": can_listen, "build": staticfiles.build()}
    return render(request, "console.html", context)


@require_safe
@never_cache
@login_required
def tap(request: HttpRequest, tap_id: uuid.UUID) -> HttpResponse:
    """One tap: its facts, its timeline, who listened, and a deck while it lives."""
    if not taps.may_watch(request.user):
        raise PermissionDenied("You may not see taps.")
    row = get_object_or_404(Tap.objects.select_related("call"), pk=tap_id)
    may_audit = request.user.has_perm("monitor.view_listensession")
    context = {
        "build": staticfiles.build(),
        "tap": row,
        "events": row.events.all(),
        "sessions": row.listens.all() if may_audit else None,
        "can_listen": taps.may_listen(request.user, row),
        "packets": packets.table(row.rtp) if row.transport == "rtp" else [],
    }
    return render(request, "tap.html", context)


@require_safe
@never_cache
def metrics_page(request: HttpRequest) -> HttpResponse:
    """What Prometheus reads, of every worker; 503 while Redis is away."""
    try:
        with bus.fresh_client() as client:
            collector = metrics.Collector(
                client.hgetall(metrics.TOTALS), client.hgetall(metrics.GAUGES)
            )
    except bus.Unavailable:
        return HttpResponse("Redis gives no answer\n", "text/plain", HTTPStatus.SERVICE_UNAVAILABLE)
    registry = CollectorRegistry()
    registry.register(collector)
    return HttpResponse(generate_latest(registry), CONTENT_TYPE_LATEST)


@require_safe
@never_cache
def healthz(request: HttpRequest) -> JsonResponse:
    """200 while the database answers and Redis takes writes; 503 says which does not, and why."""
    trouble = {}
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        trouble["database"] = "no answer"
    if said := bus.trouble():
        trouble["redis"] = said
    status = HTTPStatus.SERVICE_UNAVAILABLE if trouble else HTTPStatus.OK
    return JsonResponse({"ok": not trouble, **trouble}, status=status)


class NewPasswordForm(PasswordChangeForm):
    """Takes any good password but the one that the user has."""

    def clean_new_password1(self) -> str:
        new: str = self.cleaned_data["new_password1"]
        if self.user.check_password(new):
            raise ValidationError("This is the password that you have now. Choose another one.")
        return new


class Password(PasswordChangeView):
    """A user changes their own password, which ends their other sessions."""

    form_class = NewPasswordForm
    template_name = "password.html"
    success_url = reverse_lazy("password-changed")

    def form_valid(self, form: PasswordChangeForm) -> HttpResponse:
        response = super().form_valid(form)
        passwords.chosen(self.request)
        return response

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        required = passwords.must_change(self.request.session)
        return super().get_context_data(required=required, **kwargs)


class PasswordChanged(PasswordChangeDoneView):
    """Tells a user that their new password is in force."""

    template_name = "password_changed.html"


def not_understood(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Tell what was wrong with an address of ours. Of an attack, such as an unknown Host header,
    Django's bare page tells nothing."""
    if not isinstance(exception, BadRequest):
        return bad_request(request, exception)
    return render(request, "400.html", {"why": str(exception)}, status=HTTPStatus.BAD_REQUEST)
