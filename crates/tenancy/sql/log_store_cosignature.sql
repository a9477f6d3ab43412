INSERT INTO audit.cosignature AS c (epoch, vkey, name, size, note, line) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (epoch, vkey) DO UPDATE
SET size = excluded.size, note = excluded.note, line = excluded.line, cosigned_at = clock_timestamp()
WHERE excluded.size >= c.size
