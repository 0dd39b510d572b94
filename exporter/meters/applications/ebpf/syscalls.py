"""The system call bpf(2), by ctypes: maps, programs, links. Layouts: include/uapi/linux/bpf.h (union bpf_attr)."""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

NUMBERS = {"x86_64": 321, "aarch64": 280, "riscv64": 280, "arm64": 280}
"""The number of the call, on machines that the compiled programs fit: 64 bits, little endian."""

_MAP_CREATE, _LOOKUP, _UPDATE, _DELETE, _LOAD, _TEST_RUN, _BTF_LOAD = 0, 1, 2, 3, 5, 10, 18
_LOOKUP_AND_DELETE, _MAP_FREEZE, _LOOKUP_BATCH, _LINK_CREATE = 21, 22, 24, 28
_CREATE = struct.Struct("<IIIIIII16sIIII")
_ELEMENT = struct.Struct("<IxxxxQQQ")
_BATCH = struct.Struct("<QQQQIIQQ")
_PROGRAM = struct.Struct("<IIQQIIQII16sII")
_LINK = struct.Struct("<IIII")
_RUN = struct.Struct("<IIIIQQIIIIQQ")
_CONTEXT_BYTES = 192  # struct __sk_buff; ifindex is at 40
ANY, NO_EXIST = 0, 1
_LOG_BYTES = 1 << 16
_libc = ctypes.CDLL(None, use_errno=True)


class BpfError(OSError):
    """The kernel refuses a call: `log` is what its verifier says of a program."""

    log = ""


class MapSizes(NamedTuple):
    """A map of the kernel by its descriptor, and the sizes of its keys and values in bytes (on all CPUs together)."""

    descriptor: int
    key_size: int
    value_size: int


def is_known_machine(machine: str | None = None) -> bool:
    """Whether the compiled programs fit this machine."""
    return (machine or platform.machine()) in NUMBERS


def call(command: int, attributes: bytearray) -> int:
    """One call; raises BpfError."""
    buffer = (ctypes.c_char * len(attributes)).from_buffer(attributes)
    result: int = _libc.syscall(NUMBERS[platform.machine()], command, buffer, len(attributes))
    if result < 0:
        number = ctypes.get_errno()
        raise BpfError(number, os.strerror(number))
    return result


def create_map(name: str, sizes: tuple[int, int, int, int, int], btf: tuple[int, int, int] = (0, 0, 0)) -> int:
    """A map's descriptor; `sizes` are type, key and value in bytes, entries, flags; `btf` describes key and value."""
    return call(_MAP_CREATE, bytearray(_CREATE.pack(*sizes, 0, 0, name.encode()[:15], 0, *btf)))


def freeze(descriptor: int) -> None:
    """Make a map's values constants that the verifier may rely on."""
    call(_MAP_FREEZE, bytearray(struct.pack("<I", descriptor)))


def load_btf(blob: bytes) -> int:
    """The descriptor of types."""
    held = ctypes.create_string_buffer(blob, len(blob))
    return call(_BTF_LOAD, bytearray(struct.pack("<QQIIII", ctypes.addressof(held), 0, len(blob), 0, 0, 0)))


def load_program(name: str, kinds: tuple[int, int], instructions: bytes, terms: bytes) -> int:
    """A program's descriptor; `kinds` are its type and its hook. A refusal is tried again for the verifier's log."""
    code = ctypes.create_string_buffer(instructions, len(instructions))
    text = ctypes.create_string_buffer(terms)
    count = len(instructions) // 8

    def attributes(level: int, log: int) -> bytearray:
        size = _LOG_BYTES if level else 0
        head = (kinds[0], count, ctypes.addressof(code), ctypes.addressof(text), level, size, log)
        return bytearray(_PROGRAM.pack(*head, 0, 0, name.encode()[:15], 0, kinds[1]))

    try:
        return call(_LOAD, attributes(0, 0))
    except BpfError as error:
        log = ctypes.create_string_buffer(_LOG_BYTES)
        try:
            return call(_LOAD, attributes(1, ctypes.addressof(log)))
        except BpfError:
            error.log = log.value.decode("utf-8", "replace")
            raise error from None


