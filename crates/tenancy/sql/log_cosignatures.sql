SELECT c.vkey, c.name, c.size, c.note, c.line, c.cosigned_at
FROM audit.cosignature c WHERE c.epoch = $1 ORDER BY c.vkey LIMIT $2
