"""Types of the kernel (BTF): where a member lies in a structure. Layout: the kernel's Documentation/bpf/btf.rst."""

from __future__ import annotations

import mmap
import struct
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_HEADER = struct.Struct("<HBBIIIII")
_TYPE = struct.Struct("<III")
_MEMBER = struct.Struct("<III")
_MAGIC = 0xEB9F
_STRUCT, _UNION = 4, 5
_KIND_FLAG = 1 << 31
_FEWEST_MEMBERS = 3


class BtfError(Exception):
    """The types cannot be read, or hold no such member."""


class Types(NamedTuple):
    """The two parts of BTF: types, and the names that they refer to by offset."""

    types: bytes | mmap.mmap
    start: int
    end: int
    names: int
    names_end: int


@contextmanager
def open_types(path: Path) -> Iterator[Types]:
    """Types of a file such as /sys/kernel/btf/vmlinux: mapped, where the file allows it, since it has 5 MB."""
    try:
        with path.open("rb") as file:
            try:
                with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
                    yield parse_header(mapped)
            except (OSError, ValueError):  # sysfs maps only from Linux 6.16 on
                yield parse_header(file.read())
    except OSError as error:
        raise BtfError(f"{path}: {error.strerror}") from error


def parse_header(data: bytes | mmap.mmap) -> Types:
    """The parts of BTF; raises BtfError."""
    if len(data) < _HEADER.size:
        raise BtfError("BTF without a header")
    magic, _, _, length, type_offset, type_length, name_offset, name_length = _HEADER.unpack_from(data)
    start, names = length + type_offset, length + name_offset
    if magic != _MAGIC or start + type_length > len(data) or names + name_length > len(data):
        raise BtfError("BTF with a damaged header")
    return Types(data, start, start + type_length, names, names + name_length)


def member_offset(types: Types, structure: str, member: str) -> int:
    """Bytes from the beginning of a structure to its member; raises BtfError.

    Found by its name's number, without walking the 150,000 types before it, which takes 0.1 s.
    """
    wanted = _name(types, member)
    for place in _places(types, _name(types, structure)):
        found = _member_in(types, place, wanted)
        if found is not None:
            return found
    raise BtfError(f"the kernel's types have no {structure}.{member}")


def nested_offset(types: Types, before: str, member: str) -> int:
    """The same of a member of an unnamed structure, found by the member before it.

    The unnamed structure begins where its owner begins. Smaller structures of the interface with programs may have the
    same two members: the largest offset is the kernel's own.
    """
    first, second = _name(types, before), _name(types, member)
    found: list[int] = []
    for place in _places(types, first):
        if place + 2 * _MEMBER.size > types.end:
            break
        following, _, bits = _MEMBER.unpack_from(types.types, place + _MEMBER.size)
        if following == second and not bits % 8 and bits < 1 << 24:
            found.append(bits // 8)
    if not found:
        raise BtfError(f"the kernel's types have no {member} behind {before}")
    return max(found)


def _name(types: Types, name: str) -> int:
    place = types.types.find(b"\0" + name.encode() + b"\0", types.names, types.names_end)
    if place < 0:
        raise BtfError(f"the kernel's types have no {name}")
    return place + 1 - types.names


def _places(types: Types, name: int) -> Iterator[int]:
    """Where a name's number stands among the types, at any multiple of four bytes."""
    number, place = struct.pack("<I", name), types.start - 1
    while (place := types.types.find(number, place + 1, types.end)) >= 0:
        if (place - types.start) % 4 == 0:
            yield place


def _member_in(types: Types, place: int, wanted: int) -> int | None:
    if place + _TYPE.size > types.end:
        return None
    _, info, size = _TYPE.unpack_from(types.types, place)
    kind, count = info >> 24 & 0x1F, info & 0xFFFF
    end = place + _TYPE.size + count * _MEMBER.size
    if kind not in {_STRUCT, _UNION} or count < _FEWEST_MEMBERS or end > types.end:
        return None
    for member in range(place + _TYPE.size, end, _MEMBER.size):
        name, _, bits = _MEMBER.unpack_from(types.types, member)
        if info & _KIND_FLAG:
            bits &= 0xFFFFFF
        if name == wanted and not bits % 8 and bits // 8 < size:
            return int(bits // 8)
    return None
