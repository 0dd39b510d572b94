"""A generator that holds something open is closed by who asks it, and not by a collection of garbage some time later.

Where an error passes, its traceback holds the frames, and the frames the generator: its file stays open, and locked.
"""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.source_trees import tree_of

ROOT = Path(__file__).parent.parent
FILES = sorted([*ROOT.glob("exporter/**/*.py"), *ROOT.glob("reports/**/*.py"), *ROOT.glob("clients/python/**/*.py")])


def held_across_a_yield(function: ast.AST) -> bool:
    """Whether a function yields within a `with`: not one that is itself made for `with`."""
    if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
        return False
    if any("contextmanager" in ast.unparse(decorator) for decorator in function.decorator_list):
        return False
    blocks = [each for each in ast.walk(function) if isinstance(each, ast.With | ast.AsyncWith)]
    return any(isinstance(each, ast.Yield | ast.YieldFrom) for block in blocks for each in ast.walk(block))


def left_open(tree: ast.AST, names: set[str]) -> list[str]:
    """Calls of generators by these names that stand in no `closing(...)`."""
    calls = [each for each in ast.walk(tree) if isinstance(each, ast.Call)]
    closed = [argument for call in calls if ast.unparse(call.func).endswith("closing") for argument in call.args]
    return [
        f"line {call.lineno}: {ast.unparse(call)}"
        for call in calls
        if (call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")) in names
        and call not in closed
    ]


HOLDING = {
    function.name
    for path in FILES
    for function in ast.walk(tree_of(path))
    if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef) and held_across_a_yield(function)
}


def test_there_are_generators_that_hold_a_file() -> None:
    assert {"text_lines", "events"} <= HOLDING


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_who_asks_a_generator_that_holds_something_closes_it(path: Path) -> None:
    assert left_open(tree_of(path), HOLDING) == []


@pytest.mark.parametrize(
    ("text", "is_right"),
    [
        ("for line in text_lines(path): pass", False),
        ("rows = csv.reader(file.text_lines(path))", False),
        ("with closing(text_lines(path)) as lines: pass", True),
        ("with contextlib.closing(file.text_lines(path)) as lines: pass", True),
    ],
)
def test_a_generator_that_is_left_open_is_found(text: str, is_right: bool) -> None:  # noqa: FBT001 - a case
    assert (left_open(ast.parse(text), {"text_lines"}) == []) is is_right
