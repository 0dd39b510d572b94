"""Where the kernel, or the machine, refuses: one sentence, nothing left open, and what still works."""

from __future__ import annotations

import contextlib
import json
import platform
import resource
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from exporter.meters.applications.cgroup2 import CgroupMount
from exporter.meters.applications.ebpf import loading
from exporter.meters.applications.ebpf.elf import read_object
from exporter.meters.applications.ebpf.source import NO_NAMES, find_cgroup, open_ebpf
from exporter.meters.applications.ebpf.syscalls import BpfError
from exporter.meters.applications.scopes import Scopes
from exporter.meters.applications.traffic import SourceError
from tests.end_to_end.namespaces import run
from tests.end_to_end.world import eventually
from tests.exporter.meters.applications.ebpf.conftest import Seen, counting
from tests.exporter.meters.applications.ebpf.metering import Metering, only, open_descriptors
from tests.worlds.own_line import OURS
from tests.worlds.programs import ACCEPT, CONNECT, program

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.worlds.own_line import Line, Network

pytestmark = pytest.mark.namespaces

NEEDS = "eBPF needs CAP_BPF and CAP_NET_ADMIN"
LONGEST_REASON = 300


def is_sentence(text: str) -> bool:
    return bool(text) and "\n" not in text and len(text) <= LONGEST_REASON and "Traceback" not in text


@contextlib.contextmanager
def refused() -> Iterator[pytest.ExceptionInfo[SourceError]]:
    """The block must be refused by a sentence, and leave no descriptor open."""
    before = open_descriptors()
    with pytest.raises(SourceError) as raised:
        yield raised
    assert is_sentence(str(raised.value))
    assert open_descriptors() == before


@pytest.mark.parametrize("capabilities", [(), ("bpf",), ("net_admin",), ("perfmon", "sys_ptrace")])
def test_without_its_capabilities_a_sentence_names_them(network: Network, capabilities: tuple[str, ...]) -> None:
    with contextlib.closing(Metering(network.texts, only(*capabilities))) as metering:
        assert metering.error == NEEDS
        assert metering.left == 0


def test_without_cap_perfmon_bytes_are_counted_and_the_limit_says_what_is_missing(line: Line, tmp_path: Path) -> None:
    client, server = program(tmp_path, "connect"), program(tmp_path, "accept")
    with contextlib.closing(Metering(line.network.texts, only("bpf", "net_admin"))) as metering:
        if metering.error:
            pytest.skip(metering.error)
        seen = Seen(metering)
        near, far = line.counters()
        with server.serving(line.far, ACCEPT, line.network.far, "100000", "send") as port:
            client.run(line.near, CONNECT, line.network.far, port, "100000", "take")
            now_near, now_far = line.counters()

            assert NO_NAMES in metering.limits
            assert seen.of("", OURS) == (now_near - near) + (now_far - far)
            assert seen.of(server.command).transmit >= (now_far - far).transmit * 0.999


def test_with_its_capabilities_alone_it_has_names(network: Network) -> None:
    with contextlib.closing(Metering(network.texts, only("bpf", "net_admin", "perfmon"))) as metering:
        if metering.error:
            pytest.skip(metering.error)
        assert metering.has_names


def test_a_machine_without_cgroup_2_is_refused(tmp_path: Path) -> None:
    (tmp_path / "self").mkdir()
    (tmp_path / "self/mountinfo").write_text("29 1 0:25 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw\n", encoding="ascii")

    with refused():
        find_cgroup(tmp_path)
    with refused():
        find_cgroup(tmp_path / "nothing")


@pytest.mark.usefixtures("seen")
def test_a_folder_that_is_no_cgroup_is_refused(network: Network, tmp_path: Path) -> None:
    with refused():
        open_ebpf(network.scopes, CgroupMount(tmp_path, "/"))


