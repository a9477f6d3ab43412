-- The next is due a day after this one was; what was missed is not made up for.
UPDATE countersign.checkpoint_mail SET due_at = greatest(due_at + interval '1 day', clock_timestamp() + interval '12 hours')
WHERE workspace_id = $1 AND person_id = ANY ($2::uuid[])
