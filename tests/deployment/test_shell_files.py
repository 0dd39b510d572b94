"""The manual page and the completions of the wheel are what the commands say, and do what they are for."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from exporter.cli.root import COMMANDS, SUBCOMMANDS

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "packaging" / "shell"
IN_PYTHON = """
import sys
from exporter.cli.root import netledger
try:
    netledger(prog_name="netledger")
except SystemExit:
    assert not [name for name in sys.modules if name.startswith("exporter.cli.") and name != "exporter.cli.root"]
    raise
"""


def _generated() -> dict[str, str]:
    spec = importlib.util.spec_from_file_location("generate", FOLDER / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    files: dict[str, str] = module.shell_files()
    return files


@pytest.mark.parametrize("name", ["netledger.1", "netledger.bash", "_netledger", "netledger.fish"])
def test_a_file_of_a_shell_is_what_the_commands_say(name: str) -> None:
    assert (FOLDER / name).read_text(encoding="utf-8") == _generated()[name], "write them again with `make shell-files`"


def test_the_manual_page_has_every_command() -> None:
    page = (FOLDER / "netledger.1").read_text(encoding="utf-8").replace("\\", "")

    assert not [name for name in COMMANDS if f'.SS "netledger {name}' not in page]
    assert not [words for words in SUBCOMMANDS if f'.SS "netledger {" ".join(words)}' not in page]


@pytest.mark.skipif(not shutil.which("groff"), reason="needs groff")
def test_the_manual_page_is_good_roff() -> None:
    done = subprocess.run(
        ["groff", "-man", "-ww", "-z", "-Tutf8", FOLDER / "netledger.1"], capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stderr) == (0, "")


def test_the_wheel_installs_every_one_of_them() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))

    shared = project["tool"]["hatch"]["build"]["targets"]["wheel"]["shared-data"]
    assert {Path(source).name for source in shared} == set(_generated())
    assert all(target.startswith("share/") for target in shared.values())


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """A folder with a `netledger` that must load no command."""
    script = tmp_path / "netledger"
    script.write_text(f"#!{sys.executable}\n{IN_PYTHON}", encoding="utf-8")
    script.chmod(0o755)
    return tmp_path


def _complete(program: Path, *words: str) -> set[str]:
    """The completions of bash for the last word."""
    line = f"""
        source {FOLDER / "netledger.bash"}
        COMP_WORDS=({" ".join(words)} ''); COMP_CWORD={len(words) - 1}
        _netledger_completion netledger
        printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    environ = {"PATH": f"{program}:{os.environ['PATH']}", "PYTHONPATH": os.pathsep.join(sys.path), "HOME": str(program)}
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=True, env=environ)
    assert done.stderr == ""
    return set(done.stdout.split())


@pytest.mark.skipif(not shutil.which("bash"), reason="needs bash")
def test_bash_completes_commands_without_loading_any(program: Path) -> None:
    assert _complete(program, "netledger", "mo") == {"month", "months"}
    assert {"today", "hours", "check"} <= _complete(program, "netledger", "''")


@pytest.mark.skipif(not shutil.which("bash"), reason="needs bash")
def test_bash_completes_options_and_their_values(program: Path) -> None:
    script = program / "netledger"
    script.write_text(script.read_text(encoding="utf-8").replace("assert", "0 and"), encoding="utf-8")

    assert {"--last", "--from", "--interface"} <= _complete(program, "netledger", "days", "--")
    assert _complete(program, "netledger", "check", "--period", "m") == {"month"}
    assert _complete(program, "netledger", "config", "s") == {"show"}
