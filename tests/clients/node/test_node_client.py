"""The middleware for Node.js: its own tests, its types, and what it is packed with."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.grafana.type_checks import CHECKS

ROOT = Path(__file__).parents[3]
CLIENT = ROOT / "clients" / "node"
LONGEST_SECONDS = 120


def require_frameworks() -> None:
    """Skip where Node or the frameworks are not installed: `make test` installs them."""
    if shutil.which("node") is None:
        pytest.skip("the middleware for Node.js needs node (Debian package nodejs)")
    if not (CLIENT / "node_modules" / "express").exists():
        pytest.skip("the middleware for Node.js needs clients/node/node_modules: cd clients/node && npm ci")


def run_node(*arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("NODE_", "NETLEDGER_"))}
    return subprocess.run(
        ["node", *arguments],
        cwd=CLIENT,
        capture_output=True,
        encoding="utf-8",
        timeout=LONGEST_SECONDS,
        check=False,
        env=environment,
    )


@pytest.mark.parametrize("name", sorted(path.name for path in CLIENT.glob("tests/*.test.js")))
def test_its_own_tests_pass(name: str) -> None:
    require_frameworks()

    done = run_node("--test", f"tests/{name}")

    assert done.returncode == 0, done.stdout + done.stderr


def test_its_types_fit_the_frameworks() -> None:
    require_frameworks()
    compiler = CHECKS / "node_modules" / "typescript" / "bin" / "tsc"
    if not compiler.exists():
        pytest.skip("the types need grafana/checks/node_modules: cd grafana/checks && npm ci")

    done = run_node(str(compiler), "--project", "tests/tsconfig.json")

    assert done.returncode == 0, done.stdout


def test_it_needs_no_other_package_and_is_packed_with_all_that_it_loads() -> None:
    package = json.loads((CLIENT / "package.json").read_text(encoding="utf-8"))
    lock = json.loads((CLIENT / "package-lock.json").read_text(encoding="utf-8"))

    assert "dependencies" not in package
    assert lock["packages"][""]["devDependencies"] == package["devDependencies"]
    assert {package["main"], package["types"], "lib", "LICENSE", "README.md"} == set(package["files"])
    assert all((CLIENT / name).exists() for name in package["files"])
    assert (CLIENT / "LICENSE").read_bytes() == (ROOT / "LICENSE").read_bytes()
