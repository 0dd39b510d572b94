"""What this machine says of an installation: how netledger is called, whose it is, which supervisor runs."""

from __future__ import annotations

import os
import shlex
import shutil
import stat
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import exporter
from exporter.installing.errors import InstallError
from exporter.installing.installation import HOMES, NAME, Installation, User
from exporter.installing.launchd import Launchd
from exporter.installing.systemd import Systemd
from exporter.installing.task_scheduler import TaskScheduler
from exporter.settings.folders import data_folder, runs_as_root, user_name
from exporter.settings.tree import SYSTEM_LEDGER, default_ledger_path

if TYPE_CHECKING:
    from collections.abc import Mapping

    from exporter.installing.supervisors import Supervisor
    from exporter.settings.tree import Settings

KEY_FILE = Path("/etc/netledger/api_keys")
SYSTEMD_RUNS = Path("/run/systemd/system")
LINGERING = Path("/var/lib/systemd/linger")
PROGRAM_DATA = "PROGRAMDATA"


def supervisor_of(installation: Installation, *, platform: str = sys.platform) -> Supervisor:
    """The supervisor of this system: that of Linux is systemd."""
    if platform == "darwin":
        return Launchd(installation)
    if platform == "win32":
        return TaskScheduler(installation)
    return systemd_of(installation)


def require_supervisor(installation: Installation) -> None:
    """Raise InstallError on Linux without systemd: no other supervisor is known."""
    if sys.platform == "linux" and not SYSTEMD_RUNS.is_dir():
        watch = shlex.join(installation.watch_command)
        remedy = f"have yours run `{shlex.join(installation.run_command)}`, and `{watch} -- COMMAND` beside it"
        raise InstallError("systemd does not run here, and no other supervisor is known", remedy)


def systemd_of(installation: Installation) -> Systemd:
    """systemd, with whether the user lingers by another's doing than ours."""
    systemd = Systemd(installation)
    user = installation.user
    if user is None or not (LINGERING / user.name).exists():
        return systemd
    try:
        is_ours = "X-NetledgerLingering=yes" in systemd.unit_path.read_text(encoding="utf-8")
    except OSError:
        is_ours = False
    return systemd._replace(is_lingering=not is_ours)


def installation_of(
    *,
    is_of_user: bool,
    config: Path | None,
    settings: Settings | None = None,
    has_capabilities: bool = False,
    environ: Mapping[str, str] = os.environ,
) -> Installation:
    """What would be installed of this program, for this user or the system."""
    is_ebpf = settings is not None and settings.applications.meter == "ebpf"
    return Installation(
        command=program(),
        folders=program_folders(),
        user=this_user() if is_of_user else None,
        config=config.absolute() if config else None,
        key_file=None if is_of_user or not KEY_FILE.is_file() else KEY_FILE,
        has_capabilities=(has_capabilities or is_ebpf) and not is_of_user,
        data=_data_folder(environ, is_of_user=is_of_user),
    )


def is_for_user(way: str | None) -> bool:
    """Whether an installation is the user's: as the option says, else the system's for root alone."""
    return way == "user" if way else not runs_as_root()


def program() -> tuple[str, ...]:
    """How this netledger is called: its script beside the interpreter, else the package."""
    folder = Path(sys.executable).absolute().parent
    script = folder / (f"{NAME}.exe" if sys.platform == "win32" else NAME)
    module = NAME if NAME in sys.modules else exporter.__name__  # the second in a checkout
    return (str(script),) if script.is_file() else (str(folder / Path(sys.executable).name), "-m", module)


def program_folders() -> tuple[Path, ...]:
    """Folders that this netledger is loaded from: its environment, the interpreter's, its own."""
    found = (Path(sys.prefix), Path(sys.base_prefix), Path(exporter.__file__).resolve().parent.parent)
    return tuple(dict.fromkeys(found))


def this_user() -> User:
    """The user who calls; raises InstallError without a home folder."""
    try:
        home = Path.home()
    except RuntimeError as error:
        raise InstallError("this user has no home folder", "set HOME to one") from error
    return User(user_name(), os.getuid() if hasattr(os, "getuid") else 0, home)


def refuse_unfit(installation: Installation, settings: Settings) -> None:
    """Raise InstallError where what would be installed could not run."""
    if any(part.startswith("archive-v") for part in Path(sys.prefix).parts):
        raise InstallError("uvx keeps this netledger in a cache that it empties", "uv tool install netledger")
    if installation.user is None and sys.platform == "linux":
        _refuse_other_ledger(settings.ledger.path)
        for path in (Path(installation.command[0]), Path(exporter.__file__), Path(sys.executable).resolve()):
            if not path.resolve().stat().st_mode & stat.S_IROTH:
                remedy = "chmod -R o+rX its folder, install it elsewhere (/opt/netledger), or use --user"
                raise InstallError(f"{path} cannot be read by the service's own user", remedy)


def link_for_all(installation: Installation) -> tuple[Path, Path] | None:
    """A link that brings the command to every user's PATH, and its target; None where it is there, or in a home."""
    target = Path(installation.command[0])
    is_wanted = installation.user is None and sys.platform != "win32" and target.name == NAME
    if not is_wanted or any(path.is_relative_to(home) for home in HOMES for path in (target, *installation.folders)):
        return None
    link = Path("/usr/local/bin") / NAME
    found = shutil.which(NAME, path="/usr/local/bin:/usr/bin:/bin")
    is_ours = link.is_symlink() and link.readlink() == target
    return (link, target) if found is None or is_ours else None


def _refuse_other_ledger(ledger: Path) -> None:
    if ledger not in {SYSTEM_LEDGER, default_ledger_path()}:
        problem = f"ledger.path is {ledger}, and the system's service keeps its ledger in {SYSTEM_LEDGER.parent}"
        raise InstallError(problem, "take ledger.path out of the settings, or use --user")


def _data_folder(environ: Mapping[str, str], *, is_of_user: bool) -> Path:
    if not is_of_user and environ.get(PROGRAM_DATA):
        return Path(environ[PROGRAM_DATA]) / NAME
    return data_folder() if is_of_user else SYSTEM_LEDGER.parent
