"""Work that is interrupted before its n-th file operation: killed as by SIGKILL, or refused by a full disk."""

from __future__ import annotations

import errno
import os
import signal
import sys
import warnings
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

OPERATIONS = frozenset(
    {
        *("open", "write", "fsync", "replace", "rename", "unlink", "mkdir", "truncate"),
        *("sendfile", "copy_file_range", "connect", "backup", "commit"),
    }
)
STATEMENTS = OPERATIONS | {"execute"}
"""Every statement of SQL, too."""

WRITING = OPERATIONS - {"unlink", "connect", "commit"}
"""What a full disk refuses, where Python sees it."""


def is_killed(work: Callable[[], object], step: int, operations: frozenset[str] = OPERATIONS) -> bool:
    """Do the work in a child that is killed before its step-th file operation; False when it had fewer, and is done."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # a child that touches no thread of its parent
        child = os.fork()
    if child == 0:
        before_operation(operations, step, lambda: os.kill(os.getpid(), signal.SIGKILL))
        try:
            work()
            os._exit(0)
        finally:
            os._exit(1)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert status in {0, -signal.SIGKILL}
    return status != 0


def is_refused(work: Callable[[], object], step: int, refusal: type[Exception]) -> bool:
    """Do the work on a disk that is full at the step-th writing operation; False when it had fewer, and is done."""

    def refuse() -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    before_operation(WRITING, step, refuse)
    try:
        work()
    except refusal:
        return True
    finally:
        sys.setprofile(None)
    return False


def before_operation(names: frozenset[str], step: int, act: Callable[[], None]) -> None:
    """Have `act` called before the step-th call of one of these functions, in this thread."""
    calls = 0

    def note(_frame: FrameType, event: str, what: Any) -> None:
        nonlocal calls
        if event == "c_call" and what.__name__ in names:
            calls += 1
            if calls == step:
                act()

    sys.setprofile(note)
