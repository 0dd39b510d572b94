"""Building blocks of dashboards."""
