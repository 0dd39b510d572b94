"""Names of containers from the files and the sockets of docker and podman."""

from __future__ import annotations

import json
import socket
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from socketserver import UnixStreamServer
from typing import TYPE_CHECKING, Any

import pytest

from exporter.meters.applications.names.containers import Containers
from exporter.meters.applications.names.engines import ATTEMPTS, Engines

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ID = "4f1a3c5e7d9b" + "0" * 52
DEEP = b"[" * 100_000
NONSENSE = [b"", b"{", b"[]", b'"x"', b'{"Name": 5}', b'{"Name": ""}', DEEP, b"\xff"]


class Handler(BaseHTTPRequestHandler):
    """An engine that knows one container."""

    server: Any

    def do_GET(self) -> None:
        self.server.questions.append(self.path)
        is_known = self.path == f"/containers/{ID}/json"
        self.send_response(200 if is_known else 404)
        self.end_headers()
        self.wfile.write(self.server.answer if is_known else b"{}")

    def log_message(self, *_: object) -> None:
        """Nothing."""


@contextmanager
def engine(path: Path, answer: bytes) -> Iterator[list[str]]:
    path.parent.mkdir(parents=True, exist_ok=True)
    server: Any = UnixStreamServer(str(path), Handler)
    server.answer, server.questions = answer, []
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server.questions
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def engines(tmp_path: Path) -> Engines:
    return Engines(run=tmp_path / "run", docker=tmp_path / "docker", storage=tmp_path / "storage")


def docker_file(folder: Path, data: bytes) -> None:
    (folder / "docker" / ID).mkdir(parents=True)
    (folder / "docker" / ID / "config.v2.json").write_bytes(data)


def test_the_file_of_docker_names_a_container_at_once(tmp_path: Path, engines: Engines) -> None:
    docker_file(tmp_path, b'{"Name": "/shop-web-1"}')

    assert Containers(engines).name_of(f"/system.slice/docker-{ID}.scope") == "shop-web-1"
    assert not engines.is_undecided(ID, 0)


@pytest.mark.parametrize("place", ["docker.sock", "podman/podman.sock"])
def test_an_engine_is_asked_by_refresh(tmp_path: Path, engines: Engines, place: str) -> None:
    containers = Containers(engines)
    path = f"/machine.slice/libpod-{ID}.scope/container"
    with engine(tmp_path / "run" / place, b'{"Name": "/web.3.%s"}' % (b"x" * 25)) as questions:
        assert containers.name_of(path) == ID[:12]
        assert containers.is_undecided(path)
        assert not questions

        engines.refresh()

        assert containers.name_of(path) == "web"
        assert not containers.is_undecided(path)
        engines.refresh()
        assert questions == [f"/containers/{ID}/json"]


def test_the_engine_of_a_user_is_asked_for_the_users_containers(tmp_path: Path, engines: Engines) -> None:
    path = f"/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-{ID}.scope"
    with engine(tmp_path / "run/user/1000/podman/podman.sock", b'{"Name": "web"}'):
        Containers(engines).name_of(path)
        engines.refresh()

    assert Containers(engines).name_of(path) == "web"


def test_the_list_of_podmans_storage_names_containers(tmp_path: Path, engines: Engines) -> None:
    (tmp_path / "storage/overlay-containers").mkdir(parents=True)
    listed = [{"id": "a" * 64}, 5, {"id": ID, "names": ["web"]}, {"id": 7, "names": []}, {"id": "b", "names": [{}]}]
    (tmp_path / "storage/overlay-containers/containers.json").write_text(json.dumps(listed), encoding="utf-8")

    engines.name_of(ID, 0)
    engines.refresh()

    assert engines.name_of(ID, 0) == "web"


@pytest.mark.parametrize("answer", NONSENSE, ids=range(len(NONSENSE)))
def test_an_engine_that_answers_nonsense_leaves_the_short_id(tmp_path: Path, engines: Engines, answer: bytes) -> None:
    docker_file(tmp_path, answer)
    with engine(tmp_path / "run/docker.sock", answer) as questions:
        engines.name_of(ID, 0)
        for _ in range(ATTEMPTS + 2):
            engines.refresh()

    assert engines.name_of(ID, 0) is None
    assert not engines.is_undecided(ID, 0)
    assert len(questions) == ATTEMPTS


def test_an_engine_that_never_answers_is_not_waited_for(
    tmp_path: Path, engines: Engines, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("exporter.meters.applications.names.engines.TIMEOUT_SECONDS", 0.05)
    (tmp_path / "run").mkdir()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "run/docker.sock"))
        listener.listen()
        engines.name_of(ID, 0)
        engines.refresh()

    assert engines.name_of(ID, 0) is None


def test_what_is_remembered_of_containers_is_bounded(engines: Engines, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("exporter.meters.applications.names.engines.MOST_CONTAINERS", 10)
    for number in range(100):
        engines.name_of(f"{number:064x}", 0)

    assert len(engines._unknown) <= 10
