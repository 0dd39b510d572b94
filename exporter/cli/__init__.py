"""The command line: one file a command group, loaded when it is called."""

import errno
import gc
import os
import sys

FULL = frozenset({errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)})
"""Errors of a full disk to which the output is redirected: one sentence, no traceback."""


def main() -> None:
    """Run the command line, without the garbage collector: it finds nothing in imports, and took 15 ms of a command."""
    gc.disable()
    from exporter.cli.root import netledger  # noqa: PLC0415 - importing the package costs nothing

    try:
        netledger()
    except OSError as error:
        if error.errno not in FULL:
            raise
        # The rest of the buffer has nowhere to go, and Python would report it once more at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(f"Error: cannot write {error.filename or 'the answer'}: {error.strerror}")
    finally:
        gc.freeze()  # the interpreter's last collection has nothing to visit then
