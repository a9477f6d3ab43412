-- Every create checked three foreign keys to rows that all creates share (a process version, a person), and each check
-- locks the row: under load the locks pile up in multixacts (decision 0011). Nobody may delete a version or a person,
-- and each act reads the very row it points to, in the same transaction, before it writes.
ALTER TABLE countersign.request DROP CONSTRAINT request_version_fk;
ALTER TABLE countersign.request DROP CONSTRAINT request_requester_fk;
ALTER TABLE countersign.task    DROP CONSTRAINT task_person_fk;
