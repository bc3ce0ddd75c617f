"""The system check of OIDC_GROUPS: whether there is what it gives."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.contrib.auth.models import Group
from django.core.checks import CheckMessage, Tags, register
from django.core.checks import Warning as CheckWarning
from django.db import DatabaseError
from django.db.models import Model

from monitor.models import Team


@register(Tags.database)
def provider_groups(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Report roles and teams that the provider's groups give, and that are not there."""
    given = settings.OIDC_GROUPS.all()
    try:
        missing = [*_missing("role", Group, given.roles), *_missing("team", Team, given.teams)]
    except DatabaseError:
        return []  # before the first migration
    if not missing:
        return []
    return [
        CheckWarning(
            f"OIDC_GROUPS gives what is not there: {', '.join(missing)}.",
            hint="Whoever is to be given it gets nothing. Make it in the admin, or correct the "
            "name, of which case and spaces count.",
            id="monitor.W016",
        )
    ]


def _missing(kind: str, model: type[Model], names: Iterable[str]) -> list[str]:
    found = model._default_manager.filter(name__in=names).values_list("name", flat=True)
    return [f"{kind}:{name}" for name in sorted(set(names) - set(found))]
