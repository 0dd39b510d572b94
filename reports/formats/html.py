"""HTML: a wrap-up as one file that needs no other, to read, to print and to send."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reports.templates.environment import environment, style
from reports.wrapup.chapters.applications import applications
from reports.wrapup.chapters.before import before
from reports.wrapup.chapters.calendar import calendar
from reports.wrapup.chapters.clock import clock
from reports.wrapup.chapters.columns import columns
from reports.wrapup.chapters.directions import directions
from reports.wrapup.chapters.equals import equals
from reports.wrapup.chapters.numbers import numbers
from reports.wrapup.chapters.opening import eyebrow, opening, page_title
from reports.wrapup.chapters.plans import plans
from reports.wrapup.chapters.requests import requests
from reports.wrapup.chapters.small_print import small_print
from reports.wrapup.chapters.stories import stories

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from reports.wrapup.chapters.chapter import Chapter
    from reports.wrapup.wrapup import WrapUp

FIRST: tuple[Callable[[WrapUp], Chapter | None], ...] = (
    numbers,
    columns,
    stories,
    calendar,
    clock,
    directions,
    applications,
    requests,
    before,
)
LAST: tuple[Callable[[WrapUp], Chapter | None], ...] = (equals, small_print)
WITHOUT_BYTES: tuple[Callable[[WrapUp], Chapter | None], ...] = (applications, requests, small_print)
"""Of days of which only imported applications or requests are known."""


def write(wrapup: WrapUp) -> Iterator[bytes]:
    """UTF-8, in one piece of some 60 to 120 KB."""
    yield environment().get_template("wrapup.html").render(_view(wrapup)).encode(errors="replace")


def _view(wrapup: WrapUp) -> dict[str, Any]:
    shared = {"version": wrapup.export.host.version, "page_title": page_title(wrapup), "style": style()}
    if wrapup.export.is_empty:
        notice = wrapup.notice
        return {**shared, "opening": None, "eyebrow": eyebrow(wrapup), "notice": notice.capitalize(), "chapters": ()}
    if wrapup.export.has_bytes:
        chapters = [*(chapter(wrapup) for chapter in FIRST), *plans(wrapup), *(chapter(wrapup) for chapter in LAST)]
    else:
        chapters = [chapter(wrapup) for chapter in WITHOUT_BYTES]
    return {**shared, "opening": opening(wrapup), "chapters": [found for found in chapters if found is not None]}
