-- The extensions that are made use of: which version this database has, which the server would bring, whether it is loaded.
SELECT w.name, e.extversion AS installed, a.default_version AS available,
       coalesce(current_setting(w.setting, true), '') <> '' AS loaded
FROM (VALUES
    ('timescaledb', 'timescaledb.license'),
    ('pg_stat_statements', 'pg_stat_statements.max'),
    ('pg_stat_kcache', 'pg_stat_kcache.linux_hz')
) w (name, setting)
LEFT JOIN pg_extension e ON e.extname = w.name
LEFT JOIN pg_available_extensions a ON a.name = w.name
