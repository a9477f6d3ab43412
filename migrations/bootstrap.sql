-- Roles, database and schemas, made once by an administrator before the first migration.
--
-- psql runs the file as it stands. The private server runs its sections as single-user servers before any socket
-- exists, which fixes the form: a statement ends at a semicolon before an empty line, a body holds no empty line.
-- Roles carry no passwords here: on the private server peer authentication decides, elsewhere the migration sets them.

DO $$
DECLARE
  wanted record;
BEGIN
  FOR wanted IN
    SELECT * FROM (VALUES
      ('countersign_owner', 'NOLOGIN NOBYPASSRLS'),
      ('countersign_migrate', 'LOGIN BYPASSRLS'),
      ('countersign_app', 'LOGIN NOBYPASSRLS'),
      ('countersign_auth', 'LOGIN NOBYPASSRLS'),
      ('countersign_worker', 'LOGIN NOBYPASSRLS'),
      ('countersign_operator', 'LOGIN NOBYPASSRLS'),
      ('countersign_integrator', 'LOGIN NOBYPASSRLS'),
      ('countersign_custody', 'LOGIN NOBYPASSRLS'),
      ('countersign_probe', 'LOGIN NOBYPASSRLS'),
      ('countersign_backup', 'LOGIN NOBYPASSRLS')
    ) AS role (name, attributes)
  LOOP
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = wanted.name) THEN
      EXECUTE format('CREATE ROLE %I %s NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION', wanted.name, wanted.attributes);
    END IF;
  END LOOP;
END
$$;

-- Only the migrate role reaches another one: it owns nothing itself and inherits, so that a migration that touches rows
-- may do so as itself (past row security), and one that makes objects as the owner (SET ROLE).
GRANT countersign_owner TO countersign_migrate;

DO $$
DECLARE
  name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['countersign_owner', 'countersign_migrate', 'countersign_app', 'countersign_auth',
    'countersign_worker', 'countersign_operator', 'countersign_integrator', 'countersign_custody', 'countersign_probe']
  LOOP
    EXECUTE format('ALTER ROLE %I SET search_path = countersign, audit, platform, ext', name);
  END LOOP;
  -- Bounds: no statement, lock wait or forgotten transaction of a serving role outlasts them.
  FOREACH name IN ARRAY ARRAY['countersign_app', 'countersign_auth', 'countersign_worker', 'countersign_operator',
    'countersign_probe']
  LOOP
    EXECUTE format('ALTER ROLE %I SET statement_timeout = %L', name, '5s');
    EXECUTE format('ALTER ROLE %I SET lock_timeout = %L', name, '2s');
    EXECUTE format('ALTER ROLE %I SET idle_in_transaction_session_timeout = %L', name, '10s');
  END LOOP;
  -- The ledger and custody work over many rows at once.
  FOREACH name IN ARRAY ARRAY['countersign_integrator', 'countersign_custody']
  LOOP
    EXECUTE format('ALTER ROLE %I SET statement_timeout = %L', name, '60s');
    EXECUTE format('ALTER ROLE %I SET lock_timeout = %L', name, '2s');
    EXECUTE format('ALTER ROLE %I SET idle_in_transaction_session_timeout = %L', name, '10s');
  END LOOP;
  -- Every statement of these roles finds its rows by a key that starts with the workspace, whatever its parameters, so
  -- one plan serves all; planning again at each use cost a third of a read.
  FOREACH name IN ARRAY ARRAY['countersign_app', 'countersign_auth', 'countersign_worker', 'countersign_operator']
  LOOP
    EXECUTE format('ALTER ROLE %I SET plan_cache_mode = %L', name, 'force_generic_plan');
  END LOOP;
  EXECUTE 'ALTER ROLE countersign_migrate SET lock_timeout = ''10s''';
END
$$;

-- section: create database

CREATE DATABASE countersign OWNER countersign_owner TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C';

\connect countersign

REVOKE ALL ON SCHEMA public FROM PUBLIC;

DO $$
DECLARE
  name text;
BEGIN
  EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
  FOREACH name IN ARRAY ARRAY['countersign_migrate', 'countersign_app', 'countersign_auth', 'countersign_worker',
    'countersign_operator', 'countersign_integrator', 'countersign_custody', 'countersign_probe', 'countersign_backup']
  LOOP
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO %I', current_database(), name);
  END LOOP;
END
$$;

CREATE SCHEMA IF NOT EXISTS countersign AUTHORIZATION countersign_owner;

CREATE SCHEMA IF NOT EXISTS audit AUTHORIZATION countersign_owner;

CREATE SCHEMA IF NOT EXISTS platform AUTHORIZATION countersign_owner;

CREATE SCHEMA IF NOT EXISTS ext AUTHORIZATION countersign_owner;

GRANT USAGE ON SCHEMA countersign, audit, platform, ext TO countersign_app, countersign_auth, countersign_worker,
  countersign_operator, countersign_integrator, countersign_custody, countersign_probe;

-- PostgreSQL lets everybody execute a new function unless told otherwise; ours are granted one by one.
ALTER DEFAULT PRIVILEGES FOR ROLE countersign_owner REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;

-- What a backup needs, in the database it connects to.
GRANT pg_read_all_settings TO countersign_backup;

GRANT EXECUTE ON FUNCTION pg_catalog.pg_backup_start(text, boolean), pg_catalog.pg_backup_stop(boolean),
  pg_catalog.pg_switch_wal(), pg_catalog.pg_create_restore_point(text) TO countersign_backup;
