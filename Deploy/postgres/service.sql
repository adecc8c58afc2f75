-- One service: its owner role, which migrates, its runtime role, its schema; run for each service by provision.sh.
-- Variables: svc, owner, password, owner_password. The migrations grant the runtime role what it needs on tables.
SELECT format('CREATE ROLE %I', r) FROM unnest(ARRAY[:'owner', :'svc']) AS r
    WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = r) \gexec
ALTER ROLE :"owner" LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE CONNECTION LIMIT 4 PASSWORD :'owner_password';
ALTER ROLE :"svc" LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE CONNECTION LIMIT 32 PASSWORD :'password';
GRANT CONNECT ON DATABASE lienthong TO :"owner", :"svc";

SELECT format('CREATE SCHEMA %I AUTHORIZATION %I', :'svc', :'owner')
    WHERE NOT EXISTS (SELECT FROM pg_namespace WHERE nspname = :'svc') \gexec
ALTER SCHEMA :"svc" OWNER TO :"owner";
GRANT USAGE ON SCHEMA :"svc" TO :"svc";
ALTER ROLE :"owner" SET search_path = :"svc";
ALTER ROLE :"svc" SET search_path = :"svc";

-- The last net below the program's own time-outs: nothing of a service may hold locks for ever.
ALTER ROLE :"owner" SET lock_timeout = '30s';
ALTER ROLE :"svc" SET statement_timeout = '30s';
ALTER ROLE :"svc" SET lock_timeout = '10s';
ALTER ROLE :"svc" SET idle_in_transaction_session_timeout = '30s';

-- The relay compares the server's identity and timeline with those it knew, to notice a restored database.
GRANT EXECUTE ON FUNCTION pg_control_system(), pg_control_checkpoint() TO :"svc";
