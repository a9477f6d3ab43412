-- Whether an act that was under way when its person left wrote a part after the others were cleared.
SELECT EXISTS (
  SELECT FROM audit.record r WHERE r.workspace_id = e.workspace_id AND r.actor_id = e.subject AND r.person_key_no = ANY (e.key_nos))
FROM countersign.erasure e WHERE e.workspace_id = $1 AND e.erasure_id = $2 AND e.part = 'person'
