"""Exclusive locks on files: the kernel releases them however the process ends."""

from __future__ import annotations

import errno
import os
import sys
import time

TEST_SECONDS = 5.0
"""A writer waits so long for processes that test the lock; each test takes microseconds."""

PAUSE_SECONDS = 0.005
CANNOT_LOCK = frozenset({errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EINVAL, errno.EBADF})
"""What file systems without such locks answer."""


def is_locked(opened: int) -> bool:
    """Lock an open file, as soon as no process tests it; False where another has it. Raises OSError."""
    ends = time.monotonic() + TEST_SECONDS
    while not _take(opened):
        if has_writer(opened) or time.monotonic() > ends:
            return False
        time.sleep(PAUSE_SECONDS)
    return True


if sys.platform == "win32":
    import msvcrt

    _FAR = 1 << 30
    """Windows locks bytes against reading too: one far beyond the text keeps the file readable."""

    def _take(opened: int) -> bool:
        os.lseek(opened, _FAR, os.SEEK_SET)
        try:
            msvcrt.locking(opened, msvcrt.LK_NBLCK, 1)
        except PermissionError:
            return False
        return True

    def has_writer(opened: int) -> bool:
        """True if a process has locked the file."""
        if not _take(opened):
            return True
        os.lseek(opened, _FAR, os.SEEK_SET)
        msvcrt.locking(opened, msvcrt.LK_UNLCK, 1)
        return False

else:
    import fcntl

    def _take(opened: int) -> bool:
        try:
            fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def has_writer(opened: int) -> bool:
        """True if a process has locked the file; the test shares the lock for a moment. Raises OSError."""
        try:
            fcntl.flock(opened, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        fcntl.flock(opened, fcntl.LOCK_UN)
        return False
