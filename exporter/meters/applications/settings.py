"""The section `applications` of the settings."""

from __future__ import annotations

import re
from typing import Annotated, Literal, NamedTuple

import msgspec

from exporter.settings import list_rules as lists
from exporter.settings import rules
from exporter.settings.measures import format_size
from exporter.settings.schema import Section

WAYS = ("auto", "ebpf", "sock_diag", "nettop", "estats", "off")
NAMES = ("auto", "process", "unit", "container")
LONGEST_NAME = 200
"""Characters of an application's name; longer ones are cut. A pod's namespace and workload have up to 63 and 253."""

LIMIT = re.compile(r"(.*[^\s/])\s*/\s*(day|week|month)", re.ASCII)
CAP = rules.size("1 MB", "1000 PB")


class Limit(NamedTuple):
    """Bytes that an application may move, received and transmitted, in a local day, week or month."""

    bytes: int
    period: Literal["day", "week", "month"]


def _read_name(raw: object) -> str:
    text = rules.one_text(raw)
    if len(text) > LONGEST_NAME:
        raise rules.RuleError(f"{rules.clipped(text)} is longer than {LONGEST_NAME} characters")
    return text


def _read_group(raw: object) -> str:
    text = _read_name(raw)
    if text.startswith("(") and text.endswith(")"):
        raise rules.RuleError(f"{text} is in parentheses, as only names of the meter are")
    return text


def _read_limited(raw: object) -> str:
    text = _read_name(raw)
    if "*" in text or "?" in text:
        raise rules.RuleError(f"{rules.clipped(text)} is a pattern; a group gives several applications one name")
    return text


def _read_limit(raw: object) -> Limit:
    text = rules.one_text(raw)
    if not (found := LIMIT.fullmatch(text.strip())):
        raise rules.RuleError(f"{rules.clipped(text)} is no size by day, week or month")
    period: Literal["day", "week", "month"] = found[2]  # type: ignore[assignment]
    return Limit(CAP.read(found[1]), period)


# Names hold spaces and slashes, as "Google Chrome" and "namespace/workload" do.
PATTERNS = lists.list_of('a list of names or patterns such as [firefox, "backup/*"]', rules.one_text)
SOME_PATTERNS = lists.list_of(PATTERNS.says, rules.one_text, lists.not_empty)
GROUPS = rules.mapping_of(
    "names with patterns such as {browsers: [firefox, chrom*], backup: restic*}",
    rules.Rule(f"names of at most {LONGEST_NAME} characters", _read_group),
    SOME_PATTERNS,
)
LIMITS = rules.mapping_of(
    "names of applications or groups with sizes such as {steam: 50 GB/month}",
    rules.Rule(f"names of applications or groups, of at most {LONGEST_NAME} characters", _read_limited),
    rules.Rule(
        f"{CAP.says}, by day, week or month, such as 50 GB/month",
        _read_limit,
        lambda limit: f"{format_size(limit.bytes)}/{limit.period}",
    ),
)


class Applications(Section, frozen=True):
    """How bytes of applications are measured, and what an application is called."""

    meter: Annotated[
        Literal["auto", "ebpf", "sock_diag", "nettop", "estats", "off"],
        rules.choice(*WAYS),
        "How bytes of applications are measured; auto takes the best way that works.",
    ] = "auto"
    name: Annotated[
        Literal["auto", "process", "unit", "container"],
        rules.choice(*NAMES),
        "What an application is called by; auto takes the pod, else the container, the unit, the process.",
    ] = "auto"
    groups: Annotated[
        dict[str, tuple[str, ...]], GROUPS, "Names for several applications; of each, the first that matches."
    ] = msgspec.field(default_factory=dict)
    hidden: Annotated[tuple[str, ...], PATTERNS, "Applications that are measured as (hidden), and named nowhere."] = ()
    most: Annotated[int, rules.whole(1, 1000), "Applications with a name of their own; the rest is (other)."] = 100
    limits: Annotated[
        dict[str, Limit], LIMITS, "Sizes that raise an alert when an application or a group exceeds them."
    ] = msgspec.field(default_factory=dict)
