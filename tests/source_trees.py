"""The syntax trees of source files, each parsed once a process."""

from __future__ import annotations

import ast
import gc
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


@cache
def tree_of(path: Path) -> ast.Module:
    """The tree of a file.

    Nothing is collected meanwhile: what a finalizer or another thread parses then, Python before 3.11.8 takes for a
    fault of this tree (SystemError; https://github.com/python/cpython/issues/106905).
    """
    text, was_on = path.read_text(encoding="utf-8"), gc.isenabled()
    gc.disable()
    try:
        return ast.parse(text)
    finally:
        if was_on:
            gc.enable()
