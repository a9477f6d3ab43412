SELECT r.process_id, r.requester_id, NULL::uuid AS assignee_id, NULL::uuid AS person_id,
       EXISTS (SELECT FROM countersign.task t WHERE t.workspace_id = $1 AND t.request_id = r.request_id
                 AND t.person_id = $3::uuid) AS was_asked,
       r.process_id, r.version, r.requester_id, r.state, r.stage, r.revision_no, r.revision_hash, r.event_no, r.title, r.engine,
       r.created_at, r.submitted_at, r.stage_since, r.ended_at, v.content
FROM countersign.request r
JOIN countersign.revision v ON v.workspace_id = $1 AND v.request_id = r.request_id AND v.number = r.revision_no
WHERE r.workspace_id = $1 AND r.request_id = $2::uuid
