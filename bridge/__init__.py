"""The bridge: between MQTT and RabbitMQ, acknowledging nothing that the other side does not hold."""
