SELECT EXISTS (
  SELECT FROM audit.record r WHERE r.workspace_id = $1 AND r.actor_id = $2 AND r.person_key_no = ANY ($3::integer[]))
