-- The audit list is narrowed by actor, act, target and time, in any combination, and its pages go on from a time and a
-- record's number. Each index so ends with both: a range of time within an actor, an act or a target is a range of the index.
CREATE INDEX record_by_time ON audit.record (workspace_id, ts, id);
CREATE INDEX record_by_action ON audit.record (workspace_id, action, ts, id);
CREATE INDEX record_by_actor_time ON audit.record (workspace_id, actor_id, ts, id);
CREATE INDEX record_by_target_time ON audit.record (workspace_id, target_id, ts, id);
DROP INDEX audit.record_by_actor;
DROP INDEX audit.record_by_target;
