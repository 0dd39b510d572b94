"""The templates of reports, compiled when they are first used, and the style that each page brings along."""

from __future__ import annotations

import functools
import re
from pathlib import Path
from typing import TYPE_CHECKING

from markupsafe import Markup

if TYPE_CHECKING:
    from jinja2 import Environment

FOLDER = Path(__file__).parent


@functools.cache
def environment() -> Environment:
    """Everything that is put into a template is escaped."""
    import jinja2  # noqa: PLC0415 - 4 MB that only pages need

    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(FOLDER),
        autoescape=True,
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )


@functools.cache
def style() -> Markup:
    """The colours, charts and shapes of a report, without comments and blanks that say nothing."""
    text = "".join((FOLDER / name).read_text(encoding="utf-8") for name in ("theme.css", "wrapup.css"))
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
    return Markup(re.sub(r"\s*([{};,])\s*", r"\1", re.sub(r"\s+", " ", text)).strip())  # noqa: S704 - our own files
