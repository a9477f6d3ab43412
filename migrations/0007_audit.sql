-- The audit trail: records that nobody may change, and their payload, which only erasure may clear.
CREATE TABLE audit.record (
  workspace_id uuid NOT NULL,
  id           bigint GENERATED ALWAYS AS IDENTITY,
  rec          uuid NOT NULL,
  xid          xid8 NOT NULL DEFAULT pg_current_xact_id(),
  ts           timestamptz NOT NULL DEFAULT clock_timestamp(),
  action       text NOT NULL,
  class        smallint NOT NULL,
  fields       smallint NOT NULL,
  digests      bytea NOT NULL CONSTRAINT record_digests_length CHECK (octet_length(digests) % 32 = 0),
  CONSTRAINT record_pk PRIMARY KEY (workspace_id, id),
  CONSTRAINT record_once UNIQUE (workspace_id, rec)
);
CREATE INDEX record_xid ON audit.record (xid);

CREATE TABLE audit.payload (
  workspace_id  uuid NOT NULL,
  rec           uuid NOT NULL,
  actor_id      uuid,
  target_id     uuid,
  period_key_no integer NOT NULL,
  period_part   bytea,
  person_key_no integer NOT NULL,
  person_part   bytea,
  CONSTRAINT payload_pk PRIMARY KEY (workspace_id, rec)
);
CREATE INDEX payload_by_actor ON audit.payload (workspace_id, actor_id, rec DESC);
CREATE INDEX payload_by_target ON audit.payload (workspace_id, target_id, rec DESC);

CREATE FUNCTION audit.refuse() RETURNS trigger LANGUAGE plpgsql AS
  $$BEGIN RAISE EXCEPTION 'audit records are append-only' USING ERRCODE = '42501'; END$$;
REVOKE ALL ON FUNCTION audit.refuse() FROM PUBLIC;
CREATE TRIGGER no_mod   BEFORE UPDATE OR DELETE ON audit.record FOR EACH ROW       EXECUTE FUNCTION audit.refuse();
CREATE TRIGGER no_trunc BEFORE TRUNCATE         ON audit.record FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse();
ALTER TABLE audit.record ENABLE ALWAYS TRIGGER no_mod;
ALTER TABLE audit.record ENABLE ALWAYS TRIGGER no_trunc;
ALTER TABLE audit.record ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON audit.record TO countersign_app
  USING      (workspace_id = current_setting('app.workspace_id')::uuid)
  WITH CHECK (workspace_id = current_setting('app.workspace_id')::uuid);
ALTER TABLE audit.payload ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON audit.payload TO countersign_app
  USING      (workspace_id = current_setting('app.workspace_id')::uuid)
  WITH CHECK (workspace_id = current_setting('app.workspace_id')::uuid);
GRANT INSERT (workspace_id, rec, action, class, fields, digests), SELECT ON audit.record TO countersign_app;
GRANT INSERT, SELECT ON audit.payload TO countersign_app;
