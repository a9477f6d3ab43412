-- Erasure of what records hold, in three steps (decision 0014): an order, the destruction of a key, the clearing of the
-- parts that it sealed. Records and their commitments stay as they were signed.
CREATE TABLE countersign.erasure (
  workspace_id uuid NOT NULL CONSTRAINT erasure_workspace_fk REFERENCES countersign.workspace (workspace_id),
  erasure_id   uuid NOT NULL,
  part         text NOT NULL CONSTRAINT erasure_part_known CHECK (part IN ('person', 'period')),
  -- The person, or the class and month, that the keys are of.
  subject      uuid NOT NULL,
  key_nos      integer[] NOT NULL CONSTRAINT erasure_keys_some CHECK (cardinality(key_nos) BETWEEN 1 AND 64),
  ordered_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
  shredded_at  timestamptz,
  erased_at    timestamptz,
  CONSTRAINT erasure_pk PRIMARY KEY (workspace_id, erasure_id),
  CONSTRAINT erasure_in_order CHECK (erased_at IS NULL OR shredded_at IS NOT NULL)
);
CREATE UNIQUE INDEX erasure_once ON countersign.erasure (workspace_id, part, subject) WHERE erased_at IS NULL;
CREATE INDEX erasure_open ON countersign.erasure (workspace_id, ordered_at) WHERE erased_at IS NULL;
ALTER TABLE countersign.erasure ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON countersign.erasure TO countersign_app
  USING      (workspace_id = current_setting('app.workspace_id')::uuid)
  WITH CHECK (workspace_id = current_setting('app.workspace_id')::uuid);
GRANT SELECT, INSERT (workspace_id, erasure_id, part, subject, key_nos) ON countersign.erasure TO countersign_app;

-- The custodian sees in all workspaces that something is ordered, and does it in one workspace at a time.
CREATE POLICY custody_looks ON countersign.erasure FOR SELECT TO countersign_custody USING (true);
CREATE POLICY custody ON countersign.erasure FOR UPDATE TO countersign_custody
  USING      (workspace_id = current_setting('app.workspace_id')::uuid)
  WITH CHECK (workspace_id = current_setting('app.workspace_id')::uuid);
GRANT SELECT, UPDATE (shredded_at, erased_at) ON countersign.erasure TO countersign_custody;
CREATE POLICY custody ON countersign.workspace FOR SELECT TO countersign_custody
  USING (workspace_id = current_setting('app.workspace_id')::uuid);
GRANT SELECT (workspace_id, state, access_epoch) ON countersign.workspace TO countersign_custody;
CREATE POLICY custody ON audit.record TO countersign_custody
  USING      (workspace_id = current_setting('app.workspace_id')::uuid)
  WITH CHECK (workspace_id = current_setting('app.workspace_id')::uuid);
GRANT SELECT (workspace_id, id, rec, period_key_no, period_part, person_key_no, person_part, actor_id, target_id),
  INSERT (workspace_id, rec, action, class, fields, digests, actor_id, target_id, period_key_no, period_part, person_key_no, person_part)
  ON audit.record TO countersign_custody;

-- What may still happen to a record: a part goes, with the index column that was read from it, and nothing else changes. It
-- happens in the owner's name alone, which is the name of the function below.
CREATE FUNCTION audit.only_erase() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  allowed audit.record := OLD;
BEGIN
  IF TG_OP = 'UPDATE' AND current_user = 'countersign_owner' THEN
    IF NEW.person_part IS NULL THEN
      allowed.person_part := NULL;
      allowed.actor_id := NULL;
    END IF;
    IF NEW.period_part IS NULL THEN
      allowed.period_part := NULL;
      allowed.target_id := NULL;
    END IF;
    IF NEW *= allowed THEN
      RETURN NEW;
    END IF;
  END IF;
  RAISE EXCEPTION 'audit records are append-only' USING ERRCODE = '42501';
END$$;
REVOKE ALL ON FUNCTION audit.only_erase() FROM PUBLIC;
DROP TRIGGER no_mod ON audit.record;
CREATE TRIGGER no_mod BEFORE UPDATE OR DELETE ON audit.record FOR EACH ROW EXECUTE FUNCTION audit.only_erase();
ALTER TABLE audit.record ENABLE ALWAYS TRIGGER no_mod;

CREATE POLICY erase ON audit.record TO countersign_owner
  USING      (workspace_id = current_setting('app.workspace_id')::uuid)
  WITH CHECK (workspace_id = current_setting('app.workspace_id')::uuid);
CREATE POLICY erase ON countersign.erasure FOR SELECT TO countersign_owner
  USING (workspace_id = current_setting('app.workspace_id')::uuid);

-- Clears parts whose keys an order of this workspace names and that were destroyed; at most so many at once. Says how many.
CREATE FUNCTION audit.erase_part(wanted_id uuid, most integer) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  ordered countersign.erasure;
  cleared bigint;
BEGIN
  SELECT e.* INTO ordered FROM countersign.erasure e
  WHERE e.workspace_id = current_setting('app.workspace_id')::uuid AND e.erasure_id = wanted_id AND e.shredded_at IS NOT NULL;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'nothing was ordered to be erased, or its key was not destroyed' USING ERRCODE = '42501';
  END IF;
  IF ordered.part = 'person' THEN
    UPDATE audit.record r SET person_part = NULL, actor_id = NULL
    WHERE r.workspace_id = ordered.workspace_id AND r.id IN (
      SELECT s.id FROM audit.record s
      WHERE s.workspace_id = ordered.workspace_id AND s.person_key_no = ANY (ordered.key_nos) AND s.person_part IS NOT NULL
      LIMIT most);
  ELSE
    UPDATE audit.record r SET period_part = NULL, target_id = NULL
    WHERE r.workspace_id = ordered.workspace_id AND r.id IN (
      SELECT s.id FROM audit.record s
      WHERE s.workspace_id = ordered.workspace_id AND s.period_key_no = ANY (ordered.key_nos) AND s.period_part IS NOT NULL
      LIMIT most);
  END IF;
  GET DIAGNOSTICS cleared = ROW_COUNT;
  RETURN cleared;
END$$;
REVOKE ALL ON FUNCTION audit.erase_part(uuid, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION audit.erase_part(uuid, integer) TO countersign_custody;
