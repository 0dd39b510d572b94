"""The rules of prometheus/ as the tests read them, and promtool."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "prometheus"
RULES = FOLDER / "rules"
CASES = Path(__file__).parent / "rules"
SUBJECTS = ("plans", "service", "interfaces", "applications", "requests", "monitors", "ledger", "mirror")
"""Files of rules."""

KEYWORDS = {"and", "or", "unless", "bool", "offset", "inf", "nan"}
GROUPING = re.compile(r"\b(?:by|without|on|ignoring|group_left|group_right)\s*\(([^)]*)\)")
BRACES = re.compile(r"\{([^{}]*)\}")
MATCHER = re.compile(r"(\w+)\s*(?:=~|!~|!=|=)")
NAME = re.compile(r"(?<![\w:.])[a-zA-Z_:][\w:]*+(?!\s*\()")
STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
DOCUMENTED = re.compile(r"^\| `(netledger_\w+)` \| (\w+) \|([^|]*)\|", re.MULTILINE)

needs_promtool = pytest.mark.skipif(
    shutil.which("promtool") is None, reason="promtool is not installed (Debian package prometheus)"
)


def promtool(*arguments: str | Path) -> tuple[int, str]:
    """The exit code, and everything it said."""
    done = subprocess.run(["promtool", *arguments], capture_output=True, text=True, check=False, timeout=60)
    return done.returncode, done.stdout + done.stderr


def load(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def groups() -> dict[str, dict[str, Any]]:
    """Every group of rules by its name, in the order of the runbooks."""
    return {group["name"]: group for name in SUBJECTS for group in load(RULES / f"{name}.yml")["groups"]}


def rules(kind: str) -> list[dict[str, Any]]:
    """Every rule of a kind ("alert" or "record")."""
    return [rule for group in groups().values() for rule in group["rules"] if kind in rule]


def alerts() -> list[dict[str, Any]]:
    """Every alert."""
    return rules("alert")


def held() -> list[dict[str, Any]]:
    """Recorded series that the alerts of plans are made of."""
    return [rule for rule in groups()["netledger-plans"]["rules"] if "record" in rule]


def recorded() -> list[dict[str, Any]]:
    """Recorded series for charts."""
    return [rule for rule in rules("record") if rule not in held()]


def metric_names(expression: str) -> set[str]:
    """Metrics that a PromQL expression asks for."""
    bare = BRACES.sub("", STRING.sub('""', expression))
    bare = re.sub(r"\[[^\]]*\]", "", GROUPING.sub("", bare))
    return set(NAME.findall(bare)) - KEYWORDS


def label_names(expression: str) -> set[str]:
    """Labels that a PromQL expression matches or groups by."""
    bare = STRING.sub('""', expression)
    matched = {name for inside in BRACES.findall(bare) for name in MATCHER.findall(inside)}
    return matched | {name.strip() for inside in GROUPING.findall(bare) for name in inside.split(",") if name.strip()}


def queries_in(template: str) -> Iterator[str]:
    """PromQL that an annotation asks: `{{ with printf "QUERY" ... | query }}`."""
    for text in re.findall(r'printf "((?:[^"\\]|\\.)*)"(?=[^|}]*\| query)', template):
        yield text.replace("%q", '"x"')


def documented_metrics() -> dict[str, set[str]]:
    """Labels by series name, as docs/metrics.md tells them."""
    found = {}
    for name, kind, labels in DOCUMENTED.findall((ROOT / "docs" / "metrics.md").read_text(encoding="utf-8")):
        suffixes = ("_bucket", "_sum", "_count") if kind == "histogram" else ("",)
        found.update({name + suffix: set(re.findall(r"\w+", labels)) for suffix in suffixes})
    return found


def known_metrics() -> set[str]:
    """What a rule may ask for: documented metrics, recorded series, and what Prometheus says of a target."""
    return {*documented_metrics(), *(rule["record"] for rule in rules("record")), "up"}
