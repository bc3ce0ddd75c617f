"""A list in the admin answers only the filters and orders that it offers itself."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import pytest
from django.contrib import admin
from django.db import DatabaseError, connection
from django.test import Client

from monitor.models import Tap
from monitor.services.taps import OpenedTap

TAPS = "/admin/monitor/tap/"
LISTS = [
    f"/admin/{model._meta.app_label}/{model._meta.model_name}/" for model in admin.site._registry
]


@pytest.fixture(autouse=True)
def _one_tap(opened: OpenedTap) -> None:
    """Give the lists a row, because without any they would not evaluate the filters."""


@pytest.mark.parametrize("path", LISTS)
class TestEveryList:
    def test_it_answers_without_a_question(self, as_root: Client, path: str) -> None:
        assert as_root.get(path).status_code == HTTPStatus.OK

    @pytest.mark.parametrize(
        "query",
        [
            r"pk__regex=^(\w%2B)%2Bz$",
            "id__gt=0",
            "pk__in=1,2",
            "_to_field=nothing",
            "q=" + "word+" * 900,
            "nothing=1",
        ],
    )
    def test_it_refuses_what_it_does_not_offer(
        self, as_root: Client, path: str, query: str
    ) -> None:
        assert as_root.get(f"{path}?{query}").status_code == HTTPStatus.BAD_REQUEST


@pytest.mark.parametrize(
    "query",
    [
        r"control_id__regex=^earshot-(\w%2B)%2Bz$",
        r"control_id__iregex=x",
        "call__caller__startswith=%2B1",
        "listens__user__password__startswith=a",
        "requested_at__year=99999999999",
        "requested_at__year=soon",
        "requested_at__month=5",
        "requested_at__gte=soon",
        "_to_field=control_id",
    ],
)
def test_a_question_that_no_filter_asks_is_refused(as_root: Client, query: str) -> None:
    assert as_root.get(f"{TAPS}?{query}").status_code == HTTPStatus.BAD_REQUEST


def test_the_page_says_what_is_refused(as_root: Client) -> None:
    html = as_root.get(f"{TAPS}?control_id__regex=x").content.decode()
    assert "The address has a filter that this list does not offer." in html
    html = as_root.get(f"{TAPS}?q={'x' * 201}").content.decode()
    assert "A search has at most 200 characters." in html


def test_a_request_under_an_unknown_host_is_told_nothing(db: Any) -> None:
    answer = Client(headers={"Host": "evil.example"}).get("/login")
    assert answer.status_code == HTTPStatus.BAD_REQUEST
    assert "evil.example" not in answer.content.decode()


@pytest.mark.parametrize("query", ["state__exact=%00", "agent=%00", "q=%00"])
def test_a_nul_character_is_refused(as_root: Client, query: str) -> None:
    assert as_root.get(f"{TAPS}?{query}").status_code == HTTPStatus.BAD_REQUEST


@pytest.mark.parametrize(
    "query",
    [
        "state__exact=requested&direction__exact=both&codec=PCMU&transport=ws&agent=receptionist",
        "requested_at__gte=2020-01-01+00:00:00%2B00:00&requested_at__lt=2120-01-01+00:00:00%2B00:00",
        "q=call-1&p=1&o=-1.2",
    ],
)
def test_what_the_list_offers_is_answered(as_root: Client, query: str) -> None:
    answer = as_root.get(f"{TAPS}?{query}")
    assert answer.status_code == HTTPStatus.OK
    assert len(answer.context["cl"].result_list) == 1


def test_a_day_is_found_by_its_own_links(as_root: Client, opened: OpenedTap) -> None:
    at = opened.tap.requested_at
    query = (
        f"requested_at__year={at.year}&requested_at__month={at.month}&requested_at__day={at.day}"
    )
    assert len(as_root.get(f"{TAPS}?{query}").context["cl"].result_list) == 1


def test_a_search_may_have_200_characters(as_root: Client) -> None:
    assert as_root.get(f"{TAPS}?q={'x' * 200}").status_code == HTTPStatus.OK
    assert as_root.get(f"{TAPS}?q={'x' * 201}").status_code == HTTPStatus.BAD_REQUEST


@pytest.mark.parametrize("term", ["x" * 201, "%00"])
def test_a_field_that_looks_names_up_takes_no_other_search(as_root: Client, term: str) -> None:
    asked = "app_label=monitor&model_name=listensession&field_name=user"
    answer = as_root.get(f"/admin/autocomplete/?{asked}&term={term}")
    assert answer.status_code == HTTPStatus.BAD_REQUEST


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL matches patterns itself")
def test_sqlite_matches_no_pattern_in_python(db: Any) -> None:
    with pytest.raises(DatabaseError, match="function raised exception"):
        Tap.objects.filter(control_id__regex="x").exists()
