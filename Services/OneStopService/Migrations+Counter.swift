import ServiceKit

extension Migrations {
    /// Tickets and appointments.
    static let counter = """
        CREATE TABLE desk_groups (
            agency text NOT NULL,
            code text NOT NULL,
            version bigint NOT NULL,
            settings jsonb NOT NULL,
            PRIMARY KEY (agency, code)
        );
        CREATE TABLE queue_days (
            agency text NOT NULL,
            desk_group text NOT NULL,
            day date NOT NULL,
            last int NOT NULL,
            PRIMARY KEY (agency, desk_group, day)
        );
        CREATE TABLE queue_tickets (
            agency text NOT NULL,
            desk_group text NOT NULL,
            day date NOT NULL,
            number int NOT NULL,
            -- Where it stands in the line: its number, less what its priority puts it ahead.
            place int NOT NULL,
            priority text,
            state text NOT NULL CHECK (state IN ('waiting', 'called', 'served', 'no-show')),
            taken_at timestamptz NOT NULL,
            called_at timestamptz,
            closed_at timestamptz,
            calls int NOT NULL DEFAULT 0,
            desk smallint,
            clerk uuid,
            person uuid,
            PRIMARY KEY (agency, desk_group, day, number)
        );
        CREATE INDEX queue_tickets_waiting ON queue_tickets (agency, desk_group, day, place, number)
            WHERE state = 'waiting';
        -- A desk has one person before it.
        CREATE UNIQUE INDEX queue_tickets_desk ON queue_tickets (agency, desk_group, day, desk)
            WHERE state = 'called';
        CREATE UNIQUE INDEX queue_tickets_person ON queue_tickets (person, agency, desk_group, day)
            WHERE person IS NOT NULL AND state IN ('waiting', 'called');

        CREATE TABLE appointments (
            id uuid PRIMARY KEY,
            version bigint NOT NULL,
            agency text NOT NULL,
            desk_group text NOT NULL,
            day date NOT NULL,
            minute smallint NOT NULL,
            person uuid NOT NULL,
            -- Personal data, as the applicant's of a dossier.
            name text NOT NULL,
            procedure text,
            state text NOT NULL CHECK (state IN ('booked', 'kept', 'cancelled', 'missed')),
            booked_at timestamptz NOT NULL,
            reminded_at timestamptz,
            closed_at timestamptz
        );
        CREATE INDEX appointments_day ON appointments (agency, desk_group, day, minute, id)
            WHERE state IN ('booked', 'kept');
        CREATE INDEX appointments_person ON appointments (person, id);
        CREATE UNIQUE INDEX appointments_once ON appointments (person, agency, desk_group, day)
            WHERE state = 'booked';
        CREATE TABLE appointment_slots (
            agency text NOT NULL,
            desk_group text NOT NULL,
            day date NOT NULL,
            minute smallint NOT NULL,
            taken int NOT NULL CHECK (taken >= 0),
            PRIMARY KEY (agency, desk_group, day, minute)
        );
        """
}
