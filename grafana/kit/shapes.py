"""How results become the rows of tables and bar charts: Grafana's transformations and field options, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from grafana_foundation_sdk.models.dashboard import DataTransformerConfig, DynamicConfigValue

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def joined(
    field: str, columns: Mapping[str, str], *, hidden: Sequence[str], order: str, descending: bool = False
) -> list[DataTransformerConfig]:
    """One row a value of `field`, in the order of another one.

    `columns` names the fields that stay, from left to right, and what they are called.
    """
    renamed = {old: new for old, new in columns.items() if old != new}
    return [
        DataTransformerConfig(id_val="joinByField", options={"byField": field, "mode": "outer"}),
        DataTransformerConfig(id_val="sortBy", options={"fields": {}, "sort": [{"field": order, "desc": descending}]}),
        DataTransformerConfig(
            id_val="organize",
            options={
                "excludeByName": dict.fromkeys(hidden, True),
                "indexByName": {name: index for index, name in enumerate(columns)},
                "renameByName": renamed,
            },
        ),
    ]


def matrix(columns: str, rows: str, *, order: str) -> list[DataTransformerConfig]:
    """One column a value of the field `columns`, one row a value of `rows`, in the order of a third field."""
    crossed = {"columnField": columns, "rowField": rows, "valueField": "Value", "emptyValue": "null"}
    return [
        DataTransformerConfig(id_val="sortBy", options={"fields": {}, "sort": [{"field": order, "desc": False}]}),
        DataTransformerConfig(id_val="groupingToMatrix", options=crossed),
        DataTransformerConfig(
            id_val="organize",
            options={"excludeByName": {}, "indexByName": {}, "renameByName": {f"{rows}\\{columns}": rows}},
        ),
    ]


def times(count: int) -> list[str]:
    """Names that the time of each of so many joined results gets."""
    return ["Time", *(f"Time {number}" for number in range(1, count + 1))]


def option(name: str, value: Any) -> DynamicConfigValue:
    """One property of an override, such as `custom.width`."""
    return DynamicConfigValue(id_val=name, value=value)
