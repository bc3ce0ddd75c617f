"""What a user's settings may be, and how changes are kept."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser, User

from monitor.models import UserSettings
from monitor.services import user_settings
from monitor.services.user_settings import BadSetting, change, settings_of

BROWSERS = [f"00000000-0000-4000-8000-{number:012}" for number in range(25)]
DEFAULTS = {
    "volume": 1,
    "mono": False,
    "automatic_gain": True,
    "outputs": [],
    "order": "attention",
    "views": [],
    "theme": "system",
    "language": "",
    "shortcuts": True,
    "alerts": False,
    "transcript": True,
}


def view(name: str, query: str = "q=lee") -> dict[str, str]:
    return {"name": name, "query": query}


def output(browser: str, device: str = "headset") -> dict[str, str]:
    return {"browser": browser, "device": device}


def test_a_user_begins_with_the_defaults(alice: User) -> None:
    assert settings_of(alice) == DEFAULTS


def test_whoever_is_signed_out_has_the_defaults(db: Any) -> None:
    assert settings_of(AnonymousUser()) == DEFAULTS


def test_a_change_is_kept_for_this_user_only(alice: User, bob: User) -> None:
    change(alice, {"volume": 0.5, "theme": "dark"})
    assert settings_of(alice) == DEFAULTS | {"volume": 0.5, "theme": "dark"}
    assert settings_of(bob) == DEFAULTS


def test_the_last_change_of_each_setting_wins(alice: User) -> None:
    change(alice, {"volume": 0.5, "theme": "dark"})
    change(alice, {"theme": "light"})
    assert (settings_of(alice)["volume"], settings_of(alice)["theme"]) == (0.5, "light")


def test_a_value_that_is_no_longer_allowed_gives_way_to_the_default(alice: User) -> None:
    UserSettings.objects.create(user=alice, values={"theme": "sepia", "gone": 1, "volume": 0.5})
    assert settings_of(alice) == DEFAULTS | {"volume": 0.5}
    change(alice, {"mono": True})
    assert UserSettings.objects.get().values == {"volume": 0.5, "mono": True}


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("volume", 1.01, "a number from 0 to 1"),
        ("volume", True, "a number from 0 to 1"),
        ("volume", float("nan"), "a number from 0 to 1"),
        ("volume", "1", "a number from 0 to 1"),
        ("mono", 1, "true or false"),
        ("theme", "sepia", 'one of "system", "light", "dark"'),
        ("theme", ["dark"], 'one of "system"'),
        ("order", None, 'one of "attention", "newest"'),
        ("views", {}, "a list of at most 20"),
        ("views", [view("a")] * 2, "each name once"),
        ("views", [view(str(number)) for number in range(21)], "a list of at most 20"),
        ("views", [view("")], "1 to 40 characters"),
        ("views", [view("n" * 41)], "1 to 40 characters"),
        ("views", [view("\0")], "1 to 40 characters"),
        ("views", [view("a", "q" * 2001)], "up to 2000 characters"),
        ("views", [{"name": "a"}], '"query"'),
        ("outputs", [output("not-a-browser")], "a UUID"),
        ("outputs", [output(BROWSERS[0], "d" * 201)], "up to 200 characters"),
    ],
)
def test_a_wrong_value_is_refused_with_what_is_allowed(
    alice: User, name: str, value: Any, allowed: str
) -> None:
    with pytest.raises(BadSetting, match=f'The setting "{name}" must be .*{allowed}'):
        change(alice, {"shortcuts": False, name: value})
    assert settings_of(alice) == DEFAULTS


def test_an_unknown_setting_is_refused_with_those_that_exist(alice: User) -> None:
    with pytest.raises(BadSetting, match=r'no setting "colour"\. There are: volume, '):
        change(alice, {"colour": "red"})


def test_settings_that_take_too_much_room_are_refused_and_the_old_ones_stay(alice: User) -> None:
    change(alice, {"views": [view("short")]})
    with pytest.raises(BadSetting, match="16384 bytes are allowed"):
        change(alice, {"views": [view(str(number), "q" * 1000) for number in range(20)]})
    assert settings_of(alice)["views"] == [view("short")]


class TestOutputs:
    def test_each_browser_keeps_its_own_device(self, alice: User) -> None:
        change(alice, {"outputs": [output(BROWSERS[0])]})
        change(alice, {"outputs": [output(BROWSERS[1], "speakers")]})
        change(alice, {"outputs": [output(BROWSERS[0], "other")]})
        assert settings_of(alice)["outputs"] == [
            output(BROWSERS[1], "speakers"),
            output(BROWSERS[0], "other"),
        ]

    def test_no_device_means_the_systems_own_and_is_not_kept(self, alice: User) -> None:
        change(alice, {"outputs": [output(BROWSERS[0])]})
        change(alice, {"outputs": [output(BROWSERS[0], "")]})
        assert settings_of(alice)["outputs"] == []

    def test_the_browsers_that_chose_last_are_remembered(self, alice: User) -> None:
        for browser in BROWSERS:
            change(alice, {"outputs": [output(browser)]})
        kept = [one["browser"] for one in settings_of(alice)["outputs"]]
        assert kept == BROWSERS[-user_settings.MOST_OUTPUTS :]