@pytest.mark.usefixtures("seen")
def test_a_kernel_that_makes_no_map_is_refused(network: Network) -> None:
    cgroup, (soft, hard) = find_cgroup(), resource.getrlimit(resource.RLIMIT_NOFILE)
    with refused():
        resource.setrlimit(resource.RLIMIT_NOFILE, (open_descriptors() + 2, hard))
        try:
            open_ebpf(network.scopes, cgroup)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_a_machine_that_the_programs_are_not_for_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "s390x")

    with refused():
        open_ebpf(Scopes({}), CgroupMount(Path("/"), "/"))


def damaged(tmp_path: Path, place: int, value: bytes) -> Path:
    whole = loading.OBJECT.read_bytes()
    path = tmp_path / "damaged.o"
    path.write_bytes(whole[:place] + value + whole[place + len(value) :])
    return path


@pytest.mark.usefixtures("seen")
def test_a_damaged_file_of_programs_is_refused(
    network: Network, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loading, "OBJECT", damaged(tmp_path, 0, b"no ELF"))

    with refused():
        open_ebpf(network.scopes, find_cgroup())


@pytest.mark.usefixtures("seen")
def test_without_its_file_of_programs_it_is_refused(
    network: Network, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loading, "OBJECT", tmp_path / "nothing.o")

    with refused():
        open_ebpf(network.scopes, find_cgroup())


@pytest.mark.usefixtures("seen")
def test_what_the_verifier_says_of_a_program_is_in_the_sentence(
    network: Network, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = loading.OBJECT.read_bytes()
    program = read_object(whole).programs[0]
    first = whole.index(program.instructions)
    monkeypatch.setattr(loading, "OBJECT", damaged(tmp_path, first, b"\xbf\x90\0\0\0\0\0\0"))  # r0 = r9, never set

    with refused() as raised:
        open_ebpf(network.scopes, find_cgroup())

    assert str(raised.value) == "the kernel's verifier refuses a program: R9 !read_ok"
    assert isinstance(raised.value.__cause__, BpfError)
    assert "R9 !read_ok" in raised.value.__cause__.log


@pytest.mark.usefixtures("seen")
def test_every_program_is_accepted_with_names(network: Network) -> None:
    """A fault that only the programs with names have would else be hidden: without them they are tried again."""
    scopes = network.scopes
    try:
        loaded = loading.load(loading.read_knowledge(), scopes.prefixes(), len(scopes.names))
    except BpfError as error:
        pytest.fail(f"{error}\n{error.log}")
    loaded.held.close()


def _own_ids(pid: int) -> set[tuple[str, int]]:
    """Programs, links and maps that a process holds, by their kinds and numbers in the kernel."""
    found = set()
    for entry in Path(f"/proc/{pid}/fdinfo").iterdir():
        for line in entry.read_text(encoding="ascii").splitlines():
            name, _, value = line.partition(":")
            if name in {"prog_id", "link_id", "map_id"}:
                found.add((name.removesuffix("_id"), int(value)))
    return found


def _ids_of_the_kernel() -> set[tuple[str, int]]:
    return {
        (kind, each["id"])
        for kind in ("prog", "link", "map")
        for each in json.loads(run("bpftool", "--json", kind, "list"))
    }


@pytest.mark.usefixtures("seen")
def test_a_process_that_is_killed_leaves_nothing_in_the_kernel(network: Network) -> None:
    with contextlib.closing(Metering(network.texts)) as metering:
        held = _own_ids(metering.pid)
        assert {kind for kind, _ in held} == {"prog", "link", "map"}
        assert held <= _ids_of_the_kernel()

        metering.kill()

    eventually(lambda: not held & _ids_of_the_kernel(), "the kernel has freed all that the process held")


def test_two_instances_beside_each_other_count_the_same(line: Line, seen: Seen, tmp_path: Path) -> None:
    client, server = program(tmp_path, "connect"), program(tmp_path, "accept")
    with counting(line.network.scopes) as source:
        second = Seen(source)
        with server.serving(line.far, ACCEPT, line.network.far, "1000000", "send") as port:
            client.run(line.near, CONNECT, line.network.far, port, "1000000", "take")

        for command in (client.command, server.command, ""):
            assert seen.of(command, OURS) == second.of(command, OURS)
        assert seen.of(client.command).receive > 1000000
