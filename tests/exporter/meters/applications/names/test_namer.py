from __future__ import annotations

import os
from pathlib import Path

import pytest

from exporter.meters.applications.names.namer import ApplicationNamer, Roots, make_namer
from exporter.meters.applications.owners import NamedOwners
from exporter.meters.applications.settings import Applications
from exporter.meters.applications.state import SPECIALS
from exporter.meters.applications.traffic import SHORT_LIVED, UNKNOWN, Owner
from exporter.settings.tree import Settings

ID = "4f1a3c5e7d9b" + "0" * 52


@pytest.fixture
def roots(tmp_path: Path) -> Roots:
    return Roots(
        proc=tmp_path / "proc",
        cgroups=tmp_path / "cgroup",
        pod_logs=tmp_path / "pods",
        run=tmp_path / "run",
        docker=tmp_path / "docker",
        storage=tmp_path / "storage",
    )


def namer(roots: Roots, **keys: object) -> ApplicationNamer:
    return make_namer(Settings(applications=Applications(**keys)), roots)  # type: ignore[arg-type]


def cgroup(roots: Roots, path: str) -> int:
    assert roots.cgroups
    (roots.cgroups / path).mkdir(parents=True)
    return (roots.cgroups / path).stat().st_ino


def test_the_first_group_that_matches_names_an_application(roots: Roots) -> None:
    groups = {"browsers": ("firefox", "chrom*"), "all c": ("c*",), "pods": ("shop/*",)}
    found = namer(roots, groups=groups)

    names = [found.name_of(Owner(command)) for command in ("firefox", "chromium", "curl", "Curl", "shop/web", "shop")]

    assert names == ["browsers", "browsers", "all c", "Curl", "pods", "shop"]


def test_hidden_applications_and_groups_are_one_row(roots: Roots) -> None:
    found = namer(roots, groups={"backup": ("restic*", "borg")}, hidden=("backup", "secret?"))

    names = [found.name_of(Owner(command)) for command in ("restic", "borg", "secret1", "secret", "curl")]

    assert names == ["(hidden)", "(hidden)", "(hidden)", "secret", "curl"]


@pytest.mark.parametrize("special", sorted(SPECIALS))
def test_a_process_cannot_pose_as_a_row_of_the_meter(roots: Roots, special: str) -> None:
    found = namer(roots, hidden=("*",), groups={"x": ("*",)})

    assert found.name_of(Owner(special=special)) == special
    assert namer(roots).name_of(Owner(special)) == f"[{special[1:-1]}]"


def test_an_owner_without_a_name_is_short_lived_or_unknown(roots: Roots) -> None:
    assert namer(roots).name_of(Owner(pid=5)) == SHORT_LIVED
    assert namer(roots).name_of(Owner()) == UNKNOWN
    assert namer(roots).name_of(Owner("\n")) == "unnamed"


def test_a_cgroup_that_is_gone_leaves_the_process(roots: Roots) -> None:
    assert roots.cgroups
    roots.cgroups.mkdir()
    found = namer(roots)
    owner = Owner("curl", 987654321)

    assert found.name_of(owner) == "curl"
    assert found.is_settled(owner)


def test_without_cgroup_2_a_running_process_says_its_cgroup(roots: Roots) -> None:
    (roots.proc / "7").mkdir(parents=True)
    (roots.proc / "7/comm").write_text("nginx\n", encoding="utf-8")
    (roots.proc / "7/cgroup").write_text("1:name=systemd:/system.slice/web.service\n", encoding="utf-8")
    found = namer(roots)

    assert found.name_of(Owner("nginx", pid=7)) == "web"
    assert found.name_of(Owner("curl", pid=7)) == "curl"
    assert found.is_settled(Owner("nginx", pid=7))


def test_a_name_that_settles_later_holds_for_later_bytes(roots: Roots) -> None:
    found = namer(roots)
    owners = NamedOwners(found)
    owner = Owner("nginx", cgroup(roots, f"system.slice/docker-{ID}.scope"))
    assert owners.name_of(owner) == ID[:12]
    assert not found.is_settled(owner)

    (roots.storage / "overlay-containers").mkdir(parents=True)
    listed = f'[{{"id": "{ID}", "names": ["web"]}}]'
    (roots.storage / "overlay-containers/containers.json").write_text(listed, encoding="utf-8")
    owners.refresh()

    assert owners.name_of(owner) == "web"
    assert found.is_settled(owner)
    assert len(owners) == 1


@pytest.mark.parametrize("rule", ["auto", "process", "unit", "container"])
def test_only_a_pod_without_a_folder_stays_undecided(roots: Roots, rule: str) -> None:
    owners = [
        Owner("x", cgroup(roots, path))
        for path in ("system.slice/nginx.service", "lxc.payload.web", "kubepods/pod" + "0" * 32)
    ]
    found = namer(roots, name=rule)
    for owner in owners:
        found.name_of(owner)

    assert [found.is_settled(owner) for owner in owners] == [True, True, rule not in {"auto", "container"}]


def test_ten_thousand_owners_are_named_in_bounded_memory(roots: Roots) -> None:
    cgroups = [cgroup(roots, f"system.slice/s{number}.service") for number in range(20)]
    owners = NamedOwners(namer(roots))

    names = {owners.name_of(Owner(f"p{number}", cgroups[number % 20], pid=number)) for number in range(10_000)}

    assert names == {f"s{number}" for number in range(20)}
    assert len(owners) <= 2 * 4096


@pytest.mark.skipif(not Path("/proc/self/comm").exists(), reason="there is no /proc here")
def test_this_process_has_a_name() -> None:
    found = make_namer(Settings(applications=Applications(name="process")))

    name = found.name_of(Owner(pid=os.getpid()))

    assert name not in SPECIALS
    assert name.isprintable()
