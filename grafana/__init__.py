"""netledger's Grafana dashboards as code; `python -m grafana.generate` writes their JSON."""

import warnings

with warnings.catch_warnings():
    # The builders of classic dashboards warn when they are first imported; classic is what every Grafana provisions.
    warnings.simplefilter("ignore", DeprecationWarning)
    from grafana_foundation_sdk.builders import dashboard as _classic
    from grafana_foundation_sdk.builders import prometheus as _prometheus

__all__: list[str] = []
del _classic, _prometheus
