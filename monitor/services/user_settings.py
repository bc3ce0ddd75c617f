"""What users set on the pages, and how it is kept.

``SETTINGS`` is the one list of them. A change that it does not allow is refused in words, and a
kept value that it no longer allows gives way to the default.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import transaction
from django.utils.text import format_lazy
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from monitor.models import UserSettings
from monitor.wire.text import storable

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise as StrPromise

MAX_BYTES = 16 * 1024  # of one user's settings, as JSON
MOST_VIEWS = 20
LONGEST_NAME = 40  # characters of a view's name
LONGEST_QUERY = 2000  # characters of a view's query
MOST_OUTPUTS = 20  # browsers whose sound device is remembered
BROWSER = re.compile(r"[0-9a-f-]{36}")
LONGEST_DEVICE = 200  # characters; browsers name a device with 64
SHOWN = 40  # characters of an unknown name that an error repeats


class BadSetting(ValueError):
    """A change is refused. The text names the setting, what is wrong, and what is allowed."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting: its value until the user changes it, and which values it may have."""

    default: Any
    allowed: StrPromise | str  # in words
    accepts: Callable[[Any], bool]
    #: Makes the value to keep from the kept one and the new one.
    joined: Callable[[Any, Any], Any] = lambda kept, new: new


def one_of(*names: str) -> Setting:
    """Return a setting that is one of these words, and the first of them by default."""
    listed = ", ".join(f'"{name}"' for name in names)
    allowed = format_lazy(_("one of {words}"), words=listed)
    return Setting(names[0], allowed, lambda value: value in names)


def switch(default: bool) -> Setting:
    return Setting(default, _("true or false"), lambda value: isinstance(value, bool))


def is_share(value: Any) -> bool:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and 0 <= value <= 1


def is_text(value: Any, shortest: int, longest: int) -> bool:
    """Return whether a value is text that people can read, which PostgreSQL can keep as well."""
    return isinstance(value, str) and shortest <= len(value) <= longest and value.isprintable()


def are_views(value: Any) -> bool:
    if not isinstance(value, list) or len(value) > MOST_VIEWS:
        return False
    return all(map(is_view, value)) and len({one["name"] for one in value}) == len(value)


def is_view(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and value.keys() == {"name", "query"}
        and is_text(value["name"], 1, LONGEST_NAME)
        and is_text(value["query"], 0, LONGEST_QUERY)
    )


def are_outputs(value: Any) -> bool:
    return isinstance(value, list) and len(value) <= MOST_OUTPUTS and all(map(is_output, value))


def is_output(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and value.keys() == {"browser", "device"}
        and isinstance(value["browser"], str)
        and BROWSER.fullmatch(value["browser"]) is not None
        and is_text(value["device"], 0, LONGEST_DEVICE)
    )


def joined_outputs(kept: list[Any], new: list[Any]) -> list[Any]:
    """Return the devices of all browsers, the newest last. A browser tells its own only."""
    told = {one["browser"] for one in new}
    others = [one for one in kept if one["browser"] not in told]
    return [*others, *(one for one in new if one["device"])][-MOST_OUTPUTS:]


SETTINGS: dict[str, Setting] = {
    "volume": Setting(1, _("a number from 0 to 1"), is_share),
    "mono": switch(False),
    "automatic_gain": switch(True),
    "outputs": Setting(
        [],
        format_lazy(
            _(
                'a list of at most {most} times "browser", a UUID, and "device", up to {longest} '
                "characters"
            ),
            most=MOST_OUTPUTS,
            longest=LONGEST_DEVICE,
        ),
        are_outputs,
        joined_outputs,
    ),
    "order": one_of("attention", "newest", "longest", "agent"),
    "views": Setting(
        [],
        format_lazy(
            _(
                'a list of at most {most} times "name", 1 to {name} characters and each name '
                'once, and "query", up to {query} characters'
            ),
            most=MOST_VIEWS,
            name=LONGEST_NAME,
            query=LONGEST_QUERY,
        ),
        are_views,
    ),
    "theme": one_of("system", "light", "dark"),
    "language": one_of("", *dict(settings.LANGUAGES)),  # "" is the browser's
    "shortcuts": switch(True),
    "alerts": switch(False),
    "transcript": switch(True),  # decks show what is said
}


def settings_of(user: Any) -> dict[str, Any]:
    """Return all settings of a user. Whoever is signed out has the defaults."""
    row = UserSettings.objects.filter(user=user).first() if user.is_authenticated else None
    return _complete(row.values if row else {})


def change(user: Any, changes: Mapping[str, Any]) -> None:
    """Keep some new values. Raises BadSetting, and then keeps none of them."""
    for name, value in changes.items():
        _check(name, value)
    with transaction.atomic():
        row, _ = UserSettings.objects.select_for_update().get_or_create(user=user)
        values = _complete(row.values)
        for name, value in changes.items():
            values[name] = SETTINGS[name].joined(values[name], value)
        row.values = _without_defaults(values)
        if len(json.dumps(row.values)) > MAX_BYTES:
            raise BadSetting(
                gettext("These settings take too much room: %(most)s bytes are allowed.")
                % {"most": MAX_BYTES}
            )
        row.save(update_fields=["values"])


def _check(name: str, value: Any) -> None:
    setting = SETTINGS.get(name)
    if setting is None:
        known = ", ".join(SETTINGS)
        raise BadSetting(
            gettext('There is no setting "%(name)s". There are: %(known)s.')
            % {"name": storable(name[:SHOWN]), "known": known}
        )
    if not setting.accepts(value):
        raise BadSetting(
            gettext('The setting "%(name)s" must be %(allowed)s.')
            % {"name": name, "allowed": setting.allowed}
        )


def _complete(kept: Mapping[str, Any]) -> dict[str, Any]:
    """Return a value for each setting: the kept one where it is allowed, else the default."""
    return {
        name: kept[name] if name in kept and setting.accepts(kept[name]) else setting.default
        for name, setting in SETTINGS.items()
    }


def _without_defaults(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value != SETTINGS[name].default}
