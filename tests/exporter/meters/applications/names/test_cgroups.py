from __future__ import annotations

import time
from pathlib import Path

import pytest

from exporter.meters.applications.cgroup2 import cgroup2_mounts
from exporter.meters.applications.names import cgroups
from exporter.meters.applications.names.cgroups import Cgroups, directories

UNIFIED = "25 30 0:23 / {0} rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate,memory_recursiveprot\n"
HYBRID = """\
26 25 0:24 / /sys/fs/cgroup ro,nosuid shared:9 - tmpfs tmpfs ro,mode=755
27 26 0:25 / {0} rw,nosuid shared:10 - cgroup2 cgroup2 rw,nsdelegate
28 26 0:26 / /sys/fs/cgroup/systemd rw,nosuid shared:11 - cgroup cgroup rw,xattr,name=systemd
29 26 0:29 / /sys/fs/cgroup/net_cls,net_prio rw shared:14 - cgroup cgroup rw,net_cls,net_prio
"""
BOUND = """\
25 30 0:23 /system.slice/x.service /part rw - cgroup2 cgroup2 rw
26 30 0:23 / {0} rw - cgroup2 cgroup2 rw
"""
CGROUP_1 = "28 26 0:26 / /sys/fs/cgroup/systemd rw,nosuid shared:11 - cgroup cgroup rw,xattr,name=systemd\n"


def proc_with(folder: Path, mountinfo: str) -> Path:
    (folder / "proc/self").mkdir(parents=True)
    (folder / "proc/self/mountinfo").write_text(mountinfo, encoding="utf-8")
    return folder / "proc"


@pytest.mark.parametrize("text", [UNIFIED, HYBRID, BOUND])
@pytest.mark.parametrize("name", ["cgroup", "with space", "cgroup - cgroup2"])
def test_cgroup_2_is_where_mountinfo_says(tmp_path: Path, text: str, name: str) -> None:
    mount = tmp_path / name
    proc = proc_with(tmp_path, text.format(str(mount).replace(" ", r"\040")))
    (mount / "system.slice/nginx.service").mkdir(parents=True)

    assert cgroup2_mounts(proc)[0] == (mount, "/")
    inode = (mount / "system.slice/nginx.service").stat().st_ino
    assert Cgroups(proc).path_of(inode) == "/system.slice/nginx.service"


@pytest.mark.parametrize("text", ["", CGROUP_1, "no mountinfo\n\n - \n"])
def test_without_cgroup_2_no_cgroup_has_a_path(tmp_path: Path, text: str) -> None:
    found = Cgroups(proc_with(tmp_path, text))

    assert found.path_of(1) is None
    assert Cgroups(tmp_path / "none").path_of(1) is None


def test_directories_are_walked_for_an_unknown_cgroup_and_at_most_once_a_second(tmp_path: Path) -> None:
    now = [0.0]
    (tmp_path / "a").mkdir()
    found = Cgroups(tmp_path, tmp_path, lambda: now[0])
    assert found.path_of((tmp_path / "a").stat().st_ino) == "/a"

    (tmp_path / "a/b").mkdir()
    later = (tmp_path / "a/b").stat().st_ino
    assert found.path_of(later) is None
    assert found.is_undecided(later)

    now[0] += 1
    assert found.path_of(later) == "/a/b"
    assert not found.is_undecided(later)


def test_a_cgroup_that_is_gone_has_no_path_and_is_not_walked_for_again(tmp_path: Path) -> None:
    now = [0.0]
    (tmp_path / "a").mkdir()
    known = (tmp_path / "a").stat().st_ino
    found = Cgroups(tmp_path, tmp_path, lambda: now[0])
    assert found.path_of(12345678901) is None
    assert not found.is_undecided(12345678901)

    (tmp_path / "a").rmdir()
    (tmp_path / "b").mkdir()
    now[0] += 1
    assert found.path_of(12345678901) is None
    assert found.path_of(known) == "/a"


def test_paths_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cgroups, "MOST_CGROUPS", 20)
    now = [0.0]
    found = Cgroups(tmp_path, tmp_path, lambda: now[0])
    for number in range(50):
        (tmp_path / str(number)).mkdir()
        now[0] += 1
        found.path_of((tmp_path / str(number)).stat().st_ino)
        found.path_of(10**12 + number)
        now[0] += 1
        found.path_of(2 * 10**12 + number)

    assert len(found._paths) <= 52
    assert len(found._gone) <= 21


def test_where_this_process_has_no_mount_those_of_a_parent_serve(tmp_path: Path) -> None:
    proc = proc_with(tmp_path, CGROUP_1)
    parents = {"self": 30, "30": 20, "20": 1, "1": 0}
    for process, parent in parents.items():
        (proc / process / "root/sys/fs/cgroup").mkdir(parents=True)
        (proc / process / "stat").write_text(f"7 (a) 3 (b) S {parent} 1 1\n", encoding="utf-8")
        mountinfo = UNIFIED.format("/sys/fs/cgroup") if process in {"20", "1"} else CGROUP_1
        (proc / process / "mountinfo").write_text(mountinfo, encoding="utf-8")

    assert cgroup2_mounts(proc) == [(proc / "20/root/sys/fs/cgroup", "/")]


def test_two_thousand_directories_are_all_found(tmp_path: Path) -> None:
    for number in range(2000):
        (tmp_path / str(number % 40) / str(number)).mkdir(parents=True)

    assert len(directories(str(tmp_path))) == 2041


def test_a_real_cgroup_has_its_path() -> None:
    mounts = cgroup2_mounts()
    if not mounts:
        pytest.skip("cgroup 2 is not mounted")
    cgroup = mounts[0].path / f"netledger-test-{time.monotonic_ns()}"
    try:
        (cgroup / "nginx.service").mkdir(parents=True)
    except OSError as error:
        pytest.skip(f"this user may make no cgroup in {mounts[0].path}: {error.strerror}")
    try:
        inode = (cgroup / "nginx.service").stat().st_ino
        assert Cgroups(Path("/proc")).path_of(inode) == f"/{cgroup.name}/nginx.service"
    finally:
        (cgroup / "nginx.service").rmdir()
        cgroup.rmdir()
