-- Credentials. Tokens and links are stored as SHA-256 only; a password's PHC string is sealed.
CREATE TABLE countersign.password (
  workspace_id uuid NOT NULL,
  person_id    uuid NOT NULL,
  phc          bytea NOT NULL,
  params_level integer NOT NULL,
  changed_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT password_pk PRIMARY KEY (workspace_id, person_id),
  CONSTRAINT password_person_fk FOREIGN KEY (workspace_id, person_id) REFERENCES countersign.person (workspace_id, person_id)
);
ALTER TABLE countersign.password ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON countersign.password TO countersign_app
  USING      (workspace_id = current_setting('app.workspace_id')::uuid)
  WITH CHECK (workspace_id = current_setting('app.workspace_id')::uuid);
GRANT SELECT, INSERT, UPDATE, DELETE ON countersign.password TO countersign_app;

CREATE TABLE countersign.session (
  workspace_id     uuid NOT NULL,
  session_id       uuid NOT NULL,
  person_id        uuid NOT NULL,
  token_hash       bytea NOT NULL,
  method           text NOT NULL CONSTRAINT session_method_known CHECK (method IN ('password', 'link', 'invitation')),
  credential_epoch bigint NOT NULL,
  created_at       timestamptz NOT NULL DEFAULT clock_timestamp(),
  absolute_until   timestamptz NOT NULL,
  idle_s           integer NOT NULL CONSTRAINT session_idle_bounds CHECK (idle_s BETWEEN 60 AND 86400),
  ip               bytea,
  user_agent       bytea,
  ended_at         timestamptz,
  end_reason       text,
  CONSTRAINT session_pk PRIMARY KEY (workspace_id, session_id),
  CONSTRAINT session_token_once UNIQUE (workspace_id, token_hash),
  CONSTRAINT session_person_fk FOREIGN KEY (workspace_id, person_id) REFERENCES countersign.person (workspace_id, person_id)
);
CREATE INDEX session_by_person ON countersign.session (workspace_id, person_id);
ALTER TABLE countersign.session ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON countersign.session TO countersign_app
  USING      (workspace_id = current_setting('app.workspace_id')::uuid)
  WITH CHECK (workspace_id = current_setting('app.workspace_id')::uuid);
GRANT SELECT, INSERT, UPDATE ON countersign.session TO countersign_app;

-- Its own narrow table, so that being seen is a small update in place and no record.
CREATE TABLE countersign.session_seen (
  workspace_id uuid NOT NULL,
  session_id   uuid NOT NULL,
  last_seen_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT session_seen_pk PRIMARY KEY (workspace_id, session_id),
  CONSTRAINT session_seen_session_fk FOREIGN KEY (workspace_id, session_id) REFERENCES countersign.session (workspace_id, session_id)
) WITH (fillfactor = 70);
ALTER TABLE countersign.session_seen ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON countersign.session_seen TO countersign_app
  USING      (workspace_id = current_setting('app.workspace_id')::uuid)
  WITH CHECK (workspace_id = current_setting('app.workspace_id')::uuid);
GRANT SELECT, INSERT, UPDATE ON countersign.session_seen TO countersign_app;

CREATE TABLE countersign.api_token (
  workspace_id     uuid NOT NULL,
  token_id         uuid NOT NULL,
  person_id        uuid NOT NULL,
  token_hash       bytea NOT NULL,
  scopes           text[] NOT NULL,
  label            bytea NOT NULL,
  credential_epoch bigint NOT NULL,
  created_at       timestamptz NOT NULL DEFAULT clock_timestamp(),
  expires_at       timestamptz NOT NULL,
  last_used_at     timestamptz,
  revoked_at       timestamptz,
  CONSTRAINT api_token_pk PRIMARY KEY (workspace_id, token_id),
  CONSTRAINT api_token_once UNIQUE (workspace_id, token_hash),
  CONSTRAINT api_token_person_fk FOREIGN KEY (workspace_id, person_id) REFERENCES countersign.person (workspace_id, person_id)
);
CREATE INDEX api_token_by_person ON countersign.api_token (workspace_id, person_id);
ALTER TABLE countersign.api_token ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON countersign.api_token TO countersign_app
  USING      (workspace_id = current_setting('app.workspace_id')::uuid)
  WITH CHECK (workspace_id = current_setting('app.workspace_id')::uuid);
GRANT SELECT, INSERT, UPDATE ON countersign.api_token TO countersign_app;

CREATE TABLE countersign.one_time_link (
  workspace_id     uuid NOT NULL,
  link_id          uuid NOT NULL,
  purpose          text NOT NULL CONSTRAINT one_time_link_purpose_known CHECK (purpose IN ('sign_in', 'invite')),
  person_id        uuid NOT NULL,
  token_hash       bytea NOT NULL,
  credential_epoch bigint NOT NULL,
  issued_by        uuid,
  created_at       timestamptz NOT NULL DEFAULT clock_timestamp(),
  expires_at       timestamptz NOT NULL,
  used_at          timestamptz,
  CONSTRAINT one_time_link_pk PRIMARY KEY (workspace_id, link_id),
  CONSTRAINT one_time_link_once UNIQUE (workspace_id, token_hash),
  CONSTRAINT one_time_link_person_fk FOREIGN KEY (workspace_id, person_id) REFERENCES countersign.person (workspace_id, person_id)
);
ALTER TABLE countersign.one_time_link ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON countersign.one_time_link TO countersign_app
  USING      (workspace_id = current_setting('app.workspace_id')::uuid)
  WITH CHECK (workspace_id = current_setting('app.workspace_id')::uuid);
GRANT SELECT, INSERT, UPDATE ON countersign.one_time_link TO countersign_app;

-- Leaky buckets of failed sign-ins, keyed by an HMAC of account or address.
CREATE TABLE countersign.login_bucket (
  workspace_id  uuid NOT NULL CONSTRAINT login_bucket_workspace_fk REFERENCES countersign.workspace (workspace_id),
  bucket        bytea NOT NULL,
  level         double precision NOT NULL,
  updated_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT login_bucket_pk PRIMARY KEY (workspace_id, bucket)
);
ALTER TABLE countersign.login_bucket ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON countersign.login_bucket TO countersign_app
  USING      (workspace_id = current_setting('app.workspace_id')::uuid)
  WITH CHECK (workspace_id = current_setting('app.workspace_id')::uuid);
GRANT SELECT, INSERT, UPDATE, DELETE ON countersign.login_bucket TO countersign_app;

-- Answers kept for a repeated Idempotency-Key, 24 hours, sealed.
CREATE TABLE countersign.idempotency (
  workspace_id uuid NOT NULL,
  actor_id     uuid NOT NULL,
  key_hash     bytea NOT NULL,
  body_hash    bytea NOT NULL,
  status       smallint NOT NULL,
  response     bytea NOT NULL,
  created_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT idempotency_pk PRIMARY KEY (workspace_id, actor_id, key_hash),
  CONSTRAINT idempotency_actor_fk FOREIGN KEY (workspace_id, actor_id) REFERENCES countersign.person (workspace_id, person_id)
);
CREATE INDEX idempotency_age ON countersign.idempotency (workspace_id, created_at);
ALTER TABLE countersign.idempotency ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON countersign.idempotency TO countersign_app
  USING      (workspace_id = current_setting('app.workspace_id')::uuid)
  WITH CHECK (workspace_id = current_setting('app.workspace_id')::uuid);
GRANT SELECT, INSERT, DELETE ON countersign.idempotency TO countersign_app;
