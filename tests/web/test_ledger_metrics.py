"""What /metrics tells of the listening ledger."""

from __future__ import annotations

import datetime
from http import HTTPStatus

import pytest
from django.db import DatabaseError
from django.test import Client
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from monitor.services import ledger
from tests.support.ledger import TABLE, new_ledger, tamper, tip_of, written

pytestmark = pytest.mark.django_db

Series = dict[tuple[str, ...], float]


def series(client: Client, name: str) -> Series:
    """Return the values of a metric by the values of its labels."""
    answer = client.get("/metrics")
    assert answer.status_code == HTTPStatus.OK
    families = text_string_to_metric_families(answer.content.decode())
    samples = (sample for family in families for sample in family.samples)
    return {tuple(one.labels.values()): one.value for one in samples if one.name == name}


def test_each_chain_has_its_length_and_its_age(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = timezone.now()
    for ago in (90, 30):
        at = now - datetime.timedelta(seconds=ago)
        with monkeypatch.context() as patch:
            patch.setattr(timezone, "now", lambda at=at: at)
            tip = written(ago // 10)
    monkeypatch.setattr(timezone, "now", lambda: now)
    ages = series(client, "earshot_ledger_chain_age_seconds")
    assert sorted(ages.values()) == [30, 90]
    assert ages[(tip.chain,)] == 30
    lengths = series(client, "earshot_ledger_chain_entries")
    assert sorted(lengths.values()) == [4, 10]


def test_the_head_is_the_tip_that_was_published_last(client: Client) -> None:
    process = new_ledger()
    before = written(3, process)
    process.publish()
    written(2, process)
    assert series(client, "earshot_ledger_head") == {(before.chain, before.mac): before.number}
    assert series(client, "earshot_ledger_chain_entries") == {(before.chain,): 7}


def test_an_end_that_is_cut_off_makes_a_chain_shorter(client: Client) -> None:
    tip = written(3)
    tamper(f"DELETE FROM {TABLE} WHERE number > %s", 2)
    assert series(client, "earshot_ledger_chain_entries") == {(tip.chain,): 2}


def test_the_chains_of_processes_that_ended_long_ago_are_left_out(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    long_ago = timezone.now() - datetime.timedelta(days=1, seconds=1)
    with monkeypatch.context() as patch:
        patch.setattr(timezone, "now", lambda: long_ago)
        written(1)
    process = new_ledger()
    written(1, process)
    assert set(series(client, "earshot_ledger_chain_age_seconds")) == {(tip_of(process).chain,)}
    assert not series(client, "earshot_ledger_head")


def test_a_database_that_is_away_leaves_the_other_metrics(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise DatabaseError

    monkeypatch.setattr(ledger, "newest_entries", fail)
    assert series(client, "earshot_ledger_chain_entries") == {}
    assert series(client, "earshot_workers")
