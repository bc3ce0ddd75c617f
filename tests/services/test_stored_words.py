"""Sentences of the history are stored in English, and read in the reader's language."""

from __future__ import annotations

import pytest
from django.utils import translation

from monitor.services.stored_words import translate


@pytest.mark.parametrize(
    ("stored", "read"),
    [
        ("media connected", "audio conectado"),
        ("media connected from 10.0.0.1:4000", "audio conectado desde 10.0.0.1:4000"),
        ("media connected again from x", "audio conectado de nuevo desde x"),
        ("asked for by a client", "solicitada por un cliente"),
        ("asked for by all", "solicitada por all"),
        (
            "media closed: the connection closed (1006)",
            "audio cerrado: la conexión se cerró (1006)",
        ),
        ("media closed: over 10 s of audio", "audio cerrado: over 10 s of audio"),
        ("SignalWire says finished of call c1", "SignalWire dice finished de la llamada c1"),
        ("100% of %(why)s", "100% of %(why)s"),
        ("", ""),
    ],
)
def test_a_sentence_that_is_known_is_translated_with_its_values(stored: str, read: str) -> None:
    with translation.override("es"):
        assert translate(stored) == read


def test_an_english_reader_gets_what_is_stored() -> None:
    assert translate("stopped by 100% alice") == "stopped by 100% alice"
