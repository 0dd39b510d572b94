"""Dashboards as the checks read them: their panels, those of collapsed rows too, and each expression with its place."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "grafana" / "dashboards" / "json"
WITHOUT_QUERIES = frozenset({"text", "dashlist", "news", "row"})


class Place(NamedTuple):
    """Where something stands: titles, and the number of a panel's target."""

    dashboard: str
    panel: str = ""
    target: int | None = None

    def __str__(self) -> str:
        told = [self.dashboard, self.panel, "" if self.target is None else f"target {self.target}"]
        return " > ".join(part for part in told if part)


class Query(NamedTuple):
    """One expression (PromQL or SQL) of a panel, an annotation or an alert rule."""

    place: Place
    expression: str
    is_instant: bool
    legend: str
    raw: Mapping[str, Any]


@dataclass(frozen=True)
class Panel:
    """A panel, or the row that others stand in."""

    place: Place
    raw: Mapping[str, Any]

    @property
    def type(self) -> str:
        return str(self.raw.get("type", ""))

    @property
    def defaults(self) -> Mapping[str, Any]:
        """Its field settings."""
        found: Mapping[str, Any] = self.raw.get("fieldConfig", {}).get("defaults", {})
        return found

    @property
    def overrides(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.raw.get("fieldConfig", {}).get("overrides", [])
        return found

    @property
    def box(self) -> tuple[int, int, int, int]:
        """x, y, width and height in the grid."""
        grid = self.raw.get("gridPos", {})
        return grid.get("x", 0), grid.get("y", 0), grid.get("w", 0), grid.get("h", 0)

    @cached_property
    def queries(self) -> tuple[Query, ...]:
        return tuple(
            Query(
                self.place._replace(target=number),
                target.get("expr") or target.get("rawSql", ""),
                target.get("instant", False) and not target.get("range", False),
                target.get("legendFormat", ""),
                target,
            )
            for number, target in enumerate(self.raw.get("targets", []))
        )


@dataclass(frozen=True)
class Variable:
    """A drop-down above the dashboard."""

    place: Place
    raw: Mapping[str, Any]

    @property
    def name(self) -> str:
        return str(self.raw.get("name", ""))

    @property
    def type(self) -> str:
        return str(self.raw.get("type", ""))

    @property
    def query(self) -> str:
        """What it asks, or the fixed text it holds."""
        query = self.raw.get("query", "")
        return str(query.get("query", "")) if isinstance(query, dict) else str(query)


@dataclass(frozen=True)
class Dashboard:
    """A classic dashboard."""

    raw: Mapping[str, Any]
    path: Path | None = None

    @property
    def place(self) -> Place:
        return Place(str(self.raw.get("title", self.path)))

    @property
    def uid(self) -> str:
        return str(self.raw.get("uid", ""))

    @cached_property
    def rows_and_panels(self) -> tuple[Panel, ...]:
        """Everything that stands in the grid, what collapsed rows hold included."""
        found: list[Panel] = []
        for raw in self.raw.get("panels", []):
            found.extend(Panel(self.place._replace(panel=_title(each)), each) for each in (raw, *raw.get("panels", [])))
        return tuple(found)

    @property
    def panels(self) -> tuple[Panel, ...]:
        return tuple(panel for panel in self.rows_and_panels if panel.type != "row")

    @cached_property
    def variables(self) -> tuple[Variable, ...]:
        raws = self.raw.get("templating", {}).get("list", [])
        return tuple(Variable(self.place._replace(panel=f"variable {raw.get('name', '')}"), raw) for raw in raws)

    @property
    def source(self) -> str:
        """The plugin of the data sources that it offers: what its queries are written for."""
        return next((variable.query for variable in self.variables if variable.type == "datasource"), "")

    def variable(self, name: str) -> Variable | None:
        return next((variable for variable in self.variables if variable.name == name), None)

    @property
    def annotations(self) -> tuple[Query, ...]:
        """The annotations that ask Prometheus."""
        return tuple(
            Query(self.place._replace(panel=f"annotation {raw['name']}"), target["expr"], False, "", raw)  # noqa: FBT003 - a field
            for raw in self.raw.get("annotations", {}).get("list", [])
            if "expr" in (target := raw.get("target", {}))
        )

    @property
    def panel_queries(self) -> Iterator[Query]:
        for panel in self.panels:
            yield from panel.queries

    @property
    def queries(self) -> Iterator[Query]:
        """Every expression but those of the variables."""
        yield from self.panel_queries
        yield from self.annotations


def load(path: Path) -> Dashboard:
    return Dashboard(json.loads(path.read_text(encoding="utf-8")), path)


def committed_dashboards() -> tuple[Dashboard, ...]:
    """The dashboards that are shipped."""
    return tuple(load(path) for path in sorted(FOLDER.glob("*.json")))


def _title(raw: Mapping[str, Any]) -> str:
    return str(raw.get("title") or f"panel {raw.get('id')}")
