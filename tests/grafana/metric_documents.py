"""What docs/metrics.md says there is: names and labels; besides them what Prometheus and its client add."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

import yaml

from tests.grafana.dashboard_files import ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping

OF_A_TARGET = frozenset({"job", "instance"})
OF_ANY_PROCESS = (
    "process_cpu_seconds_total process_open_fds process_max_fds process_resident_memory_bytes "
    "process_start_time_seconds process_virtual_memory_bytes"
)
OF_A_SCRAPE = (
    "up scrape_duration_seconds scrape_samples_scraped scrape_samples_post_metric_relabeling scrape_series_added"
)
LABELLED = {
    "python_info": frozenset({"version", "implementation", "major", "minor", "patchlevel"}),
    "python_gc_collections_total": frozenset({"generation"}),
    "python_gc_objects_collected_total": frozenset({"generation"}),
    "python_gc_objects_uncollectable_total": frozenset({"generation"}),
    "ALERTS": frozenset({"alertname", "alertstate", "severity", "device", "plan", "meter", "reason", "cause"}),
}
ROW = re.compile(
    r"^\| `(?P<name>netledger_\w+)` \| (?P<type>\w+) \| (?P<labels>[^|]*)\| (?P<meaning>.*) \|$", re.MULTILINE
)


@cache
def documented_metrics() -> Mapping[str, frozenset[str]]:
    """Labels by series name, those of the target left out; a histogram's three series each for themselves."""
    found: dict[str, frozenset[str]] = dict(LABELLED)
    found.update((name, frozenset()) for name in (OF_ANY_PROCESS + " " + OF_A_SCRAPE).split())
    for row in ROW.finditer((ROOT / "docs" / "metrics.md").read_text(encoding="utf-8")):
        labels = frozenset(re.findall(r"\w+", row["labels"]))
        if row["type"] == "histogram":
            found[row["name"] + "_bucket"] = labels | {"le"}
            found[row["name"] + "_sum"] = found[row["name"] + "_count"] = labels
        else:
            found[row["name"]] = labels
    return found


@cache
def recorded_metrics() -> frozenset[str]:
    """Names that the recording rules in prometheus/rules make."""
    rules = (
        rule
        for path in sorted((ROOT / "prometheus" / "rules").glob("*.yml"))
        for group in yaml.safe_load(path.read_text(encoding="utf-8"))["groups"]
        for rule in group["rules"]
    )
    return frozenset(rule["record"] for rule in rules if "record" in rule)
