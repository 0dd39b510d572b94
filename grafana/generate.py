"""`python -m grafana.generate` writes the JSON of the dashboards; `--check` lists the files that are not up to date.

A dashboard is a file of grafana/dashboards and its name in DASHBOARDS.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from grafana.dashboards import applications, fleet, health, interfaces, machines, overview, plans, requests
from grafana.kit.finish import finished, for_import, text

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).parent
PROVISIONED, IMPORTED = HERE / "dashboards" / "json", HERE / "import"
DASHBOARDS = (overview, interfaces, applications, requests, plans, health, fleet, machines)


def files() -> Iterator[tuple[Path, str]]:
    """Every file and its content."""
    for module in DASHBOARDS:
        tree = finished(module.dashboard().build())
        name = f"{tree['uid']}.json"
        yield PROVISIONED / name, text(tree)
        yield IMPORTED / name, text(for_import(tree))


def write() -> None:
    """Write every file, and remove those of dashboards that are gone."""
    expected = dict(files())
    for folder in (PROVISIONED, IMPORTED):
        folder.mkdir(exist_ok=True)
        for stale in set(folder.glob("*.json")) - expected.keys():
            stale.unlink()
    for path, content in expected.items():
        path.write_text(content, encoding="utf-8")


def outdated() -> list[str]:
    """Files that are missing, too many, or differ from the code."""
    expected = dict(files())
    found = {path for folder in (PROVISIONED, IMPORTED) for path in folder.glob("*.json")}
    same = {path for path in found & expected.keys() if path.read_text(encoding="utf-8") == expected[path]}
    return sorted(str(path.relative_to(HERE.parent)) for path in found | expected.keys() if path not in same)


def main(arguments: list[str]) -> int:
    """Write, or compare; the exit code is 1 where a file differs."""
    if arguments != ["--check"]:
        write()
        return 0
    differing = outdated()
    for name in differing:
        sys.stderr.write(f"{name} differs from what grafana/dashboards/*.py say: run `make grafana`\n")
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
