"""The compiled programs are those of the source, and their readers take no damaged file for a whole one."""

from __future__ import annotations

import shutil
import struct
import subprocess
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from exporter.meters.applications.ebpf.adoption import OWNER, first_words
from exporter.meters.applications.ebpf.btf import BtfError, Types, member_offset, nested_offset, parse_header
from exporter.meters.applications.ebpf.elf import ElfError, read_object
from exporter.meters.applications.ebpf.loading import ACCOUNT, ACCOUNTS, COUNTS, KINDS, OBJECT, Knowledge

COMPILER = "clang-14"
WHOLE = OBJECT.read_bytes()


def test_the_compiled_programs_are_those_of_the_source(tmp_path: Path) -> None:
    if shutil.which(COMPILER) is None:
        pytest.skip(f"{COMPILER} is not installed (Debian package {COMPILER})")
    root, again = Path(__file__).parents[5], tmp_path / "again.o"
    printed = subprocess.run(["make", "-n", "bpf"], cwd=root, capture_output=True, text=True, check=True).stdout
    command = next(line for line in printed.splitlines() if line.startswith(COMPILER))

    subprocess.run(["sh", "-c", f"{command.rpartition(' -o ')[0]} -o {again}"], cwd=root, check=True)

    assert again.read_bytes() == WHOLE, "make bpf writes the object again"


def test_every_program_has_a_hook_and_every_layout_its_size() -> None:
    compiled = read_object(WHOLE)

    assert {program.section for program in compiled.programs} == KINDS.keys()
    assert compiled.maps[ACCOUNTS].key_size == ACCOUNT.size
    assert compiled.maps[ACCOUNTS].value_size == COUNTS.size
    assert compiled.maps["owners"].value_size == OWNER.size
    assert compiled.license == b"Dual MIT/GPL"


@given(data=st.binary(max_size=400))
def test_any_bytes_are_no_programs(data: bytes) -> None:
    with pytest.raises(ElfError):
        read_object(data)


@given(place=st.integers(0, len(WHOLE) - 1), value=st.integers(0, 255), end=st.integers(0, len(WHOLE)))
@example(place=47, value=255, end=0)  # the last byte of the offset of the sections
def test_a_damaged_object_is_read_or_refused(place: int, value: int, end: int) -> None:
    damaged = bytearray(WHOLE)
    damaged[place] = value
    for data in (bytes(damaged), WHOLE[:end]):
        with suppress(ElfError):
            read_object(data)


def _types(*structures: tuple[str, list[tuple[str, int]]]) -> bytes:
    names, types = b"\0", b""

    def number(name: str) -> int:
        nonlocal names
        names += name.encode() + b"\0"
        return len(names) - len(name) - 1

    for name, members in structures:
        types += struct.pack("<III", number(name), 4 << 24 | len(members), 4096)
        types += b"".join(struct.pack("<III", number(member), 1, offset * 8) for member, offset in members)
    return struct.pack("<HBBIIIII", 0xEB9F, 1, 0, 24, 0, len(types), len(types), len(names)) + types + names


KERNEL = _types(
    ("task_struct", [("state", 0), ("mm", 1136), ("group_leader", 1328), ("comm", 1752)]),
    ("prctl_mm_map", [("brk", 40), ("start_stack", 48), ("arg_start", 56)]),
)


def test_members_are_found_where_they_lie() -> None:
    types = parse_header(KERNEL)

    assert member_offset(types, "task_struct", "comm") == 1752
    assert nested_offset(types, "start_stack", "arg_start") == 56
    with pytest.raises(BtfError, match="no nothing"):
        member_offset(types, "task_struct", "nothing")


@given(place=st.integers(0, len(KERNEL) - 1), value=st.integers(0, 255), end=st.integers(0, len(KERNEL)))
def test_damaged_types_are_read_or_refused(place: int, value: int, end: int) -> None:
    damaged = bytearray(KERNEL)
    damaged[place] = value
    for data in (bytes(damaged), KERNEL[:end]):
        with suppress(BtfError):
            types: Types = parse_header(data)
            member_offset(types, "task_struct", "comm")
            nested_offset(types, "start_stack", "arg_start")


@pytest.mark.parametrize(
    ("line", "further", "words"),
    [
        (b"python3\0backup.py\0--all\0", 0, [b"backup.py"]),
        (b"python3\0-u\0-m\0http.server\0-p\0", 0, [b"-u", b"-m", b"http.server"]),
        (b"java\0-cp\0a.jar\0org.example.Main\0x\0", 1, [b"-cp", b"a.jar", b"org.example.Main"]),
        (b"bash\0-c\0curl example.org\0", 0, [b"-c"]),
        (b"python3\0", 0, []),
        (b"", 0, []),
        (b"java\0/" + b"y" * 100 + b"\0z\0", 1, [b"y" * 63, b"z"]),
        (b"java\0" + b"x" * 600 + b"\0y\0", 1, []),
        (b"java\0-a\0-b\0-d\0-f\0-g\0", 1, [b"-a", b"-b", b"-d", b"-f"]),
    ],
)
def test_an_interpreters_first_words_name_its_application(line: bytes, further: int, words: list[bytes]) -> None:
    hashed, kept = first_words(line, further)

    assert kept == b"".join(word.ljust(64, b"\0") for word in words).ljust(256, b"\0")
    assert hashed % 2 == 1


def test_without_names_accounts_are_by_process() -> None:
    assert not Knowledge().names
