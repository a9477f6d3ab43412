SELECT s.settings, s.settings_version, s.format, s.state, s.epoch, s.next_idx, s.sent_idx, s.sent_size, s.cut_last, s.cut_size,
  s.cut_note, s.attempts, s.resume_idx, s.resume_epoch, s.resume_next
FROM countersign.stream s WHERE s.workspace_id = $1 AND s.stream_id = $2
