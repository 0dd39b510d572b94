"""The choices at the top of a dashboard that asks the mirror.

The data source has a name of its own, and so have the machines: links between dashboards carry choices along by name,
and a Prometheus is no PostgreSQL.
"""

from __future__ import annotations

from grafana_foundation_sdk.builders.dashboard import DatasourceVariable, QueryVariable
from grafana_foundation_sdk.models.dashboard import VariableOption, VariableRefresh, VariableSort

from grafana.kit.sql import DATABASE, EVERY_HOST, NAMED, PLUGIN

SCHEMAS = "SELECT table_schema FROM information_schema.tables WHERE table_name = 'host_month' ORDER BY table_schema"
HOSTS = f"WITH named AS (\n  {NAMED}\n)\nSELECT machine AS __text, host AS __value FROM named ORDER BY machine"


def database() -> DatasourceVariable:
    """Which PostgreSQL."""
    chosen = VariableOption(text="default", value="default")
    return DatasourceVariable("database").label("Data source").type(PLUGIN).current(chosen)


def schema() -> QueryVariable:
    """Which mirror: the schemas that have one, as far as the login may see them."""
    return _variable("schema", SCHEMAS).allow_custom_value(False)


def hosts() -> QueryVariable:
    """Which machines, at first all of them."""
    everything = VariableOption(selected=True, text=["All"], value=["$__all"])
    return _variable("host", HOSTS).multi(True).include_all(True).all_value(EVERY_HOST).current(everything)


def _variable(name: str, query: str) -> QueryVariable:
    return (
        QueryVariable(name)
        .label(name)
        .datasource(DATABASE)
        .query(query)
        .definition(query)
        .refresh(VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(VariableSort.DISABLED)
    )
