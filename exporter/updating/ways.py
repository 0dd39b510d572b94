"""How this netledger was installed: facts of its files, and the way that they mean."""

from __future__ import annotations

import shutil
import site
import subprocess
import sys
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

import msgspec

import exporter

if TYPE_CHECKING:
    from collections.abc import Sequence

NAME = "netledger"
Way: TypeAlias = Literal["uv tool", "pipx", "pip", "uv pip", "debian", "container", "checkout"]
CONTAINER_MARKS = (".dockerenv", "run/.containerenv")
"""Files that Docker and Podman put into every container."""

ASK_SECONDS = 10


class _Folder(msgspec.Struct):
    editable: bool = False


class _Origin(msgspec.Struct):
    dir_info: _Folder = msgspec.field(default_factory=_Folder)


class InstallFacts(NamedTuple):
    """What this machine says of the files of netledger.

    `installer` is what the distribution notes of it, `is_editable` whether it is loaded from a checkout.
    """

    is_distribution: bool
    is_editable: bool = False
    installer: str = ""
    has_uv_receipt: bool = False
    has_pipx_metadata: bool = False
    has_pip: bool = False
    is_of_debian: bool = False
    is_in_container: bool = False
    is_of_user: bool = False


def way_of(facts: InstallFacts) -> Way:
    """The way of these facts: the narrowest first, since a tool's environment has parts of pip's."""
    if not facts.is_distribution or facts.is_editable:
        return "checkout"
    if facts.is_of_debian:
        return "debian"
    if facts.has_uv_receipt:
        return "uv tool"
    if facts.has_pipx_metadata:
        return "pipx"
    if facts.is_in_container and not facts.has_pip and facts.installer != "uv":  # the image has no pip any more
        return "container"
    return "pip" if facts.has_pip and facts.installer != "uv" else "uv pip"


def read_facts(*, root: Path = Path("/"), prefix: Path = Path(sys.prefix)) -> InstallFacts:
    """The facts of the netledger that runs."""
    try:
        found = distribution(NAME)
    except PackageNotFoundError:
        return InstallFacts(is_distribution=False)
    package = Path(exporter.__file__)
    files = Path(str(found.locate_file("")))
    return InstallFacts(
        is_distribution=package.is_relative_to(files / NAME),
        is_editable=_is_editable(found),
        installer=(found.read_text("INSTALLER") or "").strip(),
        has_uv_receipt=(prefix / "uv-receipt.toml").is_file(),
        has_pipx_metadata=(prefix / "pipx_metadata.json").is_file(),
        has_pip=find_spec("pip") is not None,
        is_of_debian=_is_of_debian(package),
        is_in_container=any((root / mark).exists() for mark in CONTAINER_MARKS),
        is_of_user=bool(site.ENABLE_USER_SITE) and package.is_relative_to(site.getusersitepackages()),
    )


def _is_editable(found: Distribution) -> bool:
    """By PEP 610: the folder that is loaded is a checkout, and what updates is git."""
    try:
        origin = msgspec.json.decode(found.read_text("direct_url.json") or "{}", type=_Origin)
    except msgspec.DecodeError:
        return False
    return origin.dir_info.editable


def _is_of_debian(package: Path) -> bool:
    if shutil.which("dpkg") is None or not package.is_relative_to("/usr") or package.is_relative_to("/usr/local"):
        return False
    return bool(_output(("dpkg", "-S", str(package))))


def _output(command: Sequence[str]) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=ASK_SECONDS, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout if done.returncode == 0 else ""
