-- Who may log in to the live page, and who has.

DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'streaming_web') THEN
        RAISE EXCEPTION 'role streaming_web is missing: run "python -m timescale bootstrap" first, once';
    END IF;
END
$$;

CREATE TABLE web_user (
    id            int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name          text NOT NULL UNIQUE CHECK (name ~ '^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$'),
    password_hash text NOT NULL,  -- argon2id, with its parameters and salt
    role          text NOT NULL CHECK (role IN ('viewer', 'operator')),
    created_at    timestamptz NOT NULL DEFAULT now(),
    changed_at    timestamptz NOT NULL DEFAULT now(),  -- of the password or the role: sessions that began before are over
    disabled_at   timestamptz,
    last_login_at timestamptz
);

-- The browser has a random token, the database only its digest: whoever reads this table can log in as nobody.
CREATE TABLE web_session (
    token_digest bytea PRIMARY KEY,  -- SHA-256
    user_id      int NOT NULL REFERENCES web_user ON DELETE CASCADE,
    created_at   timestamptz NOT NULL DEFAULT now(),
    seen_at      timestamptz NOT NULL DEFAULT now(),
    expires_at   timestamptz NOT NULL,
    address      text NOT NULL DEFAULT ''
);
CREATE INDEX ON web_session (user_id);
CREATE INDEX ON web_session (expires_at);

DO $$
BEGIN
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO streaming_web', current_database());
END
$$;

-- The page shows what streaming_readonly sees, asks for alarms to be acknowledged, and keeps who is logged in.
GRANT SELECT ON ALL TABLES IN SCHEMA public TO streaming_web;
GRANT INSERT ON alarm_request TO streaming_web;
GRANT UPDATE (last_login_at, password_hash) ON web_user TO streaming_web;
GRANT INSERT, UPDATE, DELETE ON web_session TO streaming_web;

-- iotctl users; nobody else reads the hashes
GRANT SELECT, INSERT, UPDATE, DELETE ON web_user, web_session TO streaming_control;
