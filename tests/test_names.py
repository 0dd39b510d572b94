"""Names: one class, one name; and the ways that the documents name are there."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections import defaultdict
from pathlib import Path

import pytest

from tests.source_trees import tree_of

ROOT = Path(__file__).parent.parent
PACKAGES = ("exporter", "reports", "grafana", "clients/python/netledger_client")
PATH = re.compile(r"`((?:exporter|reports|grafana|prometheus|tests|docs)/[\w./]*)`")
METAPHORS = {"told", "tell", "look", "desk", "life", "lives", "paper", "roster", "books", "around", "census"}
"""Words that once stood for a field's own: reported, sample, context, counter, export, links, ledger, environment."""


def _modules(package: str) -> list[Path]:
    return sorted(ROOT.glob(f"{package}/**/*.py"))


@pytest.mark.parametrize("package", PACKAGES)
def test_no_two_classes_of_a_package_share_a_name(package: str) -> None:
    places: defaultdict[str, list[str]] = defaultdict(list)
    for path in _modules(package):
        for node in ast.walk(tree_of(path)):
            if isinstance(node, ast.ClassDef):
                places[node.name].append(str(path.relative_to(ROOT)))

    assert not {name: files for name, files in places.items() if len(files) > 1}


@pytest.mark.parametrize("package", PACKAGES)
def test_names_are_no_metaphors(package: str) -> None:
    assert not [
        f"{path.relative_to(ROOT)}:{token.start[0]} {token.string}"
        for path in _modules(package)
        for token in tokenize.generate_tokens(io.StringIO(path.read_text(encoding="utf-8")).readline)
        if token.type == tokenize.NAME and METAPHORS & set(token.string.lower().split("_"))
    ]


@pytest.mark.parametrize("document", ["CONTRIBUTING.md", "docs/architecture.md"])
def test_every_path_that_a_document_names_is_there(document: str) -> None:
    named = PATH.findall((ROOT / document).read_text(encoding="utf-8"))

    assert named
    assert not [path for path in named if not (ROOT / path).exists()]


def test_the_table_of_what_to_touch_names_a_line_that_is_a_list_of_its_kind() -> None:
    """Each file in the last column holds the list that a row means: what is there of this kind stands in it."""
    rows = {
        "exporter/meters/registry.py": "INTERFACES",
        "reports/ledger/shape.py": "INTERFACE",
        "exporter/settings/tree.py": "Interfaces",
        "exporter/cli/root.py": '"usage"',
        "exporter/web/server.py": "exporter.web.api.usage",
        "exporter/web/page/live_frame.py": "METER_SECTIONS",
        "grafana/generate.py": "overview",
        "reports/formats/registry.py": '"csv.days"',
        "exporter/ledger/migrations/__init__.py": "version_2",
    }
    table = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")

    for path, entry in rows.items():
        assert f"`{path}`" in table
        assert entry in (ROOT / path).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("path", "entries"),
    [
        ("exporter/meters/registry.py", ("INTERFACES", "APPLICATIONS", "REQUESTS")),
        ("reports/ledger/shape.py", ("INTERFACE,", "APPLICATION,", "REQUEST)")),
        ("exporter/settings/tree.py", ("interfaces: Interfaces", "applications: Applications", "requests: Requests")),
        ("exporter/cli/root.py", ('"interfaces"', '"apps"', '"requests"')),
        ("exporter/web/server.py", ("api.interfaces", "api.applications", "api.tracking")),
        ("exporter/web/page/live_frame.py", ('"interfaces"', '"applications"', '"requests"')),
        ("exporter/web/page/assets/page.js", ("interfaces:", "applications:", "requests:")),
        ("exporter/cli/doctor.py", ('"counting"', '"applications"', '"requests"')),
        ("grafana/generate.py", ("interfaces, applications, requests, plans",)),
        ("prometheus/prometheus.yml", ("interfaces.yml", "applications.yml", "requests.yml")),
    ],
)
def test_every_meter_stands_in_each_list_of_a_meter(path: str, entries: tuple[str, ...]) -> None:
    text = (ROOT / path).read_text(encoding="utf-8")

    assert [entry for entry in entries if entry not in text] == []
