"""The catalogues are complete: no text of a page or script is missing in any language."""

from __future__ import annotations

import gettext
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from django.conf import settings

from tests.support.catalogues import LOCALES, Message, places, read

ROOT = Path(settings.BASE_DIR)
PO_FILES = sorted(LOCALES.glob("*/LC_MESSAGES/*.po"))
#: What script/messages reads.
SOURCES = ("agents", "monitor", "static", "templates", "script", "manage.py", "pyproject.toml")

each_catalogue = pytest.mark.parametrize(
    "path", PO_FILES, ids=[str(path.relative_to(LOCALES)) for path in PO_FILES]
)


def test_every_language_has_its_catalogues() -> None:
    others = [code for code, _ in settings.LANGUAGES if code != settings.LANGUAGE_CODE]
    names = {f"{code}/LC_MESSAGES/{name}.po" for code in others for name in ("django", "djangojs")}
    assert {str(path.relative_to(LOCALES)) for path in PO_FILES} == names


@each_catalogue
def test_every_text_is_translated(path: Path) -> None:
    messages = read(path)
    assert len(messages) > 5
    assert [message.key for message in messages if not _is_translated(message)] == []


def _is_translated(message: Message) -> bool:
    forms = 2 if message.many else 1
    whole = len(message.translated) == forms and all(message.translated.values())
    return whole and "fuzzy" not in message.flags


@each_catalogue
def test_a_translation_has_the_places_of_its_text(path: Path) -> None:
    wrong = [
        (original, translated)
        for message in read(path)
        for translated, original in zip(message.translated.values(), message.originals, strict=True)
        if places(translated) != places(original)
    ]
    assert wrong == []


@each_catalogue
def test_no_sentence_ends_with_a_time_of_day(path: Path) -> None:
    """In many countries a time of day ends with a full stop of its own: 10:45 p. m."""
    texts = [
        text
        for message in read(path)
        for text in (*message.originals, *message.translated.values())
    ]
    assert [text for text in texts if "%(at)s." in text] == []


@each_catalogue
def test_no_text_is_kept_that_is_not_used_any_more(path: Path) -> None:
    assert "\n#~" not in path.read_text()


@each_catalogue
def test_the_compiled_catalogue_is_made_of_this_one(path: Path) -> None:
    """The compiled ones are committed, because a machine that only runs Earshot has no gettext."""
    with path.with_suffix(".mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)._catalog  # type: ignore[attr-defined]  # private
    compiled.pop("")
    expected: dict[object, str] = {}
    for message in read(path):
        if message.many:
            expected |= {(message.key, n): text for n, text in message.translated.items()}
        else:
            expected[message.key] = message.translated[0]
    assert compiled == expected


@pytest.fixture(scope="module")
def collected(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the sources in which ``script/messages`` has just run."""
    copy = tmp_path_factory.mktemp("messages")
    for name in SOURCES:
        take = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        take(ROOT / name, copy / name)
    (copy / ".venv").symlink_to((ROOT / ".venv").resolve())
    subprocess.run(["script/messages"], cwd=copy, check=True, env=os.environ, timeout=120)
    return copy / "monitor" / "locale"


@pytest.mark.skipif(not shutil.which("xgettext"), reason="needs gettext")
@each_catalogue
def test_every_text_of_the_sources_is_in_the_catalogue(path: Path, collected: Path) -> None:
    found = {message.key for message in read(collected / path.relative_to(LOCALES))}
    assert {message.key for message in read(path)} == found
