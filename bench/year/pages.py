"""Measures the lists and pages of the admin, warm and without a network."""

from __future__ import annotations

import datetime
import statistics
import time
from collections.abc import Iterator
from functools import partial
from typing import Any

from bench.year.figures import GOALS, Figure
from bench.year.questions import FILTERS, Question, of_list

TIMES = 5  # that each page is asked for, after one that warms up
PATIENCE_MS = 3_000.0  # a page that takes longer is asked for once


def measure(only: str, until: datetime.datetime) -> Iterator[Figure]:
    """Yield the figures of all lists whose path has a text in it, and of a call's page."""
    from django.contrib import admin
    from django.db import connection

    goals = GOALS[connection.vendor]
    for model, model_admin in admin.site._registry.items():
        path = f"{model._meta.app_label}/{model._meta.model_name}"
        if path not in FILTERS or only not in path:
            continue
        for question in of_list(path, model_admin, until):
            spent, context = _asked(question)
            found = context["cl"].result_count
            note = f"slowest {max(spent):,.0f}, {found:,} listed"
            yield Figure(question.name, statistics.median(spent), goals.list_ms, "ms", note=note)
            if not question.query:
                yield from _last_page(question, context["cl"], goals.list_ms)
    if only in "monitor/call":
        yield _page_of_call(goals.page_ms)


def _last_page(question: Question, changelist: Any, goal: float) -> Iterator[Figure]:
    pages = changelist.paginator.num_pages
    if pages > 1:
        last = question._replace(query={"p": str(pages)})
        yield Figure(last.name, statistics.median(_asked(last)[0]), goal, "ms")


def _page_of_call(goal: float) -> Figure:
    """Measure the page of the call that was heard most, and for which words are kept."""
    from django.db.models import Count

    from monitor.models import Call

    with_words = Call.objects.exclude(words=None).order_by("-created_at")[:200]
    heard = Call.objects.filter(pk__in=[one.pk for one in with_words])
    call = heard.annotate(n=Count("taps__listens")).order_by("-n")[0]
    spent, _ = _asked(Question("root", f"monitor/call/{call.pk}/change", {}))
    return Figure("the page of a call", statistics.median(spent), goal, "ms")


def client_of(username: str) -> Any:
    """Return a client with which a user has signed in."""
    from django.contrib.auth.models import User
    from django.test import Client

    client = Client()
    client.force_login(User.objects.get(username=username))
    return client


def _asked(question: Question) -> tuple[list[float], Any]:
    """Return the milliseconds that a page takes each time, and what it was made of."""
    get = partial(client_of(question.user).get, f"/admin/{question.path}/", question.query)
    spent: list[float] = []
    while len(spent) < TIMES + 1 and max(spent, default=0.0) < PATIENCE_MS:
        began = time.perf_counter()
        page = get()
        spent.append((time.perf_counter() - began) * 1000)
        assert page.status_code == 200, f"{question.name}: {page.status_code}"
    return spent[1:] or spent, page.context
