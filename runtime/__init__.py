"""What two or more services share: settings, logging, lifecycle, backoff, metrics and health, MQTT."""
