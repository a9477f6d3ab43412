-- The courier's policy named the state as the partial index over due effects does, so a plan made over few rows could take
-- that index for a row that is asked for by its key, and read the whole backlog of the workspace. It says the same in words
-- that no index answers; what looks for due effects still names them.
ALTER POLICY courier_locks ON countersign.outbox USING ((state = 'due') IS NOT FALSE);
