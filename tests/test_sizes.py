"""Nothing grows past what fits a glance."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
MODULES = sorted([*ROOT.glob("exporter/**/*.py"), *ROOT.glob("reports/**/*.py")])
LONGEST_MODULE = 300
LONGEST_FUNCTION = 50
LONGEST_SERVICE = 150


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_and_its_functions_stay_small(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    lines = text.count("\n")
    functions = [
        (node.name, node.end_lineno - node.lineno + 1)
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno is not None
    ]

    too_long = [(name, length) for name, length in functions if length > LONGEST_FUNCTION]

    assert lines <= (LONGEST_SERVICE if path.parts[-2:] == ("service", "service.py") else LONGEST_MODULE)
    assert not too_long


def test_names_say_duties() -> None:
    techniques = {"utils", "util", "helpers", "common", "manager", "core", "misc"}

    assert not [path for path in MODULES if path.stem in techniques or path.parent.name in techniques]
