"""Which indexes the installing tool asks: as pip's own configuration or uv's says; pure but for asking them."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from exporter.updating.index.pages import ReleaseIndexError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from exporter.updating.ways import Way

DEFAULT_INDEX = "https://pypi.org/simple"
SECTIONS = ("global", "install", ":env:")
"""Sections of pip's configuration that `pip install` reads; a later one overrides."""

PIP_VARIABLES = {"PIP_INDEX_URL": "index-url", "PIP_EXTRA_INDEX_URL": "extra-index-url", "PIP_CERT": "cert"}
PIP_SECONDS = 60


class Indexes(NamedTuple):
    """Addresses of indexes, in the tool's order. `is_first_enough`: the first that has the project is the only one.

    `certificate` is a file of certificates to trust instead of the system's.
    """

    urls: tuple[str, ...] = (DEFAULT_INDEX,)
    is_first_enough: bool = False
    certificate: str = ""


def read_indexes(way: Way, environ: Mapping[str, str]) -> Indexes:
    """The indexes of the tool that installed netledger; raises ReleaseIndexError."""
    if way in {"uv tool", "uv pip"}:
        return indexes_of_uv(environ, [_toml(path) for path in _uv_files(environ)])
    if way in {"pip", "pipx"}:
        return indexes_of_pip(_pip_config())
    return indexes_of_pip(
        "\n".join(f":env:.{key}={environ[name]!r}" for name, key in PIP_VARIABLES.items() if environ.get(name))
    )


def indexes_of_pip(config: str) -> Indexes:
    """The indexes in the output of `pip config list`; all of them count. Raises ReleaseIndexError where none may."""
    found: dict[str, dict[str, str]] = {section: {} for section in SECTIONS}
    for line in config.splitlines():
        name, _, text = line.partition("=")
        section, _, key = name.rpartition(".")
        if section in found:
            found[section][key] = _literal(text)
    given: dict[str, str] = {}
    for section in SECTIONS:
        given |= found[section]
    if given.get("no-index", "").lower() in {"1", "true", "yes", "on"}:
        raise ReleaseIndexError("pip is set to ask no index (no-index)")
    urls = (given.get("index-url") or DEFAULT_INDEX, *given.get("extra-index-url", "").split())
    return Indexes(tuple(dict.fromkeys(urls)), certificate=given.get("cert", ""))


def indexes_of_uv(environ: Mapping[str, str], files: list[dict[str, Any]]) -> Indexes:
    """The indexes of uv's variables, else of its files; the first that has the project is the only one."""
    named = [index for file in files for index in file.get("index", ()) if isinstance(index, dict)]
    usual = [str(index["url"]) for index in named if index.get("default") and "url" in index]
    usual += [str(file["index-url"]) for file in files if "index-url" in file]
    extra = [str(index["url"]) for index in named if not index.get("default") and "url" in index]
    extra += [str(url) for file in files for url in file.get("extra-index-url", ())]
    variable = environ.get("UV_DEFAULT_INDEX") or environ.get("UV_INDEX_URL") or ""
    added = f"{environ.get('UV_INDEX', '')} {environ.get('UV_EXTRA_INDEX_URL', '')}".split()
    last = _address(variable) if variable else next(iter(usual), DEFAULT_INDEX)
    urls = (*map(_address, added), *extra, last)
    return Indexes(tuple(dict.fromkeys(urls)), is_first_enough=True, certificate=environ.get("SSL_CERT_FILE", ""))


def _address(text: str) -> str:
    """The address of an index that may have a name before it: name=https://..."""
    name, mark, address = text.partition("=")
    return address if mark and name.replace("-", "").replace("_", "").isalnum() else text


def _literal(text: str) -> str:
    try:
        return str(ast.literal_eval(text))
    except (ValueError, SyntaxError):
        return text.strip()


def _pip_config() -> str:
    command = (sys.executable, "-P", "-m", "pip", "config", "list", "--disable-pip-version-check")
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=PIP_SECONDS, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ReleaseIndexError(f"pip does not say which index it asks: {error}") from error
    if done.returncode:
        raise ReleaseIndexError(f"pip does not say which index it asks: {done.stderr.strip()}")
    return done.stdout


def _uv_files(environ: Mapping[str, str]) -> Iterator[Path]:
    """Uv's files of settings that hold for tools: the user's, then the system's."""
    if "UV_CONFIG_FILE" in environ:
        yield Path(environ["UV_CONFIG_FILE"])
        return
    if "HOME" in environ:
        yield Path(environ.get("XDG_CONFIG_HOME") or f"{environ['HOME']}/.config") / "uv" / "uv.toml"
    yield Path("/etc/uv/uv.toml")


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise ReleaseIndexError(f"{path}: {error}") from error
