-- A record and its payload become one row (decision 0007): an act writes one row and five index entries instead of two and six.
-- The row stays append-only; the owner lifts row security and the trigger for the move alone, inside this transaction.
ALTER TABLE audit.record DISABLE TRIGGER no_mod;
ALTER TABLE audit.record  NO FORCE ROW LEVEL SECURITY;
ALTER TABLE audit.payload NO FORCE ROW LEVEL SECURITY;
ALTER TABLE audit.record
  ADD COLUMN actor_id      uuid,
  ADD COLUMN target_id     uuid,
  ADD COLUMN period_key_no integer,
  ADD COLUMN period_part   bytea,
  ADD COLUMN person_key_no integer,
  ADD COLUMN person_part   bytea;
UPDATE audit.record r
SET actor_id = p.actor_id, target_id = p.target_id, period_key_no = p.period_key_no, period_part = p.period_part,
    person_key_no = p.person_key_no, person_part = p.person_part
FROM audit.payload p WHERE p.workspace_id = r.workspace_id AND p.rec = r.rec;
DROP TABLE audit.payload;
CREATE INDEX record_by_actor  ON audit.record (workspace_id, actor_id, id DESC);
CREATE INDEX record_by_target ON audit.record (workspace_id, target_id, id DESC);
ALTER TABLE audit.record FORCE ROW LEVEL SECURITY;
ALTER TABLE audit.record ENABLE ALWAYS TRIGGER no_mod;
GRANT INSERT (actor_id, target_id, period_key_no, period_part, person_key_no, person_part) ON audit.record TO countersign_app;
