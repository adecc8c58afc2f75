-- The database and what PUBLIC loses; run by provision.sh as superuser, any number of times.
SELECT 'CREATE DATABASE lienthong' WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'lienthong') \gexec
REVOKE ALL ON DATABASE postgres, template1, lienthong FROM PUBLIC;
-- Patroni's pg_rewind, where there is a cluster, compares a former primary with the new one from there.
SELECT 'GRANT CONNECT ON DATABASE postgres TO rewind' WHERE EXISTS (SELECT FROM pg_roles WHERE rolname = 'rewind') \gexec
\connect lienthong
REVOKE ALL ON SCHEMA public FROM PUBLIC;

-- The auditor reads every schema and changes nothing.
SELECT 'CREATE ROLE auditor' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'auditor') \gexec
ALTER ROLE auditor LOGIN INHERIT CONNECTION LIMIT 8 PASSWORD :'auditor_password';
GRANT pg_read_all_data TO auditor;
GRANT CONNECT ON DATABASE lienthong TO auditor;
ALTER ROLE auditor SET default_transaction_read_only = on;
ALTER ROLE auditor SET statement_timeout = '10min';
