-- Whatever decides who may do what, or who is asked, moves its workspace's access epoch: by trigger, so that no act can
-- forget it. What is kept in memory of rights, tokens, groups, managers and published versions counts for one epoch only.
CREATE FUNCTION countersign.move_epoch_of_statement() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE countersign.workspace w SET access_epoch = w.access_epoch + 1
  FROM (SELECT DISTINCT c.workspace_id FROM changed c) of WHERE w.workspace_id = of.workspace_id;
  RETURN NULL;
END$$;
CREATE FUNCTION countersign.move_epoch_of_row() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE countersign.workspace w SET access_epoch = w.access_epoch + 1 WHERE w.workspace_id = NEW.workspace_id;
  RETURN NULL;
END$$;
REVOKE ALL ON FUNCTION countersign.move_epoch_of_statement(), countersign.move_epoch_of_row() FROM PUBLIC;

CREATE TRIGGER epoch_insert AFTER INSERT ON countersign.access_grant REFERENCING NEW TABLE AS changed
  FOR EACH STATEMENT EXECUTE FUNCTION countersign.move_epoch_of_statement();
CREATE TRIGGER epoch_update AFTER UPDATE ON countersign.access_grant REFERENCING NEW TABLE AS changed
  FOR EACH STATEMENT EXECUTE FUNCTION countersign.move_epoch_of_statement();
CREATE TRIGGER epoch_delete AFTER DELETE ON countersign.access_grant REFERENCING OLD TABLE AS changed
  FOR EACH STATEMENT EXECUTE FUNCTION countersign.move_epoch_of_statement();
CREATE TRIGGER epoch_insert AFTER INSERT ON countersign.group_member REFERENCING NEW TABLE AS changed
  FOR EACH STATEMENT EXECUTE FUNCTION countersign.move_epoch_of_statement();
CREATE TRIGGER epoch_delete AFTER DELETE ON countersign.group_member REFERENCING OLD TABLE AS changed
  FOR EACH STATEMENT EXECUTE FUNCTION countersign.move_epoch_of_statement();
CREATE TRIGGER epoch_insert AFTER INSERT ON countersign.grp REFERENCING NEW TABLE AS changed
  FOR EACH STATEMENT EXECUTE FUNCTION countersign.move_epoch_of_statement();
CREATE TRIGGER epoch_update AFTER UPDATE ON countersign.grp REFERENCING NEW TABLE AS changed
  FOR EACH STATEMENT EXECUTE FUNCTION countersign.move_epoch_of_statement();
CREATE TRIGGER epoch_delete AFTER DELETE ON countersign.grp REFERENCING OLD TABLE AS changed
  FOR EACH STATEMENT EXECUTE FUNCTION countersign.move_epoch_of_statement();
CREATE TRIGGER epoch_insert AFTER INSERT ON countersign.person
  FOR EACH ROW EXECUTE FUNCTION countersign.move_epoch_of_row();
CREATE TRIGGER epoch_update AFTER UPDATE ON countersign.person
  FOR EACH ROW WHEN (OLD.state <> NEW.state OR OLD.manager_id IS DISTINCT FROM NEW.manager_id OR OLD.email_bidx <> NEW.email_bidx
        OR OLD.credential_epoch <> NEW.credential_epoch)
  EXECUTE FUNCTION countersign.move_epoch_of_row();
CREATE TRIGGER epoch_insert AFTER INSERT ON countersign.process
  FOR EACH ROW EXECUTE FUNCTION countersign.move_epoch_of_row();
CREATE TRIGGER epoch_update AFTER UPDATE ON countersign.process
  FOR EACH ROW WHEN (OLD.published IS DISTINCT FROM NEW.published OR OLD.key <> NEW.key)
  EXECUTE FUNCTION countersign.move_epoch_of_row();
CREATE TRIGGER epoch_update AFTER UPDATE ON countersign.api_token
  FOR EACH ROW WHEN (OLD.revoked_at IS DISTINCT FROM NEW.revoked_at OR OLD.expires_at <> NEW.expires_at
        OR OLD.scopes <> NEW.scopes OR OLD.credential_epoch <> NEW.credential_epoch OR OLD.token_hash <> NEW.token_hash)
  EXECUTE FUNCTION countersign.move_epoch_of_row();
CREATE TRIGGER epoch_delete AFTER DELETE ON countersign.api_token REFERENCING OLD TABLE AS changed
  FOR EACH STATEMENT EXECUTE FUNCTION countersign.move_epoch_of_statement();
