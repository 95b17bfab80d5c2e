"""How every service connects to RabbitMQ by AMQP 0-9-1."""

import pika

from runtime.config import RabbitmqSettings


def parameters(settings: RabbitmqSettings, connection_name: str) -> pika.ConnectionParameters:
    """For pika's connections; `connection_name` is what RabbitMQ's tools show."""
    return pika.ConnectionParameters(
        settings.rabbitmq_host,
        settings.rabbitmq_amqp_port,
        settings.rabbitmq_virtual_host,
        pika.PlainCredentials(settings.rabbitmq_username, settings.rabbitmq_password.get_secret_value()),
        heartbeat=30,
        blocked_connection_timeout=60,
        socket_timeout=10,
        client_properties={"connection_name": connection_name},
    )
