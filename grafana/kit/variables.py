"""The choices at the top of a dashboard; their form follows the rules of Grafana's dashboard linter."""

from __future__ import annotations

from grafana_foundation_sdk.builders.dashboard import DatasourceVariable, QueryVariable, TextBoxVariable
from grafana_foundation_sdk.models.dashboard import VariableHide, VariableOption, VariableRefresh, VariableSort

from grafana.kit.queries import BUILD, CYCLE_END, DATASOURCE, MEMORY, kept, of

LABEL_VALUES, QUERY_RESULT = 1, 3
"""Kinds of queries in Grafana's editor of variables."""
PRICE = "0.09"
"""What large clouds ask for a GB that leaves for the internet, in USD."""


def datasource() -> DatasourceVariable:
    """Which Prometheus."""
    chosen = VariableOption(text="default", value="default")
    return DatasourceVariable("datasource").label("Data source").type("prometheus").current(chosen)


def job() -> QueryVariable:
    """Which scrape jobs."""
    return _all_of(_labels("job", BUILD))


def all_instances() -> QueryVariable:
    """Which machines, at first all of them."""
    return _all_of(_labels("instance", f'{BUILD}{{job=~"$job"}}'))


def first_instance() -> QueryVariable:
    """Which machines, at first the one with the plan that is nearest its cap; those that are silent come last.

    Grafana opens a variable that offers All with All, so this one does not offer it.
    """
    ratio, build = 'netledger_plan_used_ratio{job=~"$job"}', f'{BUILD}{{job=~"$job"}}'
    ranked = f"max by (instance) ({ratio} or {build} * 0 - 1 or ({_known(build)}) * 0 - 2)"
    return _first("instance", ranked)


def silent() -> QueryVariable:
    """The chosen machines that had series in the last month and are silent now; for queries only."""
    build = of(BUILD)
    query = f"({_known(build)}) unless on (job, instance) {build}"
    everything = VariableOption(selected=True, text=["All"], value=["$__all"])
    return _first("silent", query, "instance").include_all(True).current(everything).hide(VariableHide.HIDE_VARIABLE)


def device() -> QueryVariable:
    """Which interfaces."""
    return _all_of(_labels("device", of("netledger_interface_info")))


def plans() -> QueryVariable:
    """Which billing plans."""
    return _all_of(_labels("plan", of("netledger_plan_cycle_start_timestamp_seconds")))


def first_plan() -> QueryVariable:
    """Which billing plans, at first the one that is nearest its cap: what is left is one number."""
    ratio, used = (kept(f"netledger_plan_{name}", until=CYCLE_END) for name in ("used_ratio", "used_bytes"))
    return _first("plan", f"max by (plan) ({ratio} or {used} * 0 - 1)")


def application() -> QueryVariable:
    """Which applications."""
    return _all_of(_labels("application", of("netledger_application_period_receive_bytes")))


def scope() -> QueryVariable:
    """Which scopes; loopback is in no sum."""
    return _all_of(_labels("scope", of("netledger_application_receive_bytes_total", 'scope!="loopback"')))


def protocol() -> QueryVariable:
    """Which protocols."""
    return _all_of(_labels("protocol", of("netledger_application_receive_bytes_total")))


def service() -> QueryVariable:
    """Which services report requests."""
    return _all_of(_labels("service", of("netledger_http_requests_total")))


def route() -> QueryVariable:
    """Which routes of the chosen services."""
    return _all_of(_labels("route", of("netledger_http_requests_total", 'service=~"$service"')))


def price() -> TextBoxVariable:
    """A price for each GB that is transmitted."""
    chosen = VariableOption(text=PRICE, value=PRICE)
    return TextBoxVariable("price").label("price a GB").default_value(PRICE).current(chosen)


def _known(series: str) -> str:
    # A month at the pace of scrapes is much to read for a name: a machine that was there at any full hour is known.
    return f"last_over_time({series}[1d]) or last_over_time({series}[{MEMORY}:1h])"


def _first(name: str, ranked: str, label: str = "") -> QueryVariable:
    """Offer a label's values, the highest first: the first one is chosen until the reader chooses."""
    query = f"query_result(sort_desc({ranked}))"
    return _variable(name, query, QUERY_RESULT).regex(f'/{label or name}="([^"]+)"/').sort(VariableSort.DISABLED)


def _labels(name: str, series: str) -> QueryVariable:
    return _variable(name, f"label_values({series}, {name})", LABEL_VALUES).sort(VariableSort.ALPHABETICAL_ASC)


def _variable(name: str, query: str, kind: int) -> QueryVariable:
    # More than one value may be chosen everywhere, as Grafana escapes a value for =~ only then.
    return (
        QueryVariable(name)
        .label(name)
        .datasource(DATASOURCE)
        .query({"query": query, "refId": name, "qryType": kind})
        .definition(query)
        .refresh(VariableRefresh.ON_TIME_RANGE_CHANGED)
        .multi(True)
    )


def _all_of(variable: QueryVariable) -> QueryVariable:
    everything = VariableOption(selected=True, text=["All"], value=["$__all"])
    return variable.include_all(True).all_value(".+").current(everything)
