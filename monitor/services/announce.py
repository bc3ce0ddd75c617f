"""Publishes the changes of calls to every process."""

from __future__ import annotations

import uuid
from collections.abc import Collection

from django.db import transaction
from django.db.models import QuerySet

from monitor.bus.process import this_process
from monitor.models import Call, Tap, Team
from monitor.services import descriptions, live_words
from monitor.services.descriptions import describe


def publish_change(*tap_ids: uuid.UUID) -> None:
    """Publish the description of each call of these taps when this transaction is committed."""
    calls = Tap.objects.filter(pk__in=tap_ids).values("call")
    transaction.on_commit(lambda: _publish(Call.objects.filter(pk__in=calls)))


def publish_changes(call_ids: Collection[int]) -> None:
    """Publish the descriptions of calls when this transaction is committed."""
    if call_ids:
        transaction.on_commit(lambda: _publish(Call.objects.filter(pk__in=call_ids)))


def publish_team(team: Team) -> None:
    """Publish the descriptions of a team's calls that go on when this transaction is committed."""
    calls = descriptions.going_on().filter(agent__in=team.agents.values("name"))
    transaction.on_commit(lambda: _publish(calls))


def publish_missed() -> None:
    """Publish the present description of every call whose last change Redis did not take, and have
    pages read those calls again of which it did not take what was said."""
    this_process().publisher.publish_again(
        lambda pk: _publish(Call.objects.filter(pk=pk)), live_words.publish_changed
    )


def _publish(calls: QuerySet[Call]) -> None:
    """Publish those of the calls that have not been deleted meanwhile."""
    events = [{"type": "call", "call": call} for call in describe(calls)]
    this_process().publisher.publish(*events)
