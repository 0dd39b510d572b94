from __future__ import annotations

import json
from itertools import pairwise

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from reports.formats.openmetrics import BATCH, END, openmetrics
from reports.formats.victoriametrics import victoriametrics
from reports.past.samples import PastFamily, PastSeries

TARGET = (("job", "netledger"), ("instance", "host:7373"))
DEVICES = ["eth0", 'a"b\\c\nd', "🦆", "{}%s"]


def families(size: int = 3) -> list[PastFamily]:
    times = [1_600_000_000 + 900 * n for n in range(size)]
    values = [2**53 - size + n for n in range(size)]
    series = [PastSeries((("device", name),), times, values) for name in DEVICES]
    return [
        PastFamily("netledger_interface_receive_bytes_total", "counter", series),
        PastFamily("netledger_interface_period_receive_bytes", "gauge", series[:1]),
    ]


def expected(size: int = 3) -> list[tuple[str, str, int, float]]:
    return [
        (family.name, dict(series.labels)["device"], time, float(value))
        for family in families(size)
        for series in family.series
        for time, value in zip(series.times, series.values, strict=True)
    ]


@pytest.mark.parametrize("size", [3, BATCH + 1])
def test_openmetrics_is_what_a_strict_parser_takes(size: int) -> None:
    pieces = list(openmetrics(families(size), TARGET))

    text = b"".join([*(piece for piece, _ in pieces), END]).decode()

    found = [
        (sample.name, sample.labels["device"], int(float(sample.timestamp)), sample.value)
        for family in text_string_to_metric_families(text)  # type: ignore[no-untyped-call]
        for sample in family.samples
    ]
    assert found == expected(size)
    assert sum(samples for _, samples in pieces) == len(found)
    assert 'job="netledger",instance="host:7373",device="eth0"' in text


@pytest.mark.parametrize("size", [3, BATCH + 1])
def test_victoriametrics_is_an_object_a_line(size: int) -> None:
    pieces = list(victoriametrics(families(size), TARGET))

    lines = b"".join(piece for piece, _ in pieces).decode().removesuffix("\n").split("\n")

    found = []
    for line in lines:
        told = json.loads(line)
        assert told["metric"].items() >= dict(TARGET).items()
        assert all(later > earlier for earlier, later in pairwise(told["timestamps"]))
        found += [
            (told["metric"]["__name__"], told["metric"]["device"], stamp // 1000, float(value))
            for value, stamp in zip(told["values"], told["timestamps"], strict=True)
        ]
    assert found == expected(size)
    assert sum(samples for _, samples in pieces) == len(found)
