"""The user's own folders, as platformdirs names them; on Linux without what importing it costs a command."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

APPLICATION = "netledger"


class NoHomeError(Exception):
    """This user has no home folder, and no variable names another."""


def runs_as_root() -> bool:
    """Whether this is root, whose ledger and settings are the system's."""
    return hasattr(os, "geteuid") and os.geteuid() == 0


def user_name() -> str:
    """The name of the user who calls; of one without a name, as containers have, the number."""
    try:
        return str(import_module("getpass").getuser())
    except (KeyError, OSError, ImportError):
        return str(os.getuid()) if hasattr(os, "getuid") else ""


def config_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """The folder of the user's settings; raises NoHomeError."""
    quick = _linux_folder(environ, "XDG_CONFIG_HOME", ".config")
    return quick or _platform_folder("user_config_dir")


def data_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """The folder of the user's ledger; raises NoHomeError."""
    quick = _linux_folder(environ, "XDG_DATA_HOME", ".local/share")
    return quick or _platform_folder("user_data_dir")


def _linux_folder(environ: Mapping[str, str], variable: str, below_home: str) -> Path | None:
    """The ordinary case; None leaves it to platformdirs (Android reports itself as Linux)."""
    if sys.platform != "linux" or "ANDROID_DATA" in environ:
        return None
    named, home = environ.get(variable, ""), environ.get("HOME", "")
    if named.startswith("/"):
        return Path(named) / APPLICATION
    return Path(home) / below_home / APPLICATION if home.startswith("/") else None


def _platform_folder(kind: str) -> Path:
    import platformdirs  # noqa: PLC0415 - 6 ms that Linux rarely needs

    try:
        return Path(getattr(platformdirs, kind)(APPLICATION, appauthor=False))
    except RuntimeError as error:
        raise NoHomeError("this user has no home folder") from error
