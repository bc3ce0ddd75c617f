"""The unguessable names in a tap's two URLs."""

from __future__ import annotations

import json
import string
import uuid
from typing import Any, get_args
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.services import descriptions, tap_urls, taps

TAP = uuid.UUID("00000000-0000-4000-8000-000000000001")
PURPOSES: tuple[tap_urls.Purpose, ...] = get_args(tap_urls.Purpose)


@given(tap_id=st.uuids(), purpose=st.sampled_from(PURPOSES))
def test_a_token_names_its_tap(tap_id: uuid.UUID, purpose: tap_urls.Purpose) -> None:
    assert tap_urls.read(purpose, tap_urls.make(purpose, tap_id)) == tap_id


def test_a_token_is_good_for_one_purpose() -> None:
    assert tap_urls.read("media", tap_urls.make("status", TAP)) is None
    assert tap_urls.read("status", tap_urls.make("media", TAP)) is None


@given(data=st.data())
def test_a_changed_character_is_noticed(data: st.DataObject) -> None:
    good = tap_urls.make("media", TAP)
    at = data.draw(st.integers(0, len(good) - 1))
    alphabet = string.ascii_letters + string.digits + "-_."
    other = data.draw(st.sampled_from(alphabet).filter(lambda letter: letter != good[at]))
    assert tap_urls.read("media", good[:at] + other + good[at + 1 :]) is None


@pytest.mark.parametrize(
    "junk", ["", ".", "x", str(TAP), TAP.hex, f"{TAP.hex}.", "é.é", "a" * 9999]
)
def test_junk_names_nothing(junk: str) -> None:
    assert tap_urls.read("media", junk) is None


def test_an_id_signed_for_something_else_names_nothing() -> None:
    from django.core import signing

    assert tap_urls.read("media", signing.Signer(sep=".").sign(TAP.hex)) is None


@given(tap_id=st.uuids(), purpose=st.sampled_from(PURPOSES))
def test_no_client_escapes_a_token(tap_id: uuid.UUID, purpose: tap_urls.Purpose) -> None:
    """The webhook's signature covers the URL byte for byte."""
    token = tap_urls.make(purpose, tap_id)
    assert quote(token, safe="") == token


def test_a_token_cannot_be_guessed() -> None:
    """43 characters of base64: 256 bits of HMAC."""
    assert len(tap_urls.make("media", TAP).partition(".")[2]) == 43


def test_a_token_is_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[str] = []

    def compare(given: str, expected: str) -> bool:
        compared.append(given)
        return False

    monkeypatch.setattr("django.core.signing.constant_time_compare", compare)
    assert tap_urls.read("media", tap_urls.make("media", TAP)) is None
    assert compared == [tap_urls.make("media", TAP).partition(".")[2]]


@pytest.mark.django_db
def test_what_pages_are_told_of_a_tap_has_neither_token() -> None:
    tap = taps.open_tap("call-1").tap
    told = json.dumps([descriptions.describe_taps([tap.pk])[tap.pk], descriptions.current_calls()])
    assert str(tap.pk) in told
    assert not [one for one in PURPOSES if tap_urls.make(one, tap.pk).partition(".")[2] in told]


def test_tokens_outlive_a_change_of_the_secret_key(settings: Any) -> None:
    old = settings.SECRET_KEY
    token = tap_urls.make("media", TAP)
    settings.SECRET_KEY = "the new key"
    settings.SECRET_KEY_FALLBACKS = [old]
    assert tap_urls.read("media", token) == TAP
    assert tap_urls.make("media", TAP) != token


def test_tokens_die_with_a_secret_key_that_is_dropped(settings: Any) -> None:
    token = tap_urls.make("media", TAP)
    settings.SECRET_KEY = "the new key"
    assert tap_urls.read("media", token) is None
