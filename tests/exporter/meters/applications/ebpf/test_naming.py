"""What the kernel knows of an owner: the process' name, an interpreter's first words, and when they are read."""

from __future__ import annotations

import contextlib
import subprocess
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING

import pytest

from exporter.meters.applications.ebpf.loading import Knowledge
from exporter.meters.applications.ebpf.source import NO_NUMBERS, has_first_numbers
from exporter.meters.applications.names.namer import make_namer
from exporter.meters.applications.traffic import SHORT_LIVED
from exporter.settings.tree import Settings
from tests.end_to_end.namespaces import Moved
from tests.exporter.meters.applications.ebpf.conftest import Seen, counting
from tests.exporter.meters.applications.ebpf.metering import Metering, only
from tests.worlds.own_line import OURS
from tests.worlds.programs import INTERPRETER, SECONDS, program

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.worlds.own_line import Line

pytestmark = pytest.mark.namespaces

HEADERS = 14 + 20 + 8
SEND = """
import ctypes, os, socket, sys, threading
address, how, *names = sys.argv[1:]
rename = lambda name: ctypes.CDLL(None).prctl(15, name.encode(), 0, 0, 0)

def send(size=1000):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        if how == "renamed after":
            rename(names[0])
        sender.sendto(bytes(size), (address, 9))

def send_as_a_thread():
    rename(names[0])
    send()

if how == "renamed before":
    rename(names[0])
if how == "thread":
    thread = threading.Thread(target=send_as_a_thread)
    thread.start()
    thread.join()
else:
    send()
if how == "hold":
    print(os.getpid(), flush=True)
    sys.stdin.read()
"""
"""Arguments: address, how, other name. Sends 1,000 bytes."""
SENT = Moved(0, 1000 + HEADERS)


@pytest.mark.parametrize(("how", "is_renamed"), [("thread", False), ("renamed before", True), ("renamed after", False)])
def test_a_socket_is_of_the_process_by_its_name_at_that_time(
    line: Line, seen: Seen, tmp_path: Path, how: str, *, is_renamed: bool
) -> None:
    sender, other = program(tmp_path, "send"), f"other-{token_hex(3)}"

    sender.run(line.near, SEND, line.network.far, how, other)

    assert seen.of(other, OURS) == (SENT if is_renamed else Moved())
    assert seen.of(sender.command, OURS) == (Moved() if is_renamed else SENT)


@pytest.mark.parametrize("words", [("{script}",), ("-m", "{module}"), ("-u", "{script}"), ("-c",)])
def test_an_interpreter_has_the_words_that_name_its_program(
    line: Line, seen: Seen, tmp_path: Path, words: tuple[str, ...]
) -> None:
    module = f"work_{token_hex(3)}"
    given = tuple(word.format(module=module, script=f"{module}.py") for word in words)
    (tmp_path / f"{module}.py").write_text(SEND, encoding="ascii")
    (tmp_path / "python3").symlink_to(INTERPRETER)

    code = (SEND,) if words == ("-c",) else ()
    within = ("ip", "netns", "exec", line.near.name, str(tmp_path / "python3"))
    subprocess.run([*within, *given, *code, line.network.far, "at once"], cwd=tmp_path, check=True, timeout=SECONDS)

    owners = {each.owner for each in seen.rows("python3", OURS)}
    assert [owner.arguments for owner in owners] == [given]


