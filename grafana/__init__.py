"""Grafana dashboards as code; the JSON in dashboards/ is generated from the modules beside it."""

import importlib
import warnings

with warnings.catch_warnings():
    # The SDK would rather have schema v2, and says so when it is imported. Files are provisioned in the classic schema,
    # which every Grafana from 11 on reads.
    warnings.simplefilter("ignore", DeprecationWarning)
    for _module in ("dashboard", "dashboardv2beta1"):
        importlib.import_module(f"grafana_foundation_sdk.builders.{_module}")
