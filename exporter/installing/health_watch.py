"""The watch over a service: asks whether it answers, and calls a command where it does not."""

from __future__ import annotations

import shlex
import subprocess
import time
from typing import TYPE_CHECKING

from exporter.session.client import ServiceClient, ServiceError
from exporter.session.service_discovery import service_urls

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from exporter.settings.tree import Settings

RESTART_SECONDS = 120
"""A restart that takes longer has failed."""

GRACE = 2
"""Questions that are left out after a restart: a start takes its time."""


class HealthWatch:
    """Counts questions without an answer, and restarts at the given number in a row."""

    def __init__(
        self, settings: Settings, command: Sequence[str], most_failures: int, write_line: Callable[[str], object]
    ) -> None:
        """`command` restarts the service."""
        self._urls, self._certificate = service_urls(settings), settings.server.tls_cert
        self._command, self._most, self._write_line = tuple(command), most_failures, write_line
        self._failures, self._grace, self._is_down = 0, 0, False

    def ask(self) -> bool:
        """Ask once, and restart where that is due; returns whether the service answered."""
        problem = self._problem()
        if not problem:
            if self._is_down:
                self._write_line("netledger answers again")
            self._failures, self._grace, self._is_down = 0, 0, False
            return True
        self._is_down = True
        if self._grace:
            self._grace -= 1
            return False
        self._failures += 1
        self._write_line(problem)
        if self._failures >= self._most:
            self._restart()
        return False

    def _problem(self) -> str:
        problem = ""
        for url in self._urls:
            try:
                ServiceClient(url, certificate=self._certificate).fetch("/-/healthy")
            except ServiceError as error:
                problem = problem or str(error)
            else:
                return ""
        return problem

    def _restart(self) -> None:
        self._failures, self._grace = 0, GRACE
        self._write_line(f"runs {shlex.join(self._command)}")
        try:
            done = subprocess.run(self._command, timeout=RESTART_SECONDS, check=False)  # noqa: S603 - the caller's own
        except (OSError, subprocess.TimeoutExpired) as error:
            self._write_line(f"it failed: {error}")
        else:
            if done.returncode:
                self._write_line(f"it failed with exit code {done.returncode}")


def wait_for_ever(watch: HealthWatch, interval: float, count: int | None) -> None:
    """Ask every so many seconds, `count` times or until a signal."""
    asked = 0
    while count is None or asked < count:
        if asked:
            time.sleep(interval)
        watch.ask()
        asked += 1
