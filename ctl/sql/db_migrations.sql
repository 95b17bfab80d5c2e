SELECT number, name, checksum, applied_at FROM schema_migration ORDER BY number
