"""The formats of an export by name: how each is served and saved; what writes it is imported when it is used."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from reports.export import Export


class Format(NamedTuple):
    """A module of this folder with `write(export)`, its media type and file suffix, and what it tells of.

    `question` is the function of reports.export that gives it what it writes.
    """

    module: str
    content_type: str
    suffix: str
    question: str = "export"

    @property
    def ask(self) -> Callable[..., Export]:
        """The question to put to the ledger."""
        question: Callable[..., Export] = getattr(import_module("reports.export"), self.question)
        return question

    def write(self, told: Export) -> Iterator[bytes]:
        """The export, in pieces of at most some 100 KB: one or more before the days, and one for each batch of them."""
        pieces: Iterator[bytes] = import_module(f"reports.formats.{self.module}").write(told)
        return pieces


FORMATS: Mapping[str, Format] = {
    "json": Format("export_json", "application/json", "json"),
    "csv": Format("csv", "text/csv; charset=utf-8; header=present", "csv", "daily"),
    "llm": Format("llm", "text/plain; charset=utf-8", "toml"),
    "toon": Format("toon", "text/toon; charset=utf-8", "toon"),
    "markdown": Format("markdown", "text/markdown; charset=utf-8; variant=GFM", "md"),
}
