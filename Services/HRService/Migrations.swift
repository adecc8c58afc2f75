import ServiceKit

enum Migrations {
    static let all: [Migration] = [
        Migration(
            1, "personnel",
            """
            CREATE TABLE agencies (
                code text PRIMARY KEY,
                name text NOT NULL,
                name_en text NOT NULL,
                kind text NOT NULL,
                parent text REFERENCES agencies,
                valid_from date NOT NULL,
                valid_to date CHECK (valid_to >= valid_from),
                successor text,
                version bigint NOT NULL
            );
            CREATE TABLE units (
                agency text NOT NULL REFERENCES agencies,
                code text NOT NULL,
                name text NOT NULL,
                name_en text NOT NULL,
                valid_from date NOT NULL,
                version bigint NOT NULL,
                PRIMARY KEY (agency, code)
            );
            CREATE TABLE officials (
                person uuid PRIMARY KEY,
                full_name text NOT NULL,
                mailbox text NOT NULL UNIQUE,
                version bigint NOT NULL
            );
            CREATE TABLE posts (
                id uuid PRIMARY KEY,
                person uuid NOT NULL REFERENCES officials,
                agency text NOT NULL REFERENCES agencies,
                unit text NOT NULL,
                role text NOT NULL,
                title text NOT NULL,
                valid_from date NOT NULL,
                valid_to date CHECK (valid_to >= valid_from - 1)
            );
            CREATE INDEX posts_person ON posts (person, valid_from);
            CREATE INDEX posts_agency ON posts (agency, person);
            -- A person holds one post at a time.
            CREATE UNIQUE INDEX posts_one_open ON posts (person) WHERE valid_to IS NULL;
            CREATE TABLE decisions (
                id uuid PRIMARY KEY,
                number text NOT NULL,
                year int NOT NULL,
                person uuid NOT NULL REFERENCES officials,
                kind text NOT NULL,
                agency text REFERENCES agencies,
                unit text,
                role text,
                title text,
                effective_from date NOT NULL,
                decided_at timestamptz NOT NULL,
                decided_by text NOT NULL,
                effective_at timestamptz,
                UNIQUE (number, year)
            );
            CREATE INDEX decisions_person ON decisions (person, decided_at);
            -- One decision may wait for its day at a time: the next stands on what it brings.
            CREATE UNIQUE INDEX decisions_one_pending ON decisions (person) WHERE effective_at IS NULL;
            CREATE TABLE decision_log (
                id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
                decision uuid NOT NULL,
                what text NOT NULL,
                actor text NOT NULL,
                at timestamptz NOT NULL
            );
            """),
        Migration(
            2, "positions",
            """
            ALTER TABLE units ADD COLUMN valid_to date, ADD CHECK (valid_to >= valid_from);
            CREATE TABLE positions (
                agency text NOT NULL,
                unit text NOT NULL,
                code text NOT NULL,
                role text NOT NULL,
                title text NOT NULL,
                title_en text NOT NULL,
                seats int NOT NULL CHECK (seats >= 1),
                valid_from date NOT NULL,
                valid_to date CHECK (valid_to >= valid_from),
                version bigint NOT NULL,
                PRIMARY KEY (agency, unit, code),
                FOREIGN KEY (agency, unit) REFERENCES units
            );
            -- Null where a post was held, or decided on, before positions existed: it takes no seat.
            ALTER TABLE posts ADD COLUMN position text,
                ADD FOREIGN KEY (agency, unit, position) REFERENCES positions;
            ALTER TABLE decisions ADD COLUMN position text,
                ADD FOREIGN KEY (agency, unit, position) REFERENCES positions;
            CREATE INDEX posts_position ON posts (agency, unit, position);
            CREATE INDEX decisions_position ON decisions (agency, unit, position) WHERE effective_at IS NULL;
            """),
        Migration(
            3, "positions limited to fields of procedures",
            """
            ALTER TABLE positions ADD COLUMN fields text[] NOT NULL DEFAULT '{}';
            ALTER TABLE posts ADD COLUMN fields text[] NOT NULL DEFAULT '{}';
            ALTER TABLE decisions ADD COLUMN fields text[] NOT NULL DEFAULT '{}';
            """),
        Migration(4, "delegations and absences", standIns),
        // The next one goes here. Never edit the ones above: they have run.
    ]
}
