"""No template has a word that people see or hear outside the tags of Django's i18n."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.conf import settings

from tests.support.literals import untranslated

TEMPLATES = Path(settings.BASE_DIR) / "templates"
#: What browsers read in CSS's and HTML's own words: which schemes a page has.
NOT_WORDS = {"light dark", "(prefers-color-scheme: dark)"}


@pytest.mark.parametrize(
    "path", sorted(TEMPLATES.rglob("*.html")), ids=lambda path: str(path.relative_to(TEMPLATES))
)
def test_every_word_of_a_template_is_translated(path: Path) -> None:
    found = [
        f"{path.relative_to(TEMPLATES)}:{line}: {text}"
        for line, text in untranslated(path.read_text())
        if text not in NOT_WORDS
    ]
    assert found == []


@pytest.mark.parametrize(
    ("source", "line", "text"),
    [
        ("<p>\nNothing\n</p>", 2, "Nothing"),
        ("<p>{% if a %}\n{% endif %}here</p>", 2, "here"),
        ('<input placeholder="Name">', 1, "Name"),
        ('<a title="{{ one }} calls">', 1, "calls"),
        ('<input type="submit" value="Send">', 1, "Send"),
        ("<button>\n{% translate 'Close' %} it</button>", 2, "it"),
        ('<dd>\n{{ at|default:"Never opened" }}</dd>', 2, "Never opened"),
        ('{% include "x.html" with none="Never" %}', 1, "Never"),
        ("<td>{{ seconds|floatformat:1 }} calls</td>", 1, "0 calls"),
        ("{% blocktranslate %}a{% endblocktranslate %}<p>b</p>", 1, "b"),
    ],
)
def test_a_word_that_nobody_translates_is_found_with_its_line(
    source: str, line: int, text: str
) -> None:
    assert [(found, words) for found, words in untranslated(source) if text in words] == [
        (line, text)
    ]


@pytest.mark.parametrize(
    "source",
    [
        '{% translate "Close" %}',
        '{% include "x.html" with none=_("Never opened") %}',
        "{% blocktranslate count n=n %}{{ n }} a{% plural %}{{ n }} b{% endblocktranslate %}",
        '<time datetime="x">{{ at|date:"Y-m-d H:i:s T" }}</time>',
        "<td>{{ seconds|floatformat:1 }} s</td>",
        '<button>−30 s</button> Earshot – <i class="meter-cover"></i>{# a comment #}',
    ],
)
def test_what_is_translated_or_no_word_is_left_alone(source: str) -> None:
    assert list(untranslated(source)) == []
