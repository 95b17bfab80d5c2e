-- Once for each database, as a superuser, connected to it; idempotent. Roles and the database itself
-- come from bootstrap.py, which knows the passwords.
CREATE EXTENSION IF NOT EXISTS timescaledb;
CREATE EXTENSION IF NOT EXISTS pg_stat_statements;

DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_available_extensions WHERE name = 'pg_stat_kcache') THEN
        CREATE EXTENSION IF NOT EXISTS pg_stat_kcache;
    END IF;
END
$$;

-- Nobody but the owner makes anything here; every right below is given on purpose.
REVOKE ALL ON SCHEMA public FROM PUBLIC;
ALTER SCHEMA public OWNER TO streaming_owner;
GRANT USAGE ON SCHEMA public TO streaming_ingest, streaming_alarms, streaming_control, streaming_web, streaming_readonly;

-- What other roles' statements cost, and in which state their connections are: for the snapshots that the owner takes, of
-- which everybody else sees figures, and statements without constants.
GRANT pg_read_all_stats TO streaming_owner;
