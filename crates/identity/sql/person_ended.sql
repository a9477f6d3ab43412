-- People who left and had this address; a person who came back is another.
SELECT p.person_id FROM countersign.person p
WHERE p.workspace_id = $1 AND p.email_bidx = $2 AND p.state = 'ended' ORDER BY p.person_id LIMIT 100
