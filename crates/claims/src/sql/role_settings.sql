SELECT unnest(s.setconfig) AS setting FROM pg_catalog.pg_db_role_setting s
