"""Programs in cgroups of containers, pods and units: their numbers in the owner, and what these are called."""

from __future__ import annotations

import contextlib
import subprocess
from secrets import token_hex
from typing import TYPE_CHECKING

import pytest

from exporter.meters.applications.ebpf.source import find_cgroup
from exporter.meters.applications.names.namer import Roots, make_namer
from exporter.meters.applications.traffic import SourceError
from exporter.settings.tree import Settings
from tests.worlds.datagram_programs import DATAGRAMS, SINK
from tests.worlds.own_line import OURS
from tests.worlds.programs import SECONDS, program

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.exporter.meters.applications.ebpf.conftest import Seen
    from tests.worlds.own_line import Line

pytestmark = pytest.mark.namespaces
BURSTABLE = "kubepods.slice/kubepods-burstable.slice"
POD = "{half}-1111-2222-3333-444455556666"


@contextlib.contextmanager
def cgroup(path: str) -> Iterator[Path]:
    """A cgroup of this machine, removed again with those above that are empty then."""
    try:
        root = find_cgroup().path
    except SourceError as error:
        pytest.skip(str(error))
    made = root / path
    try:
        made.mkdir(parents=True)
    except OSError as error:
        pytest.skip(f"{made}: {error.strerror}")
    try:
        yield made
    finally:
        with contextlib.suppress(OSError):
            for each in (made, *made.parents):
                if each == root:
                    break
                each.rmdir()


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("system.slice/docker-{id}.scope", "{id:.12}"),
        (
            f"{BURSTABLE}/kubepods-burstable-pod{POD.replace('-', '_')}.slice/cri-containerd-{{id}}.scope",
            "shop/checkout",
        ),
        ("system.slice/backup-{half}.service", "backup-{half}"),
    ],
)
def test_a_program_is_called_by_its_cgroup(line: Line, seen: Seen, tmp_path: Path, path: str, name: str) -> None:
    numbers = {"id": token_hex(32), "half": token_hex(4)}
    path, name, pod = (text.format(**numbers) for text in (path, name, POD))
    # As the kubelet leaves them: a folder for each pod.
    (tmp_path / f"shop_checkout-7d9f8b6c5d-x2x4z_{pod}").mkdir()
    sender, sink = program(tmp_path, "send"), program(tmp_path, "sink")
    namer = make_namer(Settings(), Roots(pod_logs=tmp_path))
    with cgroup(path) as made, sink.serving(line.far, SINK, line.network.far) as port:
        command = (str(sender.path), "-S", "-c", DATAGRAMS, line.network.far, port, "1", "10", "100", "0")
        enter = ("sh", "-c", 'echo $$ > "$0/cgroup.procs" && exec "$@"', str(made))
        inside = ("ip", "netns", "exec", line.near.name)
        subprocess.run([*enter, *inside, *command], check=True, timeout=SECONDS)
        number = made.stat().st_ino
        (owner,) = {row.owner for row in seen.rows(sender.command, OURS)}
        namer.refresh()

        assert owner.cgroup == number
        assert namer.name_of(owner) == name
