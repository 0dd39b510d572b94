"""What commands of the system print."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

from exporter.metering.samples import MeterError

if TYPE_CHECKING:
    from collections.abc import Sequence

_TIMEOUT_SECONDS = 20


def run_command(command: Sequence[str]) -> str:
    """What a command prints, without a shell; raises MeterError when it is missing, fails or hangs."""
    try:
        done = subprocess.run(  # noqa: S603 - the commands are constants of this package
            command,
            capture_output=True,
            check=True,
            timeout=_TIMEOUT_SECONDS,
            env={**os.environ, "LC_ALL": "C"},
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise MeterError(f"{command[0]}: {error}") from error
    return done.stdout.decode("utf-8", "replace")
