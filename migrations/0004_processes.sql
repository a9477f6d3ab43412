-- Processes and their immutable versions. The document is customer content and sealed.
CREATE TABLE countersign.process (
  workspace_id uuid NOT NULL CONSTRAINT process_workspace_fk REFERENCES countersign.workspace (workspace_id),
  process_id   uuid NOT NULL,
  key          text NOT NULL CONSTRAINT process_key_shape CHECK (key ~ '^[a-z][a-z0-9_]{0,39}$'),
  prefix       text NOT NULL CONSTRAINT process_prefix_shape CHECK (prefix ~ '^[A-Z]{2,4}$'),
  name         bytea NOT NULL,
  published    integer,
  created_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT process_pk PRIMARY KEY (workspace_id, process_id),
  CONSTRAINT process_key_once UNIQUE (workspace_id, key)
);
ALTER TABLE countersign.process ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON countersign.process TO countersign_app
  USING      (workspace_id = current_setting('app.workspace_id')::uuid)
  WITH CHECK (workspace_id = current_setting('app.workspace_id')::uuid);
GRANT SELECT, INSERT, UPDATE ON countersign.process TO countersign_app;

CREATE TABLE countersign.process_version (
  workspace_id uuid NOT NULL,
  process_id   uuid NOT NULL,
  version      integer NOT NULL CONSTRAINT process_version_positive CHECK (version > 0),
  state        text NOT NULL CONSTRAINT process_version_state_known CHECK (state IN ('draft', 'published', 'retired')),
  hash         bytea NOT NULL CONSTRAINT process_version_hash_length CHECK (octet_length(hash) = 32),
  document     bytea NOT NULL,
  published_at timestamptz,
  published_by uuid,
  created_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT process_version_pk PRIMARY KEY (workspace_id, process_id, version),
  CONSTRAINT process_version_process_fk FOREIGN KEY (workspace_id, process_id) REFERENCES countersign.process (workspace_id, process_id)
);
CREATE UNIQUE INDEX process_version_one_published ON countersign.process_version (workspace_id, process_id) WHERE state = 'published';
ALTER TABLE countersign.process_version ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON countersign.process_version TO countersign_app
  USING      (workspace_id = current_setting('app.workspace_id')::uuid)
  WITH CHECK (workspace_id = current_setting('app.workspace_id')::uuid);
-- A version's document and hash are never updated: the column grants leave them out.
GRANT SELECT, INSERT ON countersign.process_version TO countersign_app;
GRANT UPDATE (state, published_at, published_by) ON countersign.process_version TO countersign_app;
