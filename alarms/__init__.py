"""The alarms service: reads the measurement stream beside the ingester, judges by rules, and acts."""
