from __future__ import annotations

import sys
from pathlib import Path

import psutil
import pytest

from exporter.meters.interfaces.linux.counters import CounterTable

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc/net/dev of Linux")


def test_counts_are_those_of_psutil() -> None:
    table = CounterTable(Path("/proc/net/dev"))

    for _ in range(20):  # other programs may send between two reads: one quiet moment is enough
        ours = {name: table.counts(columns) for name, columns in table.read().items()}
        theirs = psutil.net_io_counters(pernic=True, nowrap=False)
        if all(ours[name].bytes == row.bytes_recv + row.bytes_sent for name, row in theirs.items()):
            break

    assert ours.keys() == theirs.keys()
    for name, row in theirs.items():
        assert ours[name] == (
            *(row.bytes_recv, row.bytes_sent, row.packets_recv, row.packets_sent),
            *(row.errin, row.errout, row.dropin, row.dropout),
        )
    table.close()


def test_a_table_longer_than_one_read_comes_whole(tmp_path: Path) -> None:
    header = "Inter-|   Receive  |  Transmit\n face |bytes\n"
    rows = [f"veth{number:05}: {number} 1 0 0 0 0 0 0 {number * 2} 1 0 0 0 0 0 0\n" for number in range(3_000)]
    file = tmp_path / "dev"
    file.write_text(header + "".join(rows), encoding="utf-8")
    table = CounterTable(file)

    read = table.read()

    assert len(read) == 3_000
    assert table.counts(read["veth02999"]).transmit_bytes == 5_998
    table.close()


def test_a_kept_descriptor_sees_what_has_changed(tmp_path: Path) -> None:
    file = tmp_path / "dev"
    row = "a\nb\n eth0: {} 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n"
    file.write_text(row.format(1), encoding="utf-8")
    table = CounterTable(file)
    first = table.counts(table.read()["eth0"]).receive_bytes
    file.write_text(row.format(2), encoding="utf-8")

    assert (first, table.counts(table.read()["eth0"]).receive_bytes) == (1, 2)
    table.close()
