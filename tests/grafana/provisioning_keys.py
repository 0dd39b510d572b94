"""Keys of the files that Grafana is provisioned by: those of Grafana 13's pkg/services/provisioning."""

from __future__ import annotations

KEYS = {
    "datasources": "apiVersion prune deleteDatasources datasources",
    "datasource": "name uid type access url user isDefault editable orgId version basicAuth basicAuthUser"
    " withCredentials jsonData secureJsonData",
    "jsonData": "httpMethod timeInterval prometheusType prometheusVersion queryTimeout manageAlerts cacheLevel"
    " incrementalQuerying incrementalQueryOverlapWindow customQueryParameters exemplarTraceIdDestinations",
    "postgresql": "database sslmode maxOpenConns maxIdleConns maxIdleConnsAuto connMaxLifetime postgresVersion"
    " timescaledb tlsConfigurationMethod sslRootCertFile sslCertFile sslKeyFile timeInterval",
    "secureJsonData": "password tlsCACert tlsClientCert tlsClientKey",
    "dashboards": "apiVersion providers",
    "provider": "name orgId type folder folderUid disableDeletion allowUiUpdates updateIntervalSeconds options",
    "options": "path foldersFromFilesStructure",
    "alerting": "apiVersion groups deleteRules contactPoints policies templates muteTimes",
    "group": "orgId name folder interval rules",
    "rule": "uid title condition data dashboardUid panelId noDataState execErrState for keepFiringFor"
    " missing_series_evals_to_resolve annotations labels isPaused notification_settings record",
    "query": "refId queryType relativeTimeRange datasourceUid model",
}
STATES = {
    "noDataState": ("NoData", "Alerting", "OK", "KeepLast"),
    "execErrState": ("Error", "Alerting", "OK", "KeepLast"),
}
NEEDED = {
    "group": ("name", "folder", "interval", "rules"),
    "rule": ("uid", "title", "condition", "data", "for", "noDataState", "execErrState", "labels", "annotations"),
    "query": ("refId", "datasourceUid", "model"),
}
