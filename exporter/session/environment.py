"""The outside of a command: the file of `--config`, the environment and the clock."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path


class Environment(NamedTuple):
    """The environment of one call; `now` returns UTC seconds. `units`, `rate` and `hosts` are of options, if given."""

    config: Path | None = None
    environ: Mapping[str, str] = os.environ
    now: Callable[[], float] = time.time
    units: str | None = None
    rate: str | None = None
    hosts: tuple[str, ...] = ()
