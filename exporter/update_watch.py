"""The watch for a newer netledger: once a day a process of its own asks the index, and another one may install.

The modules that ask would stay in the memory of a service that runs for years.
"""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import msgspec

import exporter

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from exporter.settings.auto_update import AutoUpdate

log = logging.getLogger(__name__)

FIRST_SECONDS, NEXT_SECONDS = 60.0, 86_400.0
"""From a start to the first question, and from one question to the next."""

MOST_SECONDS = 300.0
PACKAGES = Path(exporter.__file__).parents[1]
CALL = f"import sys; sys.path.insert(0, {str(PACKAGES)!r}); from exporter.cli import main; main()"
COMMAND = (sys.executable, "-P", "-c", CALL, "update")
"""`netledger update` in any folder: the tool replaces the one that our packages are in."""

LAUNCH = """
import subprocess, sys
subprocess.Popen(sys.argv[1:], start_new_session=True, creationflags=getattr(subprocess, "DETACHED_PROCESS", 0))
"""
"""Starts a program in a session of its own, and ends: no process of ours is its parent."""

LAUNCH_SECONDS = 30.0
OF_THIS_UNIT = ("NOTIFY_SOCKET", "WATCHDOG_PID", "WATCHDOG_USEC", "INVOCATION_ID", "JOURNAL_STREAM")
"""Variables of systemd that are this process's own."""

PASSED_ON = ("PIP_", "UV_", "PIPX_", "NETLEDGER_", "PATH", "SSL_", "REQUESTS_", "HTTP", "http", "NO_PROXY", "no_proxy")
"""Beginnings of variables that the tools of an update read."""


class UpdateState(NamedTuple):
    """The version that is there, and whether it is an update; `note` is what a person does, or why it is not done."""

    version: str
    is_available: bool
    note: str = ""


class _IndexAnswer(msgspec.Struct):
    status: str
    text: str
    version: str = ""
    update_available: bool = False
    has_failed: bool = False


class UpdateWatch:
    """Asks as `auto_update` says. `config` is the settings file of the service, `ledger` its ledger."""

    def __init__(
        self, mode: AutoUpdate, ledger: Path, config: Path | None = None, *, command: Sequence[str] = COMMAND
    ) -> None:
        """Nothing is asked before `check`."""
        self.state: UpdateState | None = None
        self.is_on = mode != "off"
        self._mode, self._ledger, self._command = mode, ledger.absolute(), tuple(command)
        self._options = ("--config", str(config.absolute())) if config is not None else ()
        self._has_asked = False

    def interval(self) -> float:
        """Seconds to the next question."""
        return NEXT_SECONDS if self._has_asked else FIRST_SECONDS

    async def check(self) -> None:
        """Ask once, and install where that is chosen; a failure is a line of the log, and the last answer stays."""
        self._has_asked = True
        try:
            answer = await self._ask()
        except (OSError, msgspec.DecodeError) as error:
            log.warning("the index does not say whether there is an update: %s", error)
            return
        if not answer.version:
            log.info("auto_update has no effect: %s", answer.text)
            return
        is_due = answer.update_available or answer.status == "interrupted"
        note = "`netledger update`"
        if is_due and self._mode == "apply":
            note = await asyncio.to_thread(self._apply, answer)
        self.state = UpdateState(answer.version, answer.update_available, note)
        if is_due:
            log.info("netledger %s is there: %s", answer.version, note)

    async def _ask(self) -> _IndexAnswer:
        """The answer of `netledger update --check-only`; raises OSError with its last line of errors."""
        process = await asyncio.create_subprocess_exec(
            *(*self._command, "--check-only", "--json", *self._options),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=self._ledger.parent,
            env=self._environ(),
        )
        try:
            output, errors = await asyncio.wait_for(process.communicate(), MOST_SECONDS)
        except TimeoutError:
            raise OSError("no answer within five minutes") from None
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if not output:
            lines = errors.decode(errors="replace").strip().splitlines()
            raise OSError(lines[-1] if lines else f"exit code {process.returncode}")
        return msgspec.json.decode(output, type=_IndexAnswer)

    def _apply(self, answer: _IndexAnswer) -> str:
        """Start the update as a process that outlives this one; returns what a person is told."""
        if answer.has_failed:
            return f"not installed again: {answer.text}"
        if not os.access(PACKAGES, os.W_OK):
            return "this service may not write its own program: `sudo netledger update`"
        try:
            self._start()
        except (OSError, subprocess.SubprocessError) as error:
            return f"it cannot be installed ({error}): `netledger update`"
        return "an update was started"

    def _start(self) -> None:
        """Within systemd as a unit of its own, since a restart ends all processes of ours; else in its own session."""
        environ = self._environ()
        command = (*self._command, *self._options)
        program = shutil.which("systemd-run") if "INVOCATION_ID" in os.environ else None
        if program is not None:
            passed = (f"--setenv={name}" for name in environ if name.startswith(PASSED_ON))
            manager = () if hasattr(os, "geteuid") and os.geteuid() == 0 else ("--user",)
            unit = (program, *manager, "--collect", "--quiet", "--unit=netledger-update", *passed)
            within = (*unit, f"--working-directory={self._ledger.parent}", "--", *command)
            subprocess.run(within, env=environ, check=True, timeout=LAUNCH_SECONDS)  # noqa: S603 - our own words and paths
            return
        with self._ledger.with_name(f"{self._ledger.name}.update.log").open("wb") as log_file:
            subprocess.run(  # noqa: S603 - our own words and paths
                (sys.executable, "-P", "-c", LAUNCH, *command),
                stdin=subprocess.DEVNULL,
                stdout=log_file,
                stderr=subprocess.STDOUT,
                cwd=self._ledger.parent,
                env=environ,
                check=True,
                timeout=LAUNCH_SECONDS,
            )

    def _environ(self) -> Mapping[str, str]:
        kept = {name: value for name, value in os.environ.items() if name not in OF_THIS_UNIT}
        return kept | {"NETLEDGER_LEDGER_PATH": str(self._ledger)}
