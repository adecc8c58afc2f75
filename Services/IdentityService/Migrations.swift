import ServiceKit

enum Migrations {
    static let all: [Migration] = [
        Migration(
            1, "accounts",
            """
            CREATE TABLE accounts (
                id uuid PRIMARY KEY,
                kind text NOT NULL,
                person uuid NOT NULL UNIQUE,
                login text NOT NULL UNIQUE,
                password_hash text,
                state text NOT NULL CHECK (state IN ('invited', 'active', 'closed')),
                failures int NOT NULL DEFAULT 0,
                locked_until timestamptz,
                version bigint NOT NULL
            );
            CREATE TABLE one_time_links (
                code_hash bytea PRIMARY KEY,
                account uuid NOT NULL REFERENCES accounts,
                expires_at timestamptz NOT NULL,
                used_at timestamptz
            );
            CREATE INDEX one_time_links_account ON one_time_links (account);
            CREATE TABLE signing_keys (
                kid text PRIMARY KEY,
                sealed bytea NOT NULL,
                jwk jsonb NOT NULL,
                created_at timestamptz NOT NULL DEFAULT now()
            );
            CREATE TABLE browser_sessions (
                id_hash bytea PRIMARY KEY,
                account uuid NOT NULL REFERENCES accounts,
                expires_at timestamptz NOT NULL,
                ended_at timestamptz
            );
            CREATE TABLE authorization_codes (
                code_hash bytea PRIMARY KEY,
                account uuid NOT NULL REFERENCES accounts,
                client text NOT NULL,
                redirect_uri text NOT NULL,
                challenge text NOT NULL,
                nonce text,
                family uuid NOT NULL,
                expires_at timestamptz NOT NULL,
                used_at timestamptz
            );
            CREATE TABLE refresh_tokens (
                token_hash bytea PRIMARY KEY,
                family uuid NOT NULL,
                account uuid NOT NULL REFERENCES accounts,
                client text NOT NULL,
                expires_at timestamptz NOT NULL,
                used_at timestamptz,
                revoked_at timestamptz
            );
            CREATE INDEX refresh_tokens_family ON refresh_tokens (family);
            CREATE INDEX refresh_tokens_account ON refresh_tokens (account) WHERE revoked_at IS NULL;
            CREATE TABLE sign_in_log (
                id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
                account uuid,
                what text NOT NULL,
                at timestamptz NOT NULL DEFAULT now()
            );
            """),
        Migration(
            2, "who and when",
            """
            -- When the person signed in: `auth_time` of ID tokens, and what `max_age` is measured by.
            ALTER TABLE browser_sessions ADD COLUMN signed_in_at timestamptz NOT NULL DEFAULT now();
            ALTER TABLE authorization_codes ADD COLUMN signed_in_at timestamptz NOT NULL DEFAULT now();
            -- Who did it, where it was not the holder.
            ALTER TABLE sign_in_log ADD COLUMN actor text;
            """),
        // The next one goes here. Never edit the ones above: they have run.
    ]
}
