"""Reads the catalogues of monitor/locale: the texts in GNU gettext's PO files."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from django.conf import settings

LOCALES = Path(settings.BASE_DIR) / "monitor" / "locale"
PLACE = re.compile(r"%\(\w+\)s|%%|\{\w*\}")
KEYWORD = re.compile(r'(msgctxt|msgid|msgid_plural|msgstr)(?:\[(\d)\])? (".*")')


@dataclass
class Message:
    """An entry of a catalogue. Its key is what the compiled catalogue has for it."""

    context: str = ""
    one: str = ""
    many: str = ""
    translated: dict[int, str] = field(default_factory=dict)
    flags: str = ""

    @property
    def key(self) -> str:
        return f"{self.context}\x04{self.one}" if self.context else self.one

    @property
    def originals(self) -> list[str]:
        return [self.one, self.many] if self.many else [self.one]


def read(path: Path) -> list[Message]:
    """Return the messages of a PO file, without its header."""
    blocks = path.read_text().split("\n\n")
    messages = [_message(block.splitlines()) for block in blocks]
    return [message for message in messages if message.one]


def _message(lines: list[str]) -> Message:
    message = Message()
    for keyword, number, text in _texts(lines):
        if keyword == "msgctxt":
            message.context += text
        elif keyword == "msgid":
            message.one += text
        elif keyword == "msgid_plural":
            message.many += text
        else:
            message.translated[number] = message.translated.get(number, "") + text
    message.flags = "".join(line for line in lines if line.startswith("#,"))
    return message


def _texts(lines: list[str]) -> Iterator[tuple[str, int, str]]:
    """Yield each text with its keyword. A text may go on in the lines after it."""
    keyword, number = "", 0
    for line in lines:
        if found := KEYWORD.fullmatch(line):
            keyword, number = found[1], int(found[2] or 0)
            yield keyword, number, ast.literal_eval(found[3])
        elif line.startswith('"'):
            yield keyword, number, ast.literal_eval(line)


def places(text: str) -> list[str]:
    """Return the places for values in a text."""
    return sorted(set(PLACE.findall(text)))
