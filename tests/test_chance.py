"""Nothing of ours draws from the random numbers that a whole process shares.

An application seeds them to run the same way again; a thread of ours that takes one out changes what it gets.
"""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.source_trees import tree_of

ROOT = Path(__file__).parent.parent
FILES = sorted(path for folder in ("exporter", "reports", "clients/python") for path in ROOT.glob(f"{folder}/**/*.py"))
OWN = {"Random", "SystemRandom"}


def shared_draws(tree: ast.AST) -> list[str]:
    """What is taken from the module random, but for generators of one's own."""
    found = []
    for each in ast.walk(tree):
        if isinstance(each, ast.ImportFrom) and each.module == "random":
            found += [alias.name for alias in each.names]
        elif isinstance(each, ast.Attribute) and ast.unparse(each.value) == "random":
            found.append(each.attr)
    return [name for name in found if name not in OWN]


def test_no_file_draws_from_shared_random_numbers() -> None:
    assert {str(path): drawn for path in FILES if (drawn := shared_draws(tree_of(path)))} == {}


@pytest.mark.parametrize(
    ("text", "drawn"),
    [
        ("import random\nrandom.uniform(0, 1)", ["uniform"]),
        ("from random import choice", ["choice"]),
        ("from random import SystemRandom\nSystemRandom().random()", []),
    ],
)
def test_a_draw_is_found(text: str, drawn: list[str]) -> None:
    assert shared_draws(ast.parse(text)) == drawn
