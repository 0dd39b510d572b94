"""A page as a browser reads it: its elements, its text, and everything that could run or ask the network."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import NamedTuple

VOID = frozenset({"meta", "link", "br", "img", "input", "hr"})
RUNNING = frozenset({"script", "iframe", "object", "embed", "base", "form", "link", "img", "image", "use", "animate"})
LOADING = frozenset({"src", "srcset", "data", "xlink:href", "action", "poster", "background"})


class Element(NamedTuple):
    name: str
    attributes: dict[str, str]
    text: str


class Page(HTMLParser):
    """Refuses what is not well nested."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[Element] = []
        self._open: list[tuple[str, dict[str, str], list[str]]] = []
        self.feed(text)
        self.close()
        assert not self._open, f"not closed: {[name for name, _, _ in self._open]}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len({name for name, _ in attrs}) == len(attrs), f"an attribute of {tag} is there twice"
        self._open.append((tag, {name: value or "" for name, value in attrs}, []))
        if tag in VOID:
            self._end()

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self._end()

    def handle_endtag(self, tag: str) -> None:
        assert self._open, f"{tag} is closed and was never open"
        assert self._open[-1][0] == tag, f"{tag} is closed within {self._open[-1][0]}"
        self._end()

    def handle_data(self, data: str) -> None:
        for _, _, texts in self._open:
            texts.append(data)

    def _end(self) -> None:
        name, attributes, texts = self._open.pop()
        self.elements.append(Element(name, attributes, "".join(texts)))

    def all(self, name: str) -> list[Element]:
        return [element for element in self.elements if element.name == name]

    @property
    def text(self) -> str:
        """All that can be read, with plain blanks."""
        shown = (element.text for element in self.all("body"))
        return " ".join("".join(shown).replace("\N{NO-BREAK SPACE}", " ").split())

    @property
    def dangers(self) -> list[str]:
        """Whatever could run, or ask the network by itself."""
        found = [element.name for element in self.elements if element.name in RUNNING]
        for element in self.elements:
            for name, value in element.attributes.items():
                if name.startswith("on") or name in LOADING or name == "style" or "javascript:" in value.lower():
                    found.append(f"{element.name} {name}={value}")
        found.extend(
            mark for style in self.all("style") for mark in ("url(", "@import", "expression(") if mark in style.text
        )
        return found
