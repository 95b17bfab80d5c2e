"""The ingesters: from RabbitMQ into the database, each row once, the offset with the rows."""
