-- The log over the records (decision 0013): each workspace's leaves, head and upper tiles, the deployment's log over their
-- checkpoints, and how far the integrator came. Level 0 of a tree are its leaves' rows; tiles of the levels above grow by
-- a hash when the 256 below it are there. A head of the deployment's log has the nil workspace.
CREATE TABLE audit.leaf (
  workspace_id uuid NOT NULL,
  epoch        integer NOT NULL,
  idx          bigint NOT NULL CONSTRAINT leaf_idx_range CHECK (idx >= 0),
  record_id    bigint NOT NULL,
  hash         bytea NOT NULL CONSTRAINT leaf_hash_length CHECK (octet_length(hash) = 32),
  CONSTRAINT leaf_pk PRIMARY KEY (workspace_id, epoch, idx),
  CONSTRAINT leaf_of_record UNIQUE (workspace_id, record_id)
);

CREATE TABLE audit.head (
  workspace_id uuid NOT NULL,
  epoch        integer NOT NULL,
  size         bigint NOT NULL,
  frontier     bytea NOT NULL,
  -- The note that was signed last, and of how many leaves; published after the commit and never signed a second time.
  signed_size  bigint NOT NULL DEFAULT 0,
  checkpoint   text,
  signed_at    timestamptz,
  -- How many leaves the deployment's log knows of.
  anchored_size bigint NOT NULL DEFAULT 0,
  CONSTRAINT head_pk PRIMARY KEY (workspace_id, epoch)
);
CREATE INDEX head_unanchored ON audit.head (workspace_id) WHERE signed_size > anchored_size;

CREATE TABLE audit.tile (
  workspace_id uuid NOT NULL,
  epoch        integer NOT NULL,
  level        smallint NOT NULL CONSTRAINT tile_level_range CHECK (level BETWEEN 1 AND 7),
  n            bigint NOT NULL,
  data         bytea NOT NULL CONSTRAINT tile_width CHECK (octet_length(data) % 32 = 0 AND octet_length(data) BETWEEN 32 AND 8192),
  CONSTRAINT tile_pk PRIMARY KEY (workspace_id, epoch, level, n)
);

-- Entries of the deployment's log: a workspace's checkpoint under its blinded label, or a heartbeat (no workspace).
CREATE TABLE audit.deployment_entry (
  epoch     integer NOT NULL,
  idx       bigint NOT NULL,
  of_workspace uuid,
  of_size   bigint,
  made_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
  entry     text NOT NULL,
  hash      bytea NOT NULL CONSTRAINT deployment_entry_hash_length CHECK (octet_length(hash) = 32),
  CONSTRAINT deployment_entry_pk PRIMARY KEY (epoch, idx)
);
CREATE INDEX deployment_entry_of ON audit.deployment_entry (of_workspace, idx DESC) WHERE of_workspace IS NOT NULL;

-- Where the integrator stands: everything before this transaction id has its leaf. The log's names never change within an
-- epoch, whatever the installation is called later.
CREATE TABLE audit.cursor (
  one    boolean NOT NULL DEFAULT true CONSTRAINT cursor_pk PRIMARY KEY CONSTRAINT cursor_one CHECK (one),
  xid    xid8 NOT NULL,
  epoch  integer NOT NULL,
  host   text NOT NULL
);

CREATE TRIGGER no_mod   BEFORE UPDATE OR DELETE ON audit.leaf FOR EACH ROW       EXECUTE FUNCTION audit.refuse();
CREATE TRIGGER no_trunc BEFORE TRUNCATE         ON audit.leaf FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse();
CREATE TRIGGER no_mod   BEFORE UPDATE OR DELETE ON audit.deployment_entry FOR EACH ROW       EXECUTE FUNCTION audit.refuse();
CREATE TRIGGER no_trunc BEFORE TRUNCATE         ON audit.deployment_entry FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse();
ALTER TABLE audit.leaf ENABLE ALWAYS TRIGGER no_mod;
ALTER TABLE audit.leaf ENABLE ALWAYS TRIGGER no_trunc;
ALTER TABLE audit.deployment_entry ENABLE ALWAYS TRIGGER no_mod;
ALTER TABLE audit.deployment_entry ENABLE ALWAYS TRIGGER no_trunc;

DO $$
DECLARE
  name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['leaf', 'head', 'tile'] LOOP
    EXECUTE format('ALTER TABLE audit.%I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', name);
    EXECUTE format('CREATE POLICY tenant ON audit.%I TO countersign_app
      USING      (workspace_id = current_setting(''app.workspace_id'')::uuid)
      WITH CHECK (workspace_id = current_setting(''app.workspace_id'')::uuid)', name);
    EXECUTE format('CREATE POLICY integrate ON audit.%I TO countersign_integrator USING (true) WITH CHECK (true)', name);
    EXECUTE format('GRANT SELECT ON audit.%I TO countersign_app', name);
  END LOOP;
  FOREACH name IN ARRAY ARRAY['deployment_entry', 'cursor'] LOOP
    EXECUTE format('ALTER TABLE audit.%I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', name);
    EXECUTE format('CREATE POLICY integrate ON audit.%I TO countersign_integrator USING (true) WITH CHECK (true)', name);
  END LOOP;
END
$$;
CREATE POLICY integrate ON audit.record FOR SELECT TO countersign_integrator USING (true);

GRANT SELECT (workspace_id, id, rec, xid, ts, action, class, fields, digests) ON audit.record TO countersign_integrator;
GRANT SELECT, INSERT ON audit.leaf, audit.deployment_entry TO countersign_integrator;
GRANT SELECT, INSERT, UPDATE ON audit.head, audit.tile, audit.cursor TO countersign_integrator;
