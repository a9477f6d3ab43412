SELECT (SELECT count(*) FROM countersign.session s WHERE s.workspace_id = $1 AND s.person_id = $2 AND s.ended_at IS NULL) AS sessions,
       (SELECT count(*) FROM countersign.api_token t WHERE t.workspace_id = $1 AND t.person_id = $2 AND t.revoked_at IS NULL) AS tokens,
       (SELECT count(*) FROM countersign.one_time_link l
        WHERE l.workspace_id = $1 AND (l.person_id = $2 OR l.issued_by = $2) AND l.used_at IS NULL AND l.expires_at > clock_timestamp()) AS links
