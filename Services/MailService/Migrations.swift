import ServiceKit

enum Migrations {
    static let all: [Migration] = [
        Migration(
            1, "mailboxes",
            """
            CREATE TABLE mailboxes (
                id uuid PRIMARY KEY,
                person uuid NOT NULL UNIQUE,
                address text NOT NULL UNIQUE,
                full_name text NOT NULL,
                state text NOT NULL CHECK (state IN ('open', 'closed')),
                opened_at timestamptz NOT NULL,
                closed_at timestamptz,
                version bigint NOT NULL
            );
            -- inbox, sent, archive and trash by these keys; a mailbox's own folders by their id.
            CREATE TABLE folders (
                mailbox uuid NOT NULL REFERENCES mailboxes,
                key text NOT NULL,
                name text,
                version bigint NOT NULL,
                PRIMARY KEY (mailbox, key),
                CHECK ((name IS NULL) = (key IN ('inbox', 'sent', 'archive', 'trash')))
            );
            CREATE UNIQUE INDEX folders_name ON folders (mailbox, lower(name));
            -- What was written, once. A notification has a template and facts and is read in the reader's language.
            CREATE TABLE messages (
                id uuid PRIMARY KEY,
                thread uuid NOT NULL,
                sender uuid REFERENCES mailboxes,
                recipients text[] NOT NULL,
                subject text,
                body text,
                template text,
                facts jsonb,
                source_event uuid CONSTRAINT messages_source_event UNIQUE,
                sent_at timestamptz NOT NULL,
                CHECK ((sender IS NULL) = (template IS NOT NULL)),
                CHECK ((template IS NULL) = (facts IS NULL)),
                CHECK ((template IS NULL) = (source_event IS NULL)),
                CHECK ((sender IS NULL) = (subject IS NULL)),
                CHECK ((sender IS NULL) = (body IS NULL))
            );
            -- A message as it lies in one mailbox.
            CREATE TABLE copies (
                id uuid PRIMARY KEY,
                mailbox uuid NOT NULL,
                folder text NOT NULL,
                message uuid NOT NULL REFERENCES messages,
                source_event uuid,
                read_at timestamptz,
                version bigint NOT NULL,
                CONSTRAINT copies_folder FOREIGN KEY (mailbox, folder) REFERENCES folders,
                CONSTRAINT copies_source_event UNIQUE (mailbox, source_event)
            );
            CREATE INDEX copies_folder ON copies (mailbox, folder, id);
            CREATE INDEX copies_unread ON copies (mailbox, folder) WHERE read_at IS NULL;
            CREATE INDEX copies_message ON copies (message);
            """),
        Migration(
            2, "notifications",
            """
            -- What notifications must know of a dossier: its code, and who works on it where.
            CREATE TABLE dossiers (
                dossier uuid PRIMARY KEY,
                code text,
                submitted_on date NOT NULL,
                receiving_agency text NOT NULL,
                working_agency text NOT NULL,
                officer uuid
            );
            -- Notifications that nobody could be given: nobody in the role, and the agency without a leader.
            CREATE TABLE undeliverable (
                id uuid PRIMARY KEY,
                source_event uuid NOT NULL,
                type text NOT NULL,
                template text NOT NULL,
                facts jsonb NOT NULL,
                agency text NOT NULL,
                role text NOT NULL,
                at timestamptz NOT NULL,
                CONSTRAINT undeliverable_once UNIQUE (source_event, role)
            );
            """),
        Migration(
            3, "letters to the outside",
            """
            -- Letters that leave the system. The address is sealed; nobody opens it but for sending.
            CREATE TABLE outside_letters (
                -- Its own key towards the outside: the Message-ID of every attempt.
                id uuid PRIMARY KEY,
                source_event uuid NOT NULL CONSTRAINT outside_letters_once UNIQUE,
                sender text NOT NULL,
                dossier uuid NOT NULL,
                agency text NOT NULL,
                what text NOT NULL,
                subject text NOT NULL,
                body text NOT NULL,
                address jsonb NOT NULL,
                state text NOT NULL CHECK (state IN ('waiting', 'sent', 'refused', 'given-up', 'erased')),
                note text NOT NULL,
                attempts int NOT NULL DEFAULT 0,
                made_at timestamptz NOT NULL,
                -- Real time: when it is looked at again; while it is being sent, when others may.
                due_at timestamptz NOT NULL,
                settled_at timestamptz,
                CHECK ((state = 'waiting') = (settled_at IS NULL))
            );
            CREATE INDEX outside_letters_due ON outside_letters (due_at) WHERE state = 'waiting';
            -- Written before an attempt, its outcome after it. None, long after: the process died under way.
            CREATE TABLE outside_attempts (
                letter uuid NOT NULL REFERENCES outside_letters,
                number int NOT NULL,
                began_at timestamptz NOT NULL DEFAULT clock_timestamp(),
                outcome text CHECK (outcome IN ('taken', 'refused', 'postponed', 'uncertain')),
                code int,
                ended_at timestamptz,
                PRIMARY KEY (letter, number)
            );
            """),
        Migration(4, "letters about no dossier", reminders),
        // The next one goes here. Never edit the ones above: they have run.
    ]
}
