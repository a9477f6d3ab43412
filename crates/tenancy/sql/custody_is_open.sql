-- Whether an open order is about to clear this.
SELECT EXISTS (SELECT FROM countersign.erasure e
               WHERE e.workspace_id = $1 AND e.part = $2 AND e.subject = $3 AND e.erased_at IS NULL)
