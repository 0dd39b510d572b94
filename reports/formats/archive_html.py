"""HTML: the list of kept reports, years first."""

from __future__ import annotations

from datetime import date
from itertools import groupby
from typing import TYPE_CHECKING

from reports.templates.environment import environment, style
from reports.text.dates import month_text

if TYPE_CHECKING:
    from collections.abc import Sequence

RUNNING = (
    ("api/export/wrapup", "This year"),
    ("api/export/wrapup?range=month", "This month"),
    ("api/export/wrapup?cycle=current", "This billing cycle"),
    ("api/export/wrapup?range=all", "Everything"),
)


def write(hostname: str, names: Sequence[str], notice: str) -> str:
    """A page with a link to each report of `names` ("2026.html", "2026-11.html", newest first); `notice` may be ""."""
    years = [(year, [_link(name) for name in found]) for year, found in groupby(names, lambda name: name[:4])]
    view = {"hostname": hostname, "running": RUNNING, "years": years, "notice": notice, "style": style()}
    return environment().get_template("archive.html").render(view)


def _link(name: str) -> tuple[str, str]:
    stem = name.removesuffix(".html")
    year, _, month = stem.partition("-")
    return f"reports/{name}", month_text(date(int(year), int(month), 1)) if month else f"The year {year}"
