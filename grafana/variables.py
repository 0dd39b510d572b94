"""The choices at the top of a dashboard; their form follows the rules of Grafana's dashboard linter."""

from __future__ import annotations

from grafana_foundation_sdk.builders.dashboard import DatasourceVariable, QueryVariable
from grafana_foundation_sdk.models.dashboard import VariableOption, VariableRefresh, VariableSort

from grafana.queries import DATASOURCE, of


def datasource() -> DatasourceVariable:
    """Which Prometheus."""
    chosen = VariableOption(text="default", value="default")
    return DatasourceVariable("datasource").label("Data source").type("prometheus").current(chosen)


def job() -> QueryVariable:
    """Which scrape jobs."""
    return _all_of(_labels("job", "netledger_build_info"))


def instance() -> QueryVariable:
    """Which machines."""
    return _all_of(_labels("instance", 'netledger_build_info{job=~"$job"}'))


def device() -> QueryVariable:
    """Which interfaces."""
    return _all_of(_labels("device", of("netledger_interface_info")))


def plans() -> QueryVariable:
    """Which billing plans."""
    return _all_of(_plan())


def first_plan() -> QueryVariable:
    """Which billing plan, at first the first one: what is left is one number."""
    return _plan()


def _plan() -> QueryVariable:
    return _labels("plan", of("netledger_plan_cycle_start_timestamp_seconds"))


def _labels(name: str, series: str) -> QueryVariable:
    query = f"label_values({series}, {name})"
    # More than one value may be chosen everywhere, as Grafana escapes a value for =~ only then.
    return (
        QueryVariable(name)
        .label(name)
        .datasource(DATASOURCE)
        .query({"query": query, "refId": name, "qryType": 1})
        .definition(query)
        .refresh(VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(VariableSort.ALPHABETICAL_ASC)
        .multi(True)
    )


def _all_of(variable: QueryVariable) -> QueryVariable:
    everything = VariableOption(selected=True, text=["All"], value=["$__all"])
    return variable.include_all(True).all_value(".+").current(everything)
