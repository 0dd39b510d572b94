"""Pods, containers and units by the paths of cgroups, as real machines have them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.meters.applications.names.containers import Containers
from exporter.meters.applications.names.engines import Engines
from exporter.meters.applications.names.namer import Roots, make_namer
from exporter.meters.applications.names.pods import Pods, uid_of, workload
from exporter.meters.applications.names.units import unit_name
from exporter.meters.applications.settings import Applications
from exporter.meters.applications.state import SPECIALS
from exporter.meters.applications.traffic import Owner
from exporter.settings.tree import Settings

if TYPE_CHECKING:
    from collections.abc import Mapping

ID = "4f1a3c5e7d9b" + "0" * 52
POD = "8c6a5f1e-2b3d-4c5e-9f70-1a2b3c4d5e6f"
POD_UNDERSCORES = POD.replace("-", "_")
STATIC = "0123456789abcdef0123456789abcdef"
BURSTABLE = f"/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod{POD_UNDERSCORES}.slice"
USER = "/user.slice/user-1000.slice/user@1000.service"
LAYOUTS = {
    # Kubernetes: the name is that of the folder in /var/log/pods.
    f"{BURSTABLE}/cri-containerd-{ID}.scope": "shop/web",
    f"{BURSTABLE}/crio-{ID}.scope": "shop/web",
    f"{BURSTABLE}/crio-{ID}.scope/container": "shop/web",
    f"{BURSTABLE}/docker-{ID}.scope": "shop/web",
    f"/kubepods.slice/kubepods-pod{POD_UNDERSCORES}.slice/cri-containerd-{ID}.scope": "shop/web",
    f"/kubepods/besteffort/pod{POD}/{ID}": "shop/web",
    f"/kubepods/pod{POD}/{ID}": "shop/web",
    f"/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-pod{POD_UNDERSCORES}.slice/x": "shop/web",
    f"/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod{STATIC}.slice/cri-containerd-{ID}.scope": (
        "kube-system/kube-apiserver"
    ),
    f"/system.slice/k3s.service/kubepods/burstable/pod{POD}/{ID}": "shop/web",
    f"/kubepods/pod00000000{POD[8:]}/{ID}": ID[:12],  # /var/log/pods does not name it
    "/system.slice/k3s.service": "k3s",
    "/system.slice/kubelet.service": "kubelet",
    # Containers.
    f"/system.slice/docker-{ID}.scope": ID[:12],
    f"/system.slice/docker-{ID}.scope/init.scope": ID[:12],
    f"/docker/{ID}": ID[:12],
    f"/docker/{ID}/system.slice/nginx.service": ID[:12],
    f"/machine.slice/libpod-{ID}.scope": ID[:12],
    f"/machine.slice/libpod-{ID}.scope/container": ID[:12],
    f"/libpod_parent/libpod-{ID}": ID[:12],
    f"{USER}/user.slice/libpod-{ID}.scope/container": ID[:12],
    f"{USER}/app.slice/podman-pause.service/libpod-payload-{ID}": ID[:12],
    f"/system.slice/containerd.service/default/{ID}": ID[:12],
    f"/system.slice/nerdctl-{ID}.scope": ID[:12],
    "/lxc.payload.web-1/system.slice/nginx.service": "web-1",
    "/lxc/101/ns/system.slice/ssh.service": "101",
    "/machine.slice/machine-arch\\x2dbuild.scope/payload/init.scope": "arch-build",
    "/machine.slice/systemd-nspawn@debian.service/payload/system.slice/cron.service": "debian",
    "/machine.slice/machine-qemu\\x2d3\\x2dwin11.scope/libvirt/emulator": "win11",
    f"/machine.slice/libpod-conmon-{ID}.scope": None,
    "/lxc.monitor.web": None,
    # Units of the system.
    "/system.slice/nginx.service": "nginx",
    "/system.slice/nginx.service/worker": "nginx",
    "/system.slice/system-getty.slice/getty@tty1.service": "getty@tty1",
    "/system.slice/system-postgresql.slice/postgresql@14-main.service": "postgresql@14-main",
    "/system.slice/system-openvpn\\x2dclient.slice/openvpn-client@home\\x2dvpn.service": "openvpn-client@home-vpn",
    "/system.slice/system-sshd.slice/sshd@3-10.0.0.1:22-10.0.0.9:51820.service": "sshd",
    "/system.slice/system-sshd.slice/sshd@3-[fe80::1]:22-[fe80::2]:51820.service": "sshd",
    "/system.slice/system-x.slice/x@12-4321-1000.service": "x",
    "/system.slice/docker.service": "docker",
    "/system.slice/dbus-:1.2-org.freedesktop.problems@0.service": "org.freedesktop.problems",
    "/system.slice/run-u123.service": None,
    f"/system.slice/run-r{STATIC}.scope": None,
    "/system.slice/run-p12-i34.scope": None,
    "/system.slice/run-backup.service": "run-backup",
    "/system.slice/docker-cleanup.service": "docker-cleanup",
    "/system.slice/app-server.service": "app-server",
    "/init.scope": None,
    "/system.slice": None,
    "": None,
    # A login and a desktop.
    "/user.slice/user-1000.slice/session-3.scope": None,
    "/user.slice/user-1000.slice/session-c2.scope": None,
    f"{USER}/init.scope": None,
    f"{USER}/session.slice/org.gnome.Shell@wayland.service": "org.gnome.Shell@wayland",
    f"{USER}/session.slice/pipewire.service": "pipewire",
    f"{USER}/app.slice/app-gnome-org.mozilla.firefox-1234.scope": "org.mozilla.firefox",
    f"{USER}/app.slice/app-gnome-firefox\\x2desr-1234.scope": "firefox-esr",
    f"{USER}/app.slice/app-firefox-123.scope": "firefox",
    f"{USER}/app.slice/app-org.gnome.Terminal.slice/vte-spawn-5f0b2a8c-0d3e-4f6a-8b1c-2d3e4f5a6b7c.scope": None,
    f"{USER}/app.slice/app-gnome-org.gnome.Evince@12345.service": "org.gnome.Evince",
    f"{USER}/app.slice/app-org.kde.kdeconnect.daemon@autostart.service": "org.kde.kdeconnect.daemon",
    f"{USER}/app.slice/app-org.kde.konsole@5b1f2c3d4e5f60718293a4b5c6d7e8f9.service": "org.kde.konsole",
    f"{USER}/app.slice/app-org.kde.konsole-4321.scope/tab(4329).scope": None,
    f"{USER}/app.slice/app-flatpak-org.mozilla.Thunderbird-3342.scope": "org.mozilla.Thunderbird",
    f"{USER}/app.slice/flatpak-org.videolan.VLC-77.scope": "org.videolan.VLC",
    f"{USER}/app.slice/snap.firefox.firefox-6c6e1a2b-0d3e-4f6a-8b1c-2d3e4f5a6b7c.scope": "firefox",
    f"{USER}/app.slice/snap.firefox.firefox.6c6e1a2b-0d3e-4f6a-8b1c-2d3e4f5a6b7c.scope": "firefox",
    "/system.slice/snap.lxd.daemon.service": "lxd.daemon",
    f"{USER}/app.slice/app-steam-6c6e1a2b-0d3e-4f6a-8b1c-2d3e4f5a6b7c.scope": "steam",
    f"{USER}/tmux-spawn-6c6e1a2b-0d3e-4f6a-8b1c-2d3e4f5a6b7c.scope": None,
}


@pytest.fixture
def roots(tmp_path: Path) -> Roots:
    """A machine whose cgroups are all those above; only its pods have names."""
    for path in LAYOUTS:
        (tmp_path / f"cgroup{path}").mkdir(parents=True, exist_ok=True)
    for folder in (
        f"shop_web-7fb96c846b-x2vqz_{POD}/nginx",
        f"kube-system_kube-apiserver-node-1_{STATIC}/kube-apiserver",
    ):
        (tmp_path / "pods" / folder).mkdir(parents=True)
    return Roots(
        proc=tmp_path / "proc",
        cgroups=tmp_path / "cgroup",
        pod_logs=tmp_path / "pods",
        run=tmp_path / "run",
        docker=tmp_path / "docker",
        storage=tmp_path / "storage",
        node="node-1",
    )


def owner(roots: Roots, path: str, command: str = "x") -> Owner:
    return Owner(command, Path(f"{roots.cgroups}{path}").stat().st_ino)


def names(roots: Roots, rule: str) -> Mapping[str, str]:
    namer = make_namer(Settings(applications=Applications(name=rule)), roots)  # type: ignore[arg-type]
    return {path: namer.name_of(owner(roots, path)) for path in LAYOUTS}


def test_an_application_is_its_pod_container_unit_or_process(roots: Roots) -> None:
    assert names(roots, "auto") == {path: name or "x" for path, name in LAYOUTS.items()}


def test_the_rule_process_knows_processes_only(roots: Roots) -> None:
    assert set(names(roots, "process").values()) == {"x"}


def test_the_rule_container_knows_pods_containers_and_processes(roots: Roots) -> None:
    found = names(roots, "container")

    assert found[f"/kubepods/pod{POD}/{ID}"] == "shop/web"
    assert found[f"/docker/{ID}"] == ID[:12]
    assert found["/system.slice/nginx.service"] == "x"


def test_the_rule_unit_knows_units_and_what_a_container_of_an_engine_is(roots: Roots) -> None:
    found = names(roots, "unit")

    assert found["/system.slice/nginx.service"] == "nginx"
    assert found[f"/system.slice/docker-{ID}.scope"] == ID[:12]
    assert found["/lxc.payload.web-1/system.slice/nginx.service"] == "nginx"
    assert found[f"{USER}/init.scope"] == "x"


@pytest.mark.parametrize(
    ("pod", "name"),
    [
        ("web-7fb96c846b-x2vqz", "web"),
        ("coredns-5d78c9869d-2xk7n", "coredns"),
        ("local-path-provisioner-84db5d44d9-rr8tb", "local-path-provisioner"),
        ("node-exporter-x2vqz", "node-exporter"),
        ("postgres-0", "postgres"),
        ("kafka-broker-12", "kafka-broker"),
        ("backup-28475160-x2vqz", "backup"),
        ("backup-1708509600-x2vqz", "backup"),
        ("migrate-x2vqz", "migrate"),
        # What only looks so: vowels, and 0 1 3, are in no suffix.
        ("front-store", "front-store"),
        ("my-proxy", "my-proxy"),
        ("web-12345-abcde", "web-12345-abcde"),
        ("api-v2", "api-v2"),
        ("cache-007", "cache-007"),
        ("etcd-20240101", "etcd-20240101"),
        ("web-7fb96c846b-apple", "web-7fb96c846b-apple"),
        ("x2vqz", "x2vqz"),
        ("-x2vqz", "-x2vqz"),
    ],
)
def test_a_workload_is_a_pod_without_what_its_controller_adds(pod: str, name: str) -> None:
    assert workload(pod) == name


def test_a_pods_folder_that_comes_later_is_found_and_one_that_is_gone_is_remembered(tmp_path: Path) -> None:
    now = [0.0]
    pods = Pods(tmp_path, "node-1", lambda: now[0])
    path = f"/kubepods/pod{POD}/{ID}"

    assert pods.name_of(path) is None
    assert pods.is_undecided(path)
    folder = tmp_path / f"shop_web-0_{POD}"
    folder.mkdir()
    assert pods.name_of(path) is None
    now[0] += 1
    assert pods.name_of(path) == "shop/web"
    assert not pods.is_undecided(path)
    folder.rmdir()
    now[0] += 1
    pods.name_of(f"/kubepods/pod{'0' * 32}")
    assert pods.name_of(path) == "shop/web"


def test_a_pods_folder_that_does_not_come_is_not_awaited_for_ever(tmp_path: Path) -> None:
    now = [0.0]
    pods = Pods(tmp_path / "closed", "node-1", lambda: now[0])
    path = f"/kubepods/pod{POD}/{ID}"

    assert pods.name_of(path) is None
    now[0] += 10
    assert not pods.is_undecided(path)
    assert pods.name_of(path) is None


@pytest.mark.parametrize("name", ["pods", "shop_web_x_y", "", f"a_b_{POD}x"])
def test_other_folders_beside_the_pods_logs_are_nothing(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir(exist_ok=True)

    assert Pods(tmp_path, "node-1").name_of(f"/kubepods/pod{POD}") is None


PIECES = st.one_of(
    st.text(max_size=12),
    st.sampled_from([piece for path in LAYOUTS for piece in path.split("/")]),
    st.from_regex(
        r"(app|snap|dbus|lxc|machine|pod|user@)[-.@:\\a-z0-9]{0,20}(\.(service|scope|slice))?", fullmatch=True
    ),
)


@given(st.lists(PIECES, max_size=6))
def test_no_path_of_a_cgroup_is_too_odd(pieces: list[str]) -> None:
    path = "".join(f"/{piece}" for piece in pieces)
    engines = Engines(run=Path("/nonexistent"), docker=Path("/nonexistent"), storage=Path("/nonexistent"))

    for name in (unit_name(path), uid_of(path), Containers(engines).name_of(path)):
        assert name is None or name not in SPECIALS or any(name in piece for piece in pieces)