def attach(program: int, cgroup: int, hook: int) -> int:
    """A link's descriptor: the program runs until it is closed, which the end of the process does, too."""
    return call(_LINK_CREATE, bytearray(_LINK.pack(program, cgroup, hook, 0)))


def update(descriptor: int, key: bytes, value: bytes, flags: int = ANY) -> None:
    """Set one element; raises BpfError."""
    keys, values = ctypes.create_string_buffer(key, len(key)), ctypes.create_string_buffer(value, len(value))
    call(_UPDATE, bytearray(_ELEMENT.pack(descriptor, ctypes.addressof(keys), ctypes.addressof(values), flags)))


def delete(descriptor: int, key: bytes) -> None:
    """Remove one element; raises BpfError."""
    keys = ctypes.create_string_buffer(key, len(key))
    call(_DELETE, bytearray(_ELEMENT.pack(descriptor, ctypes.addressof(keys), 0, 0)))


def value_of(table: MapSizes, key: bytes) -> bytes | None:
    """One element's value; None without it."""
    return _found(_LOOKUP, table, key)


def take_out(table: MapSizes, key: bytes) -> bytes | None:
    """Remove one element and return its value, in one step (Linux 5.14); None without it."""
    return _found(_LOOKUP_AND_DELETE, table, key)


def _found(command: int, table: MapSizes, key: bytes) -> bytes | None:
    keys, value = ctypes.create_string_buffer(key, len(key)), ctypes.create_string_buffer(table.value_size)
    try:
        call(command, bytearray(_ELEMENT.pack(table.descriptor, ctypes.addressof(keys), ctypes.addressof(value), 0)))
    except BpfError as error:
        if error.errno == errno.ENOENT:
            return None
        raise
    return value.raw


class BatchReader:
    """Reads all elements of a hash map, a few hundred a call, into buffers that are kept."""

    def __init__(self, table: MapSizes, count: int = 512) -> None:
        """`count` elements a call at first: more, where one bucket of the kernel's table holds more."""
        self._table = table
        self._allocate(count)

    def _allocate(self, count: int) -> None:
        self._count = count
        self._keys = ctypes.create_string_buffer(self._table.key_size * count)
        self._values = ctypes.create_string_buffer(self._table.value_size * count)
        self._token = ctypes.create_string_buffer(max(self._table.key_size, 4))

    def read(self) -> Iterator[tuple[memoryview, memoryview, int]]:
        """Keys and values of each call, and how many there are; the views are valid until the next one."""
        is_first, is_last = True, False
        while not is_last:
            start = 0 if is_first else ctypes.addressof(self._token)
            head = (start, ctypes.addressof(self._token), ctypes.addressof(self._keys), ctypes.addressof(self._values))
            attributes = bytearray(_BATCH.pack(*head, self._count, self._table.descriptor, 0, 0))
            try:
                call(_LOOKUP_BATCH, attributes)
            except BpfError as error:
                if error.errno == errno.ENOSPC and is_first:
                    self._allocate(self._count * 2)
                    continue
                if error.errno != errno.ENOENT:
                    raise
                is_last = True
            is_first = False
            (count,) = struct.unpack_from("<I", attributes, 32)
            if count:
                yield memoryview(self._keys), memoryview(self._values), count


def test_run(program: int, packet: bytes, repeat: int, device: int) -> int:
    """Nanoseconds that one run of a program takes with a packet of a device, by its index, on average."""
    held = ctypes.create_string_buffer(packet, len(packet))
    context = ctypes.create_string_buffer(struct.pack("<40xI", device), _CONTEXT_BYTES)
    head = (program, 0, len(packet), 0, ctypes.addressof(held), 0, repeat, 0)
    attributes = bytearray(_RUN.pack(*head, _CONTEXT_BYTES, 0, ctypes.addressof(context), 0))
    call(_TEST_RUN, attributes)
    return int(struct.unpack_from("<I", attributes, 36)[0])
