"""Error of installing."""

from __future__ import annotations


class InstallError(Exception):
    """It cannot be installed, or not be undone: the text has the reason, `remedy` the next step."""

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(f"{problem}: {remedy}")
        self.problem, self.remedy = problem, remedy
