"""Finds the parts of a page that a strict Content-Security-Policy would refuse."""

from __future__ import annotations

from html.parser import HTMLParser


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.refused: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        for name, value in given.items():
            if name.startswith("on") or name == "style":
                self.refused.append(f"<{tag} {name}>")
            if name in ("src", "href", "action") and (value or "").startswith("javascript:"):
                self.refused.append(f"<{tag} {name}={value}>")
        if tag == "script" and "src" not in given and given.get("type") != "application/json":
            self.refused.append("<script> without src")
        if tag == "style":
            self.refused.append("<style>")
        if tag == "a":
            self.links.append(given.get("href") or "")


def _parsed(html: str) -> _Page:
    page = _Page()
    page.feed(html)
    return page


def refused(html: str) -> list[str]:
    """Return the inline scripts, styles and handlers of a page."""
    return _parsed(html).refused


def links(html: str) -> list[str]:
    """Return the addresses of a page's links."""
    return _parsed(html).links
