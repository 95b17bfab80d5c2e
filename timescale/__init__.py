"""The database: who may do what, numbered migrations, and what is done to it regularly."""
