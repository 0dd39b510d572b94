"""The section `applications` of the settings."""

from __future__ import annotations

from typing import Annotated, Literal

from exporter.settings import list_rules as lists
from exporter.settings import rules
from exporter.settings.schema import Section

WAYS = ("auto", "ebpf", "sock_diag", "nettop", "estats", "off")
NAMES = ("auto", "process", "unit", "container")


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
    hidden: Annotated[
        tuple[str, ...], lists.GLOBS, "Applications that are measured as (hidden), and named nowhere."
    ] = ()
    most: Annotated[int, rules.whole(1, 1000), "Applications with a name of their own; the rest is (other)."] = 100
