-- After a restore the logs begin anew in another epoch (decision 0018): each surviving record gets a leaf there again, so a
-- record's leaf is one an epoch. An opening says what is known of a log's end in the epoch before; the deployment's log has
-- the nil workspace. Until it is told, the log has no leaves of the new epoch.
ALTER TABLE audit.leaf DROP CONSTRAINT leaf_of_record;
ALTER TABLE audit.leaf ADD CONSTRAINT leaf_of_record UNIQUE (workspace_id, record_id, epoch);

CREATE TABLE audit.opening (
  workspace_id    uuid NOT NULL,
  epoch           integer NOT NULL,
  why             text NOT NULL CONSTRAINT opening_why_known CHECK (why IN ('restored', 'ordered')),
  opened_at       timestamptz NOT NULL DEFAULT clock_timestamp(),
  -- The newest epoch of the log that the database knows, and its leaves; no epoch where it had none yet.
  previous        integer,
  restored_size   bigint NOT NULL CONSTRAINT opening_restored_range CHECK (restored_size >= 0),
  -- What was published last, as the mark outside the database knows it; nothing where it knows nothing.
  published_epoch integer,
  published_size  bigint,
  published_root  bytea CONSTRAINT opening_root_length CHECK (octet_length(published_root) = 32),
  told            boolean NOT NULL DEFAULT false,
  -- The note by which the key of the epoch before names the new one.
  succession      text CONSTRAINT opening_succession_length CHECK (octet_length(succession) <= 4096),
  CONSTRAINT opening_pk PRIMARY KEY (workspace_id, epoch),
  CONSTRAINT opening_published_whole CHECK ((published_epoch IS NULL) = (published_size IS NULL)
    AND (published_epoch IS NULL) = (published_root IS NULL))
);
CREATE INDEX opening_untold ON audit.opening (epoch, workspace_id) WHERE NOT told;
ALTER TABLE audit.opening ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON audit.opening TO countersign_app
  USING      (workspace_id = current_setting('app.workspace_id')::uuid)
  WITH CHECK (workspace_id = current_setting('app.workspace_id')::uuid);
CREATE POLICY integrate ON audit.opening TO countersign_integrator USING (true) WITH CHECK (true);
GRANT SELECT ON audit.opening TO countersign_app;
GRANT SELECT, INSERT, UPDATE (told, succession) ON audit.opening TO countersign_integrator;

-- Keys that were destroyed before the restore: what they sealed is back and is cleared again, by an order of its own.
CREATE POLICY custody_again ON countersign.erasure FOR INSERT TO countersign_custody
  WITH CHECK (workspace_id = current_setting('app.workspace_id')::uuid);
GRANT INSERT (workspace_id, erasure_id, part, subject, key_nos, shredded_at) ON countersign.erasure TO countersign_custody;

-- A stream goes on in the new epoch: first with the records that open it, then with this leaf. It follows the one of the
-- epoch before that is named beside it.
ALTER TABLE countersign.stream
  ADD COLUMN resume_idx   bigint CONSTRAINT stream_resume_range CHECK (resume_idx > next_idx),
  ADD COLUMN resume_epoch integer,
  ADD COLUMN resume_next  bigint,
  ADD CONSTRAINT stream_resume_whole CHECK ((resume_idx IS NULL) = (resume_epoch IS NULL)
    AND (resume_idx IS NULL) = (resume_next IS NULL));
GRANT SELECT (resume_idx), UPDATE (resume_idx, resume_epoch, resume_next) ON countersign.stream TO countersign_worker;
