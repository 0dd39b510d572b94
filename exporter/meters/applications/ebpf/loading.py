"""Loads the compiled programs, and attaches them to the root of cgroup 2: what a libbpf would do, in Python."""

from __future__ import annotations

import errno
import os
import platform
import socket
import struct
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from exporter.meters.applications.ebpf import syscalls
from exporter.meters.applications.ebpf.btf import BtfError, member_offset, nested_offset, open_types
from exporter.meters.applications.ebpf.elf import BpfObject, MapDefinition, read_object
from exporter.meters.applications.ebpf.syscalls import BpfError, MapSizes
from exporter.meters.applications.interpreters import INTERPRETERS
from exporter.meters.applications.traffic import PROTOCOLS, SourceError

if TYPE_CHECKING:
    from collections.abc import Iterable

OBJECT = Path(__file__).with_name("applications.bpf.o")
KERNEL_TYPES = Path("/sys/kernel/btf/vmlinux")

# Type and hook of each program by its section: enum bpf_prog_type, enum bpf_attach_type.
KINDS = {
    "cgroup/sock_create": (9, 2),
    "cgroup/connect4": (18, 10),
    "cgroup/connect6": (18, 11),
    "cgroup/getpeername4": (18, 29),
    "cgroup/getpeername6": (18, 30),
    "cgroup_skb/ingress": (8, 0),
    "cgroup_skb/egress": (8, 1),
}
OWNERS, ACCOUNTS, SCOPES, TUNNELS, COMMANDS, ARGUMENTS = (
    "owners",
    "accounts",
    "scopes",
    "tunnels",
    "interpreters",
    "arguments",
)
_ARRAY, _PERCPU_HASH, _SK_STORAGE = 2, 5, 24
_READ_ONLY_FOR_PROGRAMS = 1 << 7
_LOAD_64, _MAP_ADDRESS, _VALUE_ADDRESS = 0x18, 1, 2
_KERNEL = struct.Struct("<IIIIQ")
ACCOUNT = struct.Struct("<16sQIIBBBBI")
COUNTS = struct.Struct("<4Q")
OVERFLOW = 3
SO_NETNS_COOKIE = 71


class Knowledge(NamedTuple):
    """What the programs need to know of this kernel; `names` says whether processes' names may be read."""

    group_leader: int = 0
    comm: int = 0
    mm: int = 0
    arg_start: int = 0

    @property
    def names(self) -> bool:
        """Whether accounts are by the process' name, and not by its number."""
        return bool(self.group_leader)


class LoadedPrograms(NamedTuple):
    """Maps by their names, programs by their sections; everything ends when `held` is closed."""

    held: ExitStack
    maps: dict[str, MapSizes]
    programs: dict[str, int]
    knowledge: Knowledge


def read_knowledge(path: Path = KERNEL_TYPES) -> Knowledge:
    """Where the kernel keeps a process' name and arguments; raises BtfError."""
    with open_types(path) as types:
        leader, comm, mm = (member_offset(types, "task_struct", name) for name in ("group_leader", "comm", "mm"))
        try:
            arguments = nested_offset(types, "start_stack", "arg_start")
        except BtfError:
            arguments = 0
        return Knowledge(leader, comm, mm, arguments)


def possible_cpus(path: Path = Path("/sys/devices/system/cpu/possible")) -> int:
    """How many CPUs a value of a per-CPU map is kept for."""
    last = path.read_text(encoding="ascii").strip().rpartition(",")[2].rpartition("-")[2]
    return int(last) + 1


def load(
    knowledge: Knowledge, prefixes: Iterable[tuple[bytes, int, int]], scope_count: int, most_accounts: int = 4096
) -> LoadedPrograms:
    """Create the maps and load the programs; nothing is attached yet. Raises BpfError, and closes what it made.

    `prefixes` are (address of 16 bytes, length in bits, number of its scope). `most_accounts` are named; beyond, an
    account of each scope and protocol takes the overflow.
    """
    compiled = read_object(OBJECT.read_bytes())
    with ExitStack() as held:
        maps = _create_maps(compiled, most_accounts + scope_count * len(PROTOCOLS), held)
        _fill(maps, prefixes, scope_count)
        constants = _create_constants(knowledge, len(compiled.rodata), held)
        programs = {}
        for program in compiled.programs:
            code = _linked(program.instructions, program.references, maps, constants)
            name = program.section.replace("/", "_")
            programs[program.section] = _owned(
                held, syscalls.load_program(name, KINDS[program.section], code, compiled.license)
            )
        return LoadedPrograms(held.pop_all(), maps, programs, knowledge)


def attach(loaded: LoadedPrograms, cgroup: Path) -> None:
    """Attach every program to a cgroup, those that name owners first; raises BpfError."""
    folder = os.open(cgroup, os.O_RDONLY | os.O_DIRECTORY)
    try:
        for section, program in loaded.programs.items():
            _owned(loaded.held, syscalls.attach(program, folder, KINDS[section][1]))
    finally:
        os.close(folder)


