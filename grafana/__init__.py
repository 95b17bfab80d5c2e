"""Grafana dashboards as code; the JSON beside it is generated."""
