DELETE FROM audit.cosignature c WHERE c.vkey <> ALL ($1::text[])
