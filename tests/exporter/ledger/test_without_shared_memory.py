"""On a file system that shares no memory (FUSE, NFS) a ledger is made, carried on, and read."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

SHIM = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
typedef void *(*mapping)(void *, size_t, int, int, int, long);
static void *map(const char *name, void *at, size_t length, int rights, int flags, int file, long offset) {
  char link[64], target[4096];
  snprintf(link, sizeof link, "/proc/self/fd/%d", file);
  ssize_t size = file < 0 ? -1 : readlink(link, target, sizeof target - 1);
  if (size > 0 && (flags & MAP_SHARED)) {
    target[size] = 0;
    if (strstr(target, "-shm")) { errno = ENODEV; return MAP_FAILED; }
  }
  return ((mapping)dlsym(RTLD_NEXT, name))(at, length, rights, flags, file, offset);
}
void *mmap(void *a, size_t l, int r, int f, int d, long o) { return map("mmap", a, l, r, f, d, o); }
void *mmap64(void *a, size_t l, int r, int f, int d, long o) { return map("mmap64", a, l, r, f, d, o); }
"""
OPEN = """
import sys
from pathlib import Path
from zoneinfo import ZoneInfo
from exporter.ledger.files import connect_to_read, connect_to_write
from exporter.ledger.opening.opening import open_ledger
from exporter.meters.registry import new_stores
path = Path(sys.argv[1])
opened = open_ledger(path, new_stores(), ZoneInfo("UTC"))
writer, reader = connect_to_write(path), connect_to_read(path)
writer.execute("INSERT INTO gap (meter, began, ended, cause) VALUES ('interface', 1, 2, 'stopped')")
print(opened.problem, *opened.notices, reader.execute("SELECT count(*) FROM gap").fetchone()[0])
"""


@pytest.fixture(scope="session")
def no_shared_memory(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """An environment in which no write-ahead log's index can be mapped."""
    compiler = shutil.which("cc")
    if sys.platform != "linux" or compiler is None:
        pytest.skip("needs Linux and a C compiler to stand in for such a file system")
    folder = tmp_path_factory.mktemp("shim")
    (folder / "shim.c").write_text(SHIM, encoding="ascii")
    made = folder / "shim.so"
    command = [compiler, "-shared", "-fPIC", "-o", str(made), str(folder / "shim.c"), "-ldl"]
    subprocess.run(command, check=True, capture_output=True)
    return {**os.environ, "LD_PRELOAD": str(made)}


def test_a_ledger_is_made_and_carried_on_there(no_shared_memory: dict[str, str], tmp_path: Path) -> None:
    assert [_open(tmp_path / "new.db", no_shared_memory) for _ in range(2)] == ["1", "2"]


def test_a_ledger_that_a_crash_left_elsewhere_is_carried_on_there(
    no_shared_memory: dict[str, str], tmp_path: Path
) -> None:
    _open(tmp_path / "ledger.db", dict(os.environ), "import os; os._exit(0)")
    assert (tmp_path / "ledger.db-wal").stat().st_size > 0

    assert _open(tmp_path / "ledger.db", no_shared_memory) == "2"
    assert _open(tmp_path / "ledger.db", dict(os.environ)) == "3"


def _open(ledger: Path, environ: dict[str, str], end: str = "") -> str:
    code = OPEN + ("sys.stdout.flush(); " + end if end else "")
    done = subprocess.run(
        [sys.executable, "-c", code, str(ledger)], env=environ, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()
