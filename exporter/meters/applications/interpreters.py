"""Programs that are all the same, whatever they run: their first arguments tell one application from another."""

from __future__ import annotations

INTERPRETER_NAMES = (
    *("python", "python2", "python3", *(f"python3.{minor}" for minor in range(6, 20))),
    *("node", "nodejs", "MainThread", "deno", "bun", "java", "ruby", "perl", "php", "lua", "Rscript", "dotnet"),
    *("sh", "bash", "dash", "zsh", "ksh", "fish"),
)
"""Commands whose first arguments name the application; Node.js 20 and later call their first thread MainThread."""

ARGUMENT_BYTES = 64
"""Of an argument the first 63 bytes are kept, as the programs in the kernel keep them."""


def first_arguments(command_line: bytes) -> tuple[bytes, bytes]:
    """The script of an interpreter, or its option and what follows, of /proc/PID/cmdline; b"" for none."""
    _, first, second, *_ = (*command_line.split(b"\0"), b"", b"")
    # what follows -c and -e is code: each text of it would be another application
    has_second = first.startswith(b"-") and first not in {b"-c", b"-e"}
    return first[: ARGUMENT_BYTES - 1], second[: ARGUMENT_BYTES - 1] if has_second else b""
