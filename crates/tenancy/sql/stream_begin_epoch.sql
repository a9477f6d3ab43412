-- The log goes on under another name: the stream begins with that one's first leaf.
UPDATE countersign.stream SET epoch = $3, next_idx = 0, sent_idx = 0, sent_size = 0, cut_last = NULL, cut_size = NULL, cut_note = NULL,
  resume_idx = NULL, resume_epoch = NULL, resume_next = NULL
WHERE workspace_id = $1 AND stream_id = $2
