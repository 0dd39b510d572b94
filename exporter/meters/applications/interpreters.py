"""Programs that are all the same, whatever they run: their first arguments tell one application from another."""

from __future__ import annotations

INTERPRETERS: dict[str, int] = {
    **dict.fromkeys(("python", "python2", "python3", *(f"python3.{minor}" for minor in range(6, 20))), 0),
    **dict.fromkeys(("sh", "bash", "dash", "zsh", "ksh", "ash", "fish", "ruby", "perl", "php", "lua", "Rscript"), 0),
    **dict.fromkeys(("node", "nodejs", "MainThread", "deno", "bun", "java", "dotnet"), 1),
}
"""Commands whose first arguments name the application, and how many may matter behind the first that is no option.

Node.js 20 and later call their first thread MainThread. `java -cp PATH MAIN`, `deno run SCRIPT`.
"""

ARGUMENT_BYTES, MOST_ARGUMENTS, LONGEST_ARGUMENT = 64, 4, 63 * 9 - 1
"""Of each argument the last 63 bytes are kept, as the programs in the kernel keep them; one that is longer ends all."""

CODE_FOLLOWS = frozenset({b"-c", b"-e"})
"""What follows is code: each text of it would be another application."""


def first_arguments(command_line: bytes, further: int = 0) -> tuple[bytes, ...]:
    """The options of an interpreter, what it runs, and `further` arguments, of /proc/PID/cmdline."""
    found: list[bytes] = []
    for argument in command_line.split(b"\0")[1:-1][:MOST_ARGUMENTS]:
        if len(argument) > LONGEST_ARGUMENT:
            break
        found.append(argument[1 - ARGUMENT_BYTES :])
        if argument in CODE_FOLLOWS:
            break
        if not argument.startswith(b"-") or len(argument) >= ARGUMENT_BYTES:
            if not further:
                break
            further -= 1
    return tuple(found)
