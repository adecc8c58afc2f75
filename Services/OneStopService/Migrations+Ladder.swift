extension Migrations {
    /// Ladders as data, the rungs that were reached, and the timers of opinions and branches: whoever sets or moves
    /// such a date, its ladder is looked at.
    static let ladder = """
        CREATE TABLE ladders (
            -- '' is everybody that has none of its own.
            procedure text PRIMARY KEY,
            version bigint NOT NULL,
            rungs jsonb NOT NULL,
            set_by text NOT NULL,
            set_at timestamptz NOT NULL
        );
        -- To insert is to claim: each rung of a deadline once for each date that it had. No foreign key: its check
        -- would wait for whoever holds the dossier, who may wait for the timer that is firing.
        CREATE TABLE deadline_rungs (
            deadline text NOT NULL,
            due_at timestamptz NOT NULL,
            rung text NOT NULL,
            id uuid NOT NULL UNIQUE,
            dossier uuid NOT NULL,
            reached_at timestamptz NOT NULL,
            reader text NOT NULL,
            agency text NOT NULL,
            officer uuid,
            PRIMARY KEY (deadline, due_at, rung)
        );
        CREATE INDEX deadline_rungs_dossier ON deadline_rungs (dossier, reached_at);
        CREATE FUNCTION watch_deadline() RETURNS trigger LANGUAGE plpgsql AS $body$
        BEGIN
            INSERT INTO timers (kind, key, due_at, payload)
            VALUES ('onestop.deadline', TG_ARGV[0] || '/' || NEW.id,
                    (to_jsonb(NEW) ->> TG_ARGV[1])::timestamptz, '{}')
            ON CONFLICT (kind, key) DO UPDATE SET due_at = excluded.due_at, attempts = 0, retry_at = NULL,
                error = NULL;
            RETURN NULL;
        END
        $body$;
        CREATE TRIGGER opinions_watched AFTER INSERT OR UPDATE OF due_at ON opinions
            FOR EACH ROW EXECUTE FUNCTION watch_deadline('opinion', 'asked_at');
        CREATE TRIGGER branches_watched AFTER INSERT OR UPDATE OF due_at ON branches
            FOR EACH ROW EXECUTE FUNCTION watch_deadline('branch', 'begun_at');
        """
}
