"""Texts of libraries that bring no Spanish."""

from __future__ import annotations

import pytest
from django.utils import translation
from django.utils.translation import gettext

from monitor.admin.library_words import DJANGO_AXES, DJANGO_LABELS


@pytest.mark.parametrize("word", [*DJANGO_AXES, *DJANGO_LABELS])
def test_a_librarys_text_has_our_spanish(word: str) -> None:
    with translation.override("es"):
        assert gettext(word) != word or word == "HTTP Accept"  # the name of a header