def test_an_adopted_socket_has_the_same_owner_as_a_new_one(line: Line, tmp_path: Path) -> None:
    script = tmp_path / f"work_{token_hex(3)}.py"
    script.write_text(TWICE, encoding="ascii")
    (tmp_path / "python3").symlink_to(INTERPRETER)
    command = ("ip", "netns", "exec", line.near.name, str(tmp_path / "python3"), script.name, line.network.far)
    with subprocess.Popen(command, cwd=tmp_path, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        with counting(line.network.scopes) as source:
            seen = Seen(source)
            process.communicate("go on\n", timeout=SECONDS)

            (row,) = seen.rows("python3", OURS)
            assert row.owner.arguments == (script.name,)
            assert row.transmit_bytes == 2 * SENT.transmit


TWICE = """
import socket, sys
old = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
print("ready", flush=True)
sys.stdin.readline()
for sender in (old, socket.socket(socket.AF_INET, socket.SOCK_DGRAM)):
    sender.sendto(bytes(1000), (sys.argv[1], 9))
"""


@pytest.fixture
def nameless(line: Line) -> Iterator[Seen]:
    """Programs that read no names, as without CAP_PERFMON."""
    if not has_first_numbers():
        pytest.skip("processes have other numbers in this PID namespace than in the kernel")
    with counting(line.network.scopes, knowledge=Knowledge()) as source:
        yield Seen(source)


@contextlib.contextmanager
def holding(line: Line, *command: str) -> Iterator[int]:
    """A process that has sent, and ends with the block: its number."""
    inside = ("ip", "netns", "exec", line.near.name)
    with subprocess.Popen([*inside, *command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield int(process.stdout.readline())
        process.communicate(timeout=SECONDS)


def test_without_names_from_the_kernel_a_process_that_still_runs_has_its_name(
    line: Line, nameless: Seen, tmp_path: Path
) -> None:
    longer, shorter = program(tmp_path, "longer"), program(tmp_path, "shorter")
    shorter.run(line.near, SEND, line.network.far, "at once")
    with holding(line, str(longer.path), "-S", "-c", SEND, line.network.far, "hold"):
        nameless.read()

    assert nameless.of(longer.command, OURS) == SENT
    assert nameless.of(shorter.command) == Moved()
    (ended,) = {row.owner for row in nameless.rows("", OURS) if not row.owner.command and not row.owner.special}
    assert make_namer(Settings()).name_of(ended) == SHORT_LIVED


def test_numbers_of_another_namespace_name_no_process(line: Line, tmp_path: Path) -> None:
    assert has_first_numbers(Path("/proc/self/ns/net")) is False
    sender = program(tmp_path, "send")
    inside = ("unshare", "--pid", "--fork", "--mount-proc", *only("bpf", "net_admin"))
    with contextlib.closing(Metering(line.network.texts, inside)) as metering:
        if metering.error:
            pytest.skip(metering.error)
        seen = Seen(metering)
        sender.run(line.near, SEND, line.network.far, "at once")

        assert NO_NUMBERS in metering.limits
        assert {row.owner.pid for row in seen.rows("")} == {0}
        assert seen.of("", OURS, "udp") == SENT
        assert seen.of(sender.command) == Moved()


def test_a_processs_number_that_is_used_again_is_another_process(line: Line, nameless: Seen, tmp_path: Path) -> None:
    first, second = program(tmp_path, "first"), program(tmp_path, "second")
    send = ("-S", "-c", SEND, line.network.far, "hold")
    with holding(line, str(first.path), *send) as number:
        nameless.read()
    with holding(line, str(INTERPRETER), "-S", "-c", AGAIN, str(number), str(second.path), *send) as again:
        nameless.read()

    assert again == number
    assert nameless.of(first.command, OURS) == nameless.of(second.command, OURS) == SENT


AGAIN = """
import ctypes, os, struct, sys
numbers = (ctypes.c_int * 1)(int(sys.argv[1]))
clone = struct.pack("<11Q", 0, 0, 0, 0, 17, 0, 0, 0, ctypes.addressof(numbers), 1, 0)  # struct clone_args
child = ctypes.CDLL(None, use_errno=True).syscall(435, ctypes.create_string_buffer(clone, len(clone)), len(clone))
if child == 0:
    os.execv(sys.argv[2], sys.argv[2:])
if child < 0:
    sys.exit(os.strerror(ctypes.get_errno()))
os.waitpid(child, 0)
"""
"""Arguments: a process' number that is free, command. Runs it under that number: clone3(2)."""
