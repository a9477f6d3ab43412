SELECT r.workspace_id, r.id, r.rec, (extract(epoch FROM r.ts) * 1000000)::bigint, r.action, r.class, r.fields, r.digests
FROM audit.record r WHERE r.workspace_id = $1 AND r.rec = $2
