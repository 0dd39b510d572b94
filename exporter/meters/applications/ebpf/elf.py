"""A reader of compiled BPF programs: ELF, 64 bits, little endian, with the sections that clang writes for them.

pyelftools reads any ELF, and takes 7 MB of memory for it. Layouts: elf(5), and the kernel's
Documentation/bpf/llvm_reloc.rst.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

_HEADER = struct.Struct("<16sHHIQQQIHHHHHH")
_SECTION = struct.Struct("<IIQQQQIIQQ")
_SYMBOL = struct.Struct("<IBBHQQ")
_RELOCATION = struct.Struct("<QQ")
_MAP = struct.Struct("<5I")
_MAGIC = b"\x7fELF\x02\x01\x01"
_BPF, _RELOCATIONS, _SYMBOLS, _EXECUTABLE = 247, 9, 2, 4
_INSTRUCTION_64 = 1
_INSTRUCTION_BYTES = 8
RODATA, MAPS, LICENSE = ".rodata", "maps", "license"


class ElfError(Exception):
    """The bytes are no compiled BPF programs; the text says what is wrong with them."""


class MapDefinition(NamedTuple):
    """A map as the program declares it: type, sizes in bytes, entries, flags."""

    type: int
    key_size: int
    value_size: int
    max_entries: int
    flags: int


class Reference(NamedTuple):
    """An instruction (by its place) that loads the address of a map, or of read-only data ("" as the map)."""

    instruction: int
    map: str


class CompiledProgram(NamedTuple):
    """One program: the section that names its hook, its instructions, and those that refer to maps."""

    section: str
    instructions: bytes
    references: tuple[Reference, ...]


class BpfObject(NamedTuple):
    """What a compiled file holds; `rodata` is the initial value of constants."""

    programs: tuple[CompiledProgram, ...]
    maps: dict[str, MapDefinition]
    rodata: bytes
    license: bytes


class _Section(NamedTuple):
    name: str
    type: int
    flags: int
    body: bytes
    info: int


class _Symbol(NamedTuple):
    name: str
    section: int
    value: int


def read_object(data: bytes) -> BpfObject:
    """The programs and maps of a file; raises ElfError for anything else."""
    try:
        return _read(data)
    except (struct.error, IndexError, OverflowError, UnicodeDecodeError) as error:
        raise ElfError(f"the compiled programs are damaged: {error}") from error


def _read(data: bytes) -> BpfObject:
    sections = _sections(data)
    symbols = _symbols(data, sections)
    maps, numbers = {}, {section.name: number for number, section in enumerate(sections)}
    for symbol in symbols:
        if symbol.section == numbers.get(MAPS) and symbol.name:
            maps[symbol.name] = MapDefinition(*_MAP.unpack_from(sections[symbol.section].body, symbol.value))
    programs = tuple(
        CompiledProgram(section.name, section.body, _references(number, sections, symbols, maps))
        for number, section in enumerate(sections)
        if section.flags & _EXECUTABLE and section.body
    )
    for program in programs:
        if len(program.instructions) % _INSTRUCTION_BYTES:
            raise ElfError(f"the program {program.section!r} ends within an instruction")
    body = {section.name: section.body for section in sections}
    return BpfObject(programs, maps, body.get(RODATA, b""), body.get(LICENSE, b"").rstrip(b"\0"))


def _sections(data: bytes) -> list[_Section]:
    if not data.startswith(_MAGIC):
        raise ElfError("the compiled programs are no ELF file of 64 bits, little endian")
    header = _HEADER.unpack_from(data)
    machine, offset, size, count, names = header[2], header[6], header[11], header[12], header[13]
    if machine != _BPF:
        raise ElfError(f"the compiled programs are for machine {machine}, not for BPF ({_BPF})")
    if size != _SECTION.size:
        raise ElfError(f"section headers of {size} bytes instead of {_SECTION.size}")
    raw = [_SECTION.unpack_from(data, offset + number * size) for number in range(count)]
    texts = _body(data, raw[names])
    return [_Section(_text(texts, each[0]), each[1], each[2], _body(data, each), each[7]) for each in raw]


def _body(data: bytes, section: tuple[int, ...]) -> bytes:
    offset, size = section[4], section[5]
    if section[1] == 0:
        return b""
    if offset + size > len(data):
        raise ElfError("a section reaches beyond the end of the file")
    return data[offset : offset + size]


def _text(texts: bytes, offset: int) -> str:
    if offset > len(texts):
        raise ElfError("a name lies beyond the names")
    return texts[offset : texts.find(b"\0", offset)].decode("ascii")


def _symbols(data: bytes, sections: list[_Section]) -> list[_Symbol]:
    table = next((section for section in sections if section.type == _SYMBOLS), None)
    texts = next((section.body for section in sections if section.name == ".strtab"), b"")
    if table is None:
        raise ElfError("the compiled programs have no symbols")
    if len(table.body) % _SYMBOL.size:
        raise ElfError("the table of symbols ends within one")
    del data
    return [
        _Symbol(_text(texts, name), number, value) for name, _, _, number, value, _ in _SYMBOL.iter_unpack(table.body)
    ]


def _references(
    number: int, sections: list[_Section], symbols: list[_Symbol], maps: dict[str, MapDefinition]
) -> tuple[Reference, ...]:
    found = []
    for section in sections:
        if section.type != _RELOCATIONS or section.info != number:
            continue
        if len(section.body) % _RELOCATION.size:
            raise ElfError("a table of relocations ends within one")
        for offset, info in _RELOCATION.iter_unpack(section.body):
            symbol = symbols[info >> 32]
            if info & 0xFFFFFFFF != _INSTRUCTION_64 or offset % _INSTRUCTION_BYTES:
                raise ElfError(f"the program {sections[number].name!r} calls {symbol.name!r}, which is not in it")
            if symbol.name not in maps and sections[symbol.section].name != RODATA:
                raise ElfError(f"{symbol.name!r} is no map")
            if offset + 2 * _INSTRUCTION_BYTES > len(sections[number].body):
                raise ElfError("a relocation lies beyond the program")
            found.append(Reference(offset // _INSTRUCTION_BYTES, symbol.name if symbol.name in maps else ""))
    return tuple(found)
