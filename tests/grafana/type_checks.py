"""Dashboards against Grafana's own types, by the TypeScript compiler in grafana/checks."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests.grafana.dashboard_files import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

CHECKS = ROOT / "grafana" / "checks"
LONGEST_SECONDS = 60


class TypeFinding(NamedTuple):
    """Something that Grafana's types do not take."""

    file: str
    place: str
    message: str

    def __str__(self) -> str:
        return f"{self.file}: {self.place}: {self.message}"


def require_compiler() -> None:
    """Skip where Node or the packages are not installed: `make check-grafana` installs the packages."""
    if shutil.which("node") is None:
        pytest.skip("the types need node (Debian package nodejs)")
    if not (CHECKS / "node_modules" / "typescript").exists():
        pytest.skip("the types need grafana/checks/node_modules: cd grafana/checks && npm ci")


def type_findings(files: Iterable[Path]) -> list[TypeFinding]:
    """What the compiler says of all the files, at once, as its start takes longest."""
    names = [str(file) for file in files]
    done = subprocess.run(
        ["node", str(CHECKS / "check-types.mjs"), *names],
        capture_output=True,
        text=True,
        timeout=LONGEST_SECONDS,
        check=False,
    )
    assert done.returncode in (0, 1), done.stderr
    assert done.stdout, done.stderr
    return [TypeFinding(**found) for found in json.loads(done.stdout)]
