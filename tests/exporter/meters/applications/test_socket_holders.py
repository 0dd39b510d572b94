"""Which process holds a socket, from a /proc made of files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from exporter.meters.applications.sock_diag.owners import Holders, Process, SocketHolders

if TYPE_CHECKING:
    from pathlib import Path


class Processes:
    """A folder like /proc."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "sys").mkdir()

    def start(self, pid: int, command: str, *links: str, arguments: tuple[str, ...] = ()) -> None:
        fd = self.folder / str(pid) / "fd"
        fd.mkdir(parents=True)
        for number, link in enumerate(links):
            (fd / str(number)).symlink_to(link)
        (fd.parent / "comm").write_text(f"{command}\n", encoding="utf-8")
        (fd.parent / "cmdline").write_text("\0".join([command, *arguments, ""]), encoding="utf-8")

    def end(self, pid: int) -> None:
        folder = self.folder / str(pid)
        for link in (folder / "fd").iterdir():
            link.unlink()
        (folder / "fd").rmdir()
        for name in ("comm", "cmdline"):
            (folder / name).unlink()
        folder.rmdir()


@pytest.fixture
def processes(tmp_path: Path) -> Processes:
    return Processes(tmp_path)


def test_each_socket_is_found_in_its_process(processes: Processes) -> None:
    processes.start(1, "init", "/dev/null", "pipe:[5]")
    processes.start(20, "web", "socket:[100]", "socket:[101]")
    processes.start(30, "mail", "/dev/null", "socket:[102]")

    found = SocketHolders(processes.folder).find({100, 101, 102, 999}).processes

    web, mail = Process(20, "web"), Process(30, "mail")
    assert found == {100: web, 101: web, 102: mail}


@pytest.mark.parametrize(
    ("command", "arguments", "kept"),
    [
        ("curl", ("https://example.org/?token=secret",), ()),
        ("python3", ("/srv/app.py", "--key=secret"), ("/srv/app.py",)),
        ("python3.11", ("-m", "http.server"), ("-m", "http.server")),
        ("bash", ("-c", "curl https://example.org"), ("-c",)),
        ("node", (), ()),
        ("java", ("x" * 200,), ("x" * 63,)),
    ],
)
def test_of_an_interpreter_the_first_arguments_are_kept(
    processes: Processes, command: str, arguments: tuple[str, ...], kept: tuple[str, ...]
) -> None:
    processes.start(7, command, "socket:[1]", arguments=arguments)

    assert SocketHolders(processes.folder).find({1}).processes[1] == Process(7, command, kept)


def test_a_number_that_another_process_has_now_names_that_one(processes: Processes) -> None:
    holders = SocketHolders(processes.folder)
    processes.start(7, "first", "socket:[1]")
    assert holders.find({1}).processes[1].command == "first"
    processes.end(7)
    processes.start(7, "second", "socket:[2]")

    assert holders.find({1, 2}).processes == {2: Process(7, "second")}


def test_a_process_that_was_renamed_is_found_by_its_new_name(processes: Processes) -> None:
    holders = SocketHolders(processes.folder)
    processes.start(7, "old", "socket:[1]")
    assert holders.find({1}).processes[1].command == "old"

    (processes.folder / "7/comm").write_text("new name) 1\n", encoding="utf-8")

    assert holders.find({1}).processes[1].command == "new name) 1"


def test_a_process_that_ends_while_it_is_read_holds_nothing(processes: Processes) -> None:
    processes.start(7, "gone", "socket:[1]")
    (processes.folder / "7/comm").unlink()
    processes.start(8, "there", "socket:[2]")

    assert SocketHolders(processes.folder).find({1, 2}).processes == {2: Process(8, "there")}


def test_a_name_of_any_bytes_is_text(processes: Processes) -> None:
    processes.start(7, "x", "socket:[1]")
    (processes.folder / "7/comm").write_bytes(b"\xff\x1b[2J\n")

    assert SocketHolders(processes.folder).find({1}).processes[1].command == "\ufffd\x1b[2J"


def test_a_dear_search_of_all_processes_waits_and_says_so(processes: Processes) -> None:
    now = 0.0
    costs = [0.0, 0.0, 0.0, 0.1]

    def clock() -> float:
        nonlocal now
        now += costs.pop(0) if costs else 0.0
        return now

    processes.start(1, "init")
    processes.start(7, "first", "socket:[1]")
    holders = SocketHolders(processes.folder, clock)
    assert holders.find({1}) == Holders({1: Process(7, "first")}, is_complete=True)
    assert holders.find({5}) == Holders({}, is_complete=True)

    # what is new, or held sockets before, is searched at once
    (processes.folder / "7/fd/1").symlink_to("socket:[2]")
    processes.start(8, "second", "socket:[3]")
    (processes.folder / "1/fd/0").symlink_to("socket:[4]")
    found = holders.find({2, 3, 4})
    assert found == Holders({2: Process(7, "first"), 3: Process(8, "second")}, is_complete=False)

    now += 3
    assert holders.find({4}) == Holders({4: Process(1, "init")}, is_complete=True)
