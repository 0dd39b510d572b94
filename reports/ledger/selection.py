"""The rows that a question is about: all that count for a meter's total, or those of some subjects; pure."""

from __future__ import annotations

import json
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from reports.ledger.rows import BYTES
from reports.ledger.shape import INTERFACE, NET_BYTES, MeterSpec

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from reports.ledger.rows import UnpostedRow

Key = tuple[str, ...]
"""One value for each dimension of a meter, as ("eth0",)."""


class Selection(NamedTuple):
    """Subjects of one meter, added up.

    Without keys it is the meter's total: its counted subjects if the meter has the fact `counted`, else all.
    `label` is for people, as in "eth0 + wlan0"; `plan` is the name of the billing plan that covers the subjects.
    `where` has the values of a dimension that subjects must have, as in {"scope": ("internet",)}.
    """

    meter: MeterSpec
    label: str
    keys: tuple[Key, ...] | None = None
    plan: str | None = None
    where: Mapping[str, tuple[str, ...]] = MappingProxyType({})

    @property
    def names(self) -> tuple[str, ...]:
        """The first dimension of each key; empty for the total."""
        return tuple(key[0] for key in self.keys or ())

    @property
    def byte_columns(self) -> tuple[str, ...]:
        """The columns that are read as `Bytes`.

        One application has all its bytes; of several together, those in a tunnel are the tunnel's own packets, too.
        """
        is_of_some = self.keys is not None or self.meter.dimensions[0] in self.where
        return BYTES if self.meter is INTERFACE or is_of_some else (*NET_BYTES, *BYTES[len(NET_BYTES) :])

    def has(self, row: UnpostedRow) -> bool:
        """True if the row is of one of the subjects."""
        if row.meter != self.meter.name or not self._has_values(row.key):
            return False
        if self.keys is None:
            return row.is_counted or "counted" not in self.meter.facts
        return row.key in self.keys

    def _has_values(self, key: Key) -> bool:
        return all(key[self.meter.dimensions.index(name)] in values for name, values in self.where.items())


MACHINE = Selection(INTERFACE, "all counted interfaces")


def of_interfaces(names: Iterable[str]) -> Selection:
    """The selection of interfaces of these names, each once."""
    found = tuple(dict.fromkeys(names))
    return Selection(INTERFACE, " + ".join(found), tuple((name,) for name in found))


EVERY = "1"
"""The condition of a selection of all rows of a meter, as SQL."""


def source(selection: Selection, grain: str) -> str:
    """The view of a grain and the condition of the selection, as SQL from FROM on; parameters are `parameters`."""
    return f"{selection.meter.view(grain)} WHERE {condition(selection)}"


def parameters(selection: Selection) -> dict[str, str]:
    """The values of the parameters in the source."""
    values = {f"where_{name}": json.dumps(values) for name, values in selection.where.items()}
    return values | _keys(selection)


def _keys(selection: Selection) -> dict[str, str]:
    match selection.keys:
        case None:
            return {}
        case ((name,),):
            return {"key": name}
        case keys if len(selection.meter.dimensions) == 1:
            return {"keys": json.dumps([key[0] for key in keys])}
        case keys:
            return {"keys": json.dumps(keys)}


def condition(selection: Selection) -> str:
    """The condition of the selection on dimensions and facts, as SQL; parameters are `parameters`."""
    values = [f"+{name} IN (SELECT value FROM json_each(:where_{name}))" for name in selection.where]
    return " AND ".join(filter(None, [_of_keys(selection), *values])) or EVERY


def among(selection: Selection) -> str:
    """The same on the column `subject` of a table of usage, to be added to others: subjects are few, rows are many."""
    chosen = condition(selection)
    return f"AND subject IN (SELECT subject FROM {selection.meter.subjects} WHERE {chosen})" if chosen != EVERY else ""


def _of_keys(selection: Selection) -> str:
    # One subject is searched first. Of several, or of the total, each row is read once, in the order of time: by
    # subject first (without the +), the rows would be read once for each of them, and every group would be sorted.
    dimensions = selection.meter.dimensions
    if selection.keys is None:
        return "+counted = 1" if "counted" in selection.meter.facts else ""
    if len(dimensions) > 1:
        names = ", ".join(f"+{name}" for name in dimensions)
        values = ", ".join(f"json_extract(value, '$[{place}]')" for place in range(len(dimensions)))
        return f"({names}) IN (SELECT {values} FROM json_each(:keys))"
    if len(selection.keys) == 1:
        return f"{dimensions[0]} = :key"
    return f"+{dimensions[0]} IN (SELECT value FROM json_each(:keys))"
