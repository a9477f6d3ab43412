SELECT count(*) FROM (SELECT FROM countersign.task t WHERE t.workspace_id = $1 AND t.person_id = $2 AND t.state = 'open' LIMIT 1000) AS open
