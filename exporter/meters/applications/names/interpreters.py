"""What an interpreter runs, by its command line: all are "python3" or "java" otherwise."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence


class Dialect(NamedTuple):
    """The options of an interpreter that say what it runs; all others stand alone.

    `module` are those before a module, `value` before a value, `code` before code, which is no name, `file` before a
    script or an archive; the value of an `attached` one is in the same word. `letters` says that short ones can stand
    together, as in `python3 -Im http.server`. `words` are commands before a script.
    """

    module: str = ""
    value: str = ""
    code: str = ""
    file: str = ""
    attached: str = ""
    words: str = ""
    letters: bool = False


SHELL = Dialect(value="-o +o -O +O --rcfile --init-file", code="-c", letters=True)
DIALECTS = {
    "python": Dialect(module="-m", value="-W -X --check-hash-based-pycs", code="-c", letters=True),
    "node": Dialect(
        value="-r --require --import --loader --experimental-loader -C --conditions --env-file",
        code="-e --eval -p --print -pe",
    ),
    "deno": Dialect(value="-c --config --import-map", code="eval -e repl", words="run serve task"),
    "bun": Dialect(value="-r --preload --cwd", code="-e --eval -p --print", words="run x"),
    "java": Dialect(
        module="-m --module",
        value="-cp -classpath --class-path -p --module-path --add-opens --add-exports --add-modules --add-reads "
        "--enable-native-access --limit-modules --upgrade-module-path",
        file="-jar",
    ),
    "ruby": Dialect(value="-I -r -C -E", code="-e", attached="-0 -F -K -T -W -i -x", letters=True),
    "perl": Dialect(value="-I", code="-e -E", attached="-0 -C -D -F -M -V -i -l -m -x", letters=True),
    "php": Dialect(value="-d -c -S -t -z", code="-r -B -R", file="-f -F"),
    "lua": Dialect(value="-l", code="-e"),
    "shell": SHELL,
}
ALIASES = {
    "pypy": "python",
    "nodejs": "node",
    "luajit": "lua",
    **dict.fromkeys(("sh", "bash", "dash", "zsh", "ksh", "ash", "fish"), "shell"),
}
NAME = re.compile(r"([a-z]+?)[\d.]*(?:-cgi|-dbg|d)?")
# node calls its main thread so, and the kernel its process.
THREADS_OF_NODE = ("MainThread", "node-MainThread")
# A script that comes through a pipe, as of `bash <(curl ...)`.
DESCRIPTOR = re.compile(r"/dev/(fd/|stdin)|/proc/(self|\d+)/fd/")
GENERIC = ("__main__.py", "__main__.pyc")


def dialect_of(command: str) -> Dialect | None:
    """The dialect of "python3.11", "node" or "bash"; None of what is no interpreter."""
    found = NAME.fullmatch(command)
    name = "node" if command in THREADS_OF_NODE else found[1] if found else ""
    return DIALECTS.get(ALIASES.get(name, name))


def script_of(dialect: Dialect, arguments: Sequence[str]) -> str | None:
    """What a command line without its first word runs: a script, module, archive; None where it is code or nothing."""
    rest = iter(arguments)
    for argument in rest:
        option, value = _option(dialect, argument)
        if option in dialect.code.split() or argument == "-":
            return None
        if option in dialect.module.split():
            return value or next(rest, None)
        if option in dialect.file.split() or argument == "--":
            return _base_name(value or next(rest, ""))
        if option in dialect.value.split():
            if not value:
                next(rest, None)
        elif not argument.startswith(("-", "+")) and argument not in dialect.words.split():
            return _base_name(argument)
    return None


def _option(dialect: Dialect, argument: str) -> tuple[str, str]:
    """The option in an argument that decides, and the value in it: "-Im" is -m, "-Wignore" -W, "--env-file=x" has x."""
    if argument.startswith("--"):
        name, _, value = argument.partition("=")
        return name, value
    if dialect.letters and len(argument) > 2 and argument[0] == "-":  # noqa: PLR2004 - a minus, and letters
        deciding = f"{dialect.code} {dialect.module} {dialect.file} {dialect.value} {dialect.attached}".split()
        for place, letter in enumerate(argument[1:], start=2):
            if f"-{letter}" in deciding:
                return f"-{letter}", argument[place:]
    return argument, ""


def _base_name(path: str) -> str | None:
    if DESCRIPTOR.match(path):
        return None
    parts = [part for part in re.split(r"[/\\]", path) if part]
    if len(parts) > 1 and parts[-1] in GENERIC:
        return parts[-2]
    return parts[-1] if parts else None