def own_namespace() -> int:
    """The cookie of this process' network namespace; 0 where the kernel does not say (before Linux 5.14)."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as probe:
        return namespace_of(probe)


def namespace_of(held: socket.socket) -> int:
    """The cookie of the network namespace that a socket is in; 0 where the kernel does not say."""
    try:
        return int.from_bytes(held.getsockopt(socket.SOL_SOCKET, SO_NETNS_COOKIE, 8), "little")
    except OSError:
        return 0


def reason_of(error: BpfError) -> SourceError:
    """Why the kernel refuses, for people, and what changes it."""
    if error.log:
        # Its last line counts instructions; the one before says what is wrong.
        lines = [line for line in error.log.splitlines() if line.strip() and not line.startswith("processed ")]
        return SourceError(f"the kernel's verifier refuses a program: {lines[-1][:200] if lines else error.strerror}")
    if error.errno in {errno.EPERM, errno.EACCES}:
        return SourceError("eBPF needs CAP_BPF and CAP_NET_ADMIN")
    if error.errno == errno.ENOSYS or platform.machine() not in syscalls.NUMBERS:
        return SourceError("this kernel has no bpf(2)")
    return SourceError(f"the kernel refuses eBPF programs of cgroups: {error.strerror}")


def _owned(held: ExitStack, descriptor: int) -> int:
    held.callback(os.close, descriptor)
    return descriptor


def _create_maps(compiled: BpfObject, most_accounts: int, held: ExitStack) -> dict[str, MapSizes]:
    maps = {}
    for name, each in compiled.maps.items():
        sizes, btf = each, (0, 0, 0)
        if each.type == _SK_STORAGE:
            btf = (_owned(held, syscalls.load_btf(_storage_types(each))), 1, 3)
        if name == ACCOUNTS:
            sizes = each._replace(max_entries=most_accounts)
        descriptor = _owned(held, syscalls.create_map(name, sizes, btf))
        cpus = possible_cpus() if each.type == _PERCPU_HASH else 1
        maps[name] = MapSizes(descriptor, each.key_size, each.value_size * cpus)
    return maps


def _storage_types(definition: MapDefinition) -> bytes:
    """The three types that a map of socket storage must be described with: a key, a byte, an array of bytes."""
    names = b"\0"
    integer = struct.pack("<IIII", 0, 1 << 24, 4, 1 << 24 | 32)
    byte = struct.pack("<IIII", 0, 1 << 24, 1, 8)
    array = struct.pack("<IIIIII", 0, 3 << 24, 0, 2, 1, definition.value_size)
    types = integer + byte + array
    return struct.pack("<HBBIIIII", 0xEB9F, 1, 0, 24, 0, len(types), len(types), len(names)) + types + names


def _create_constants(knowledge: Knowledge, size: int, held: ExitStack) -> int:
    value = _KERNEL.pack(*knowledge, own_namespace()).ljust(size, b"\0")
    sizes = (_ARRAY, 4, size, 1, _READ_ONLY_FOR_PROGRAMS)
    descriptor = _owned(held, syscalls.create_map("constants", sizes))
    syscalls.update(descriptor, bytes(4), value)
    syscalls.freeze(descriptor)
    return descriptor


def _fill(maps: dict[str, MapSizes], prefixes: Iterable[tuple[bytes, int, int]], scope_count: int) -> None:
    for address, length, scope in prefixes:
        syscalls.update(maps[SCOPES].descriptor, struct.pack("<I", length) + address, struct.pack("<I", scope))
    for name, further in INTERPRETERS.items():
        syscalls.update(maps[COMMANDS].descriptor, name.encode().ljust(16, b"\0"), bytes([further]))
    for scope in range(scope_count):
        for protocol in range(len(PROTOCOLS)):
            key = ACCOUNT.pack(b"", 0, 0, 0, OVERFLOW, scope, protocol, 0, 0)
            syscalls.update(maps[ACCOUNTS].descriptor, key, bytes(maps[ACCOUNTS].value_size))


def _linked(code: bytes, references: Iterable[tuple[int, str]], maps: dict[str, MapSizes], constants: int) -> bytes:
    """The instructions with the descriptors of their maps in place."""
    linked = bytearray(code)
    for place, name in references:
        offset = place * 8
        kind, descriptor = (_MAP_ADDRESS, maps[name].descriptor) if name else (_VALUE_ADDRESS, constants)
        linked[offset + 1] = linked[offset + 1] & 0x0F | kind << 4
        within = struct.unpack_from("<i", code, offset + 4)[0]
        struct.pack_into("<i", linked, offset + 4, descriptor)
        struct.pack_into("<i", linked, offset + 12, 0 if name else within)
    return bytes(linked)
