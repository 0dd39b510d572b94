"""Nothing grows past what fits a glance."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from statistics import median

import pytest

from tests.source_trees import tree_of

ROOT = Path(__file__).parent.parent
MODULES = sorted([*ROOT.glob("exporter/**/*.py"), *ROOT.glob("reports/**/*.py")])
CLIENTS = sorted(ROOT.glob("clients/python/netledger_client/*.py"))
LONGEST_MODULE = 300
LONGEST_FUNCTION = 50
LONGEST_SERVICE = 150


@pytest.mark.parametrize("path", [*MODULES, *CLIENTS], ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_and_its_functions_stay_small(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    lines = text.count("\n")
    functions = [
        (node.name, node.end_lineno - node.lineno + 1)
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno is not None
    ]

    too_long = [(name, length) for name, length in functions if length > LONGEST_FUNCTION]

    assert lines <= (LONGEST_SERVICE if path.parts[-2:] == ("service", "service.py") else LONGEST_MODULE)
    assert not too_long


def test_names_say_duties() -> None:
    techniques = {"utils", "util", "helpers", "common", "manager", "core", "misc"}

    assert not [path for path in MODULES if path.stem in techniques or path.parent.name in techniques]


MOST_IMPORTS, MOST_BROAD_EXCEPTS = 20, 10
TYPICAL_MODULE, TYPICAL_FUNCTION = 130, 7


def test_imports_within_functions_are_few_and_each_has_a_reason() -> None:
    found = [
        (path.read_text(encoding="utf-8").splitlines()[node.lineno - 1], f"{path.relative_to(ROOT)}:{node.lineno}")
        for path, function in _functions()
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]

    assert len(found) <= MOST_IMPORTS
    assert not [place for line, place in found if "PLC0415 - " not in line]


def test_broad_excepts_are_few() -> None:
    broad = {"Exception", "BaseException"}
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in MODULES
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or broad & set(re.findall(r"\w+", ast.unparse(node.type))))
    ]

    assert len(found) <= MOST_BROAD_EXCEPTS


def test_modules_and_functions_are_small_in_the_median() -> None:
    lengths = [node.end_lineno - node.lineno + 1 for _, node in _functions() if node.end_lineno is not None]

    assert median(path.read_text(encoding="utf-8").count("\n") for path in MODULES) <= TYPICAL_MODULE
    assert median(lengths) <= TYPICAL_FUNCTION


def _functions() -> list[tuple[Path, ast.FunctionDef | ast.AsyncFunctionDef]]:
    return [
        (path, node)
        for path in MODULES
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
