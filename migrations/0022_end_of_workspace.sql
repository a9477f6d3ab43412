-- The end of a workspace (decision 0019): an order with a day on which it is due, the closing, the destruction of its keys, the
-- deletion of its rows, and a certificate that outlives them. This row is all that stays of it beside its entries in the
-- deployment's log; it holds no name and nobody's data.
CREATE TABLE countersign.workspace_end (
  workspace_id uuid NOT NULL,
  ordered_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
  due_at       timestamptz NOT NULL,
  closed_at    timestamptz,
  -- The log's last checkpoint and the key that it is signed with, read before the keys go.
  checkpoint   text,
  vkey         text,
  shredded_at  timestamptz,
  key_count    integer,
  key_digest   bytea CONSTRAINT workspace_end_digest_length CHECK (octet_length(key_digest) = 32),
  row_count    bigint NOT NULL DEFAULT 0,
  erased_at    timestamptz,
  certificate  text,
  -- Where the certificate stands in the deployment's log.
  entry_epoch  integer,
  entry_idx    bigint,
  CONSTRAINT workspace_end_pk PRIMARY KEY (workspace_id),
  CONSTRAINT workspace_end_due CHECK (due_at <= ordered_at + interval '31 days'),
  CONSTRAINT workspace_end_in_order CHECK (
    (shredded_at IS NULL OR (closed_at IS NOT NULL AND key_digest IS NOT NULL))
    AND (erased_at IS NULL OR (shredded_at IS NOT NULL AND certificate IS NOT NULL))
    AND (entry_idx IS NULL OR erased_at IS NOT NULL) AND (entry_idx IS NULL) = (entry_epoch IS NULL))
);
CREATE INDEX workspace_end_open ON countersign.workspace_end (due_at) WHERE erased_at IS NULL;
CREATE INDEX workspace_end_unentered ON countersign.workspace_end (workspace_id) WHERE erased_at IS NOT NULL AND entry_idx IS NULL;
CREATE INDEX workspace_end_recent ON countersign.workspace_end (erased_at) WHERE erased_at IS NOT NULL;
ALTER TABLE countersign.workspace_end ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON countersign.workspace_end TO countersign_app
  USING      (workspace_id = current_setting('app.workspace_id')::uuid)
  WITH CHECK (workspace_id = current_setting('app.workspace_id')::uuid);
GRANT SELECT, INSERT (workspace_id, due_at), DELETE ON countersign.workspace_end TO countersign_app;
-- An order may be taken back until the workspace is closed, and what is closed is never forgotten, by nobody.
CREATE TRIGGER no_way_back BEFORE DELETE ON countersign.workspace_end FOR EACH ROW
  WHEN (OLD.closed_at IS NOT NULL) EXECUTE FUNCTION audit.refuse();
ALTER TABLE countersign.workspace_end ENABLE ALWAYS TRIGGER no_way_back;

-- The custodian sees all orders, and what it must know of one workspace before its keys go.
CREATE POLICY custody ON countersign.workspace_end TO countersign_custody USING (true) WITH CHECK (true);
GRANT SELECT, INSERT (workspace_id, ordered_at, due_at, closed_at, checkpoint, vkey),
  UPDATE (closed_at, checkpoint, vkey, shredded_at, key_count, key_digest, row_count, erased_at, certificate, entry_epoch, entry_idx)
  ON countersign.workspace_end TO countersign_custody;
CREATE POLICY custody_closes ON countersign.workspace FOR UPDATE TO countersign_custody
  USING      (workspace_id = current_setting('app.workspace_id')::uuid)
  WITH CHECK (workspace_id = current_setting('app.workspace_id')::uuid AND state = 'ended');
GRANT UPDATE (state, access_epoch) ON countersign.workspace TO countersign_custody;
CREATE POLICY custody ON audit.head FOR SELECT TO countersign_custody
  USING (workspace_id = current_setting('app.workspace_id')::uuid);
GRANT SELECT (workspace_id, epoch, size, signed_size, checkpoint, anchored_size) ON audit.head TO countersign_custody;
CREATE POLICY custody ON audit.leaf FOR SELECT TO countersign_custody
  USING (workspace_id = current_setting('app.workspace_id')::uuid);
GRANT SELECT (workspace_id, epoch, record_id) ON audit.leaf TO countersign_custody;
CREATE POLICY custody ON countersign.stream FOR SELECT TO countersign_custody
  USING (workspace_id = current_setting('app.workspace_id')::uuid);
GRANT SELECT (workspace_id, state, sent_idx) ON countersign.stream TO countersign_custody;

-- The integrator enters certificates into the deployment's log; anybody who has the id of a workspace that ended may read its.
CREATE POLICY integrate ON countersign.workspace_end TO countersign_integrator
  USING (erased_at IS NOT NULL) WITH CHECK (erased_at IS NOT NULL);
