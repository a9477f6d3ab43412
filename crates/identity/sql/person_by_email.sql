SELECT p.person_id, p.state FROM countersign.person p WHERE p.workspace_id = $1 AND p.email_bidx = $2 AND p.state <> 'ended'
