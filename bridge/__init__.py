"""The bridge: from MQTT to RabbitMQ, acknowledging nothing that RabbitMQ does not hold."""