GRANT SELECT (workspace_id, erased_at, certificate, checkpoint, vkey, entry_epoch, entry_idx), UPDATE (entry_epoch, entry_idx)
  ON countersign.workspace_end TO countersign_integrator;

-- What is deleted is deleted in the owner's name, by the function below alone: rows of the workspace that is set.
DO $$
DECLARE
  of record;
BEGIN
  FOR of IN
    SELECT n.nspname, c.relname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attname = 'workspace_id'
    WHERE n.nspname IN ('countersign', 'audit', 'platform') AND c.relkind = 'r' AND c.relname NOT IN ('workspace_end', 'cosignature')
  LOOP
    EXECUTE format('CREATE POLICY end_of_workspace ON %I.%I TO countersign_owner
      USING      (workspace_id = current_setting(''app.workspace_id'')::uuid)
      WITH CHECK (workspace_id = current_setting(''app.workspace_id'')::uuid)', of.nspname, of.relname);
  END LOOP;
END
$$;
CREATE POLICY end_of_workspace ON countersign.workspace_end FOR SELECT TO countersign_owner
  USING (workspace_id = current_setting('app.workspace_id')::uuid);

-- A record may lose a part, and goes when its workspace has ended; a leaf goes with it.
CREATE OR REPLACE FUNCTION audit.only_erase() RETURNS trigger LANGUAGE plpgsql AS $$
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
  IF TG_OP = 'DELETE' AND current_user = 'countersign_owner' AND EXISTS (
    SELECT FROM countersign.workspace_end e WHERE e.workspace_id = OLD.workspace_id AND e.shredded_at IS NOT NULL) THEN
    RETURN OLD;
  END IF;
  RAISE EXCEPTION 'audit records are append-only' USING ERRCODE = '42501';
END$$;
CREATE FUNCTION audit.only_end() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' AND current_user = 'countersign_owner' AND EXISTS (
    SELECT FROM countersign.workspace_end e WHERE e.workspace_id = OLD.workspace_id AND e.shredded_at IS NOT NULL) THEN
    RETURN OLD;
  END IF;
  RAISE EXCEPTION 'audit records are append-only' USING ERRCODE = '42501';
END$$;
REVOKE ALL ON FUNCTION audit.only_end() FROM PUBLIC;
DROP TRIGGER no_mod ON audit.leaf;
CREATE TRIGGER no_mod BEFORE UPDATE OR DELETE ON audit.leaf FOR EACH ROW EXECUTE FUNCTION audit.only_end();
ALTER TABLE audit.leaf ENABLE ALWAYS TRIGGER no_mod;

-- Deletes rows of the set workspace, whose keys were destroyed by order: of the first table that still has some, at most so many.
-- People go at once, for one may be another's manager. Says how many; none when nothing is left.
CREATE FUNCTION audit.end_rows(most integer) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  ended uuid := current_setting('app.workspace_id')::uuid;
  of text;
  deleted bigint;
BEGIN
  PERFORM FROM countersign.workspace_end e WHERE e.workspace_id = ended AND e.shredded_at IS NOT NULL;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'the end of this workspace was not ordered, or its keys were not destroyed' USING ERRCODE = '42501';
  END IF;
  FOREACH of IN ARRAY ARRAY[
    'countersign.stream_dead', 'countersign.stream', 'countersign.erasure', 'countersign.checkpoint_mail', 'countersign.claim_state', 'countersign.outbox',
    'countersign.comment', 'countersign.decision', 'countersign.task', 'countersign.request_event', 'countersign.revision',
    'countersign.request', 'countersign.process_version', 'countersign.process', 'countersign.idempotency',
    'countersign.login_bucket', 'countersign.one_time_link', 'countersign.api_token', 'countersign.session_seen',
    'countersign.session', 'countersign.password', 'countersign.access_grant', 'countersign.group_member', 'countersign.grp',
    'countersign.person', 'audit.opening', 'audit.tile', 'audit.leaf', 'audit.record', 'audit.head', 'platform.route', 'countersign.workspace']
  LOOP
    IF of = 'countersign.person' THEN
      DELETE FROM countersign.person p WHERE p.workspace_id = ended;
    ELSE
      EXECUTE format('DELETE FROM %s WHERE ctid = ANY (ARRAY(SELECT t.ctid FROM %s t WHERE t.workspace_id = $1 LIMIT $2))', of, of)
        USING ended, most;
    END IF;
    GET DIAGNOSTICS deleted = ROW_COUNT;
    IF deleted > 0 THEN
      RETURN deleted;
    END IF;
  END LOOP;
  RETURN 0;
END$$;
REVOKE ALL ON FUNCTION audit.end_rows(integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION audit.end_rows(integer) TO countersign_custody;
