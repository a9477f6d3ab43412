-- What outside witnesses said of the deployment's log: of each the newest cosignature, with the note that it is of, since
-- the log itself goes on. Rows of a witness that is not asked any more are removed; nothing here is a record.
CREATE TABLE audit.cosignature (
  epoch       integer NOT NULL,
  vkey        text NOT NULL CONSTRAINT cosignature_vkey_length CHECK (octet_length(vkey) BETWEEN 1 AND 512),
  name        text NOT NULL CONSTRAINT cosignature_name_length CHECK (octet_length(name) BETWEEN 1 AND 255),
  size        bigint NOT NULL CONSTRAINT cosignature_size_range CHECK (size > 0),
  note        text NOT NULL CONSTRAINT cosignature_note_length CHECK (octet_length(note) <= 65536),
  line        text NOT NULL CONSTRAINT cosignature_line_length CHECK (octet_length(line) <= 1024),
  cosigned_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT cosignature_pk PRIMARY KEY (epoch, vkey)
);
ALTER TABLE audit.cosignature ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY integrate ON audit.cosignature TO countersign_integrator USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON audit.cosignature TO countersign_integrator;
