import Contracts
import Foundation
import Postgres

/// The directory as every service keeps it: agencies, officials' posts and administrators, projected from the events
/// of HR and Identity. Written here once; each service mounts `Directory.reactions`.
public enum Directory {
    public static let migration = Migration(
        2, "directory",
        """
        CREATE TABLE directory_agencies (
            code text PRIMARY KEY,
            name text NOT NULL,
            name_en text NOT NULL,
            kind text NOT NULL,
            parent text,
            valid_from date NOT NULL,
            valid_to date,
            successor text
        );
        CREATE TABLE directory_posts (
            post uuid PRIMARY KEY,
            person uuid NOT NULL,
            full_name text NOT NULL,
            mailbox text NOT NULL,
            agency text NOT NULL,
            unit text NOT NULL,
            role text NOT NULL,
            title text NOT NULL,
            valid_from date NOT NULL,
            valid_to date
        );
        CREATE INDEX directory_posts_person ON directory_posts (person);
        CREATE INDEX directory_posts_agency ON directory_posts (agency, role);
        CREATE TABLE directory_administrators (person uuid PRIMARY KEY);
        """)

    /// Null: all, as it is for every post that was projected before.
    public static let fieldsOfPosts = Migration(
        3, "posts limited to fields of procedures", "ALTER TABLE directory_posts ADD COLUMN fields text[]")

    /// The reactions that keep the directory. Every service lists them first.
    public static let reactions: [any Reaction.Type] = [
        OnAgencyEstablished.self, OnAgencyDissolved.self, OnOfficialAppointed.self, OnOfficialTransferred.self,
        OnServiceEnded.self, OnDelegationDecided.self, OnDelegationRevoked.self, OnAbsenceDecided.self,
        OnAbsenceEnded.self, OnAdministratorNamed.self,
    ]
}

enum OnAgencyEstablished: Reaction {
    static func handle(_ event: AgencyEstablished, _ envelope: Envelope, _ work: Work) async throws {
        try await work.post(
            """
            INSERT INTO directory_agencies (code, name, name_en, kind, parent, valid_from, valid_to)
            VALUES (\(event.code), \(event.name), \(event.nameEn), \(event.kind.rawValue), \(event.parent),
                    \(event.validFrom), \(event.validTo))
            ON CONFLICT (code) DO UPDATE SET name = excluded.name, name_en = excluded.name_en, kind = excluded.kind,
                parent = excluded.parent, valid_from = excluded.valid_from, valid_to = excluded.valid_to
            """)
        try await work.wake("agency:\(event.code.text)")
    }
}

enum OnAgencyDissolved: Reaction {
    static func handle(_ event: AgencyDissolved, _ envelope: Envelope, _ work: Work) async throws {
        try await work.post(
            """
            UPDATE directory_agencies SET valid_to = \(event.validTo), successor = \(event.successor)
            WHERE code = \(event.code)
            """)
    }
}

enum OnOfficialAppointed: Reaction {
    static func handle(_ event: OfficialAppointed, _ envelope: Envelope, _ work: Work) async throws {
        try await work.post(
            """
            INSERT INTO directory_posts
                (post, person, full_name, mailbox, agency, unit, role, title, fields, valid_from)
            VALUES (\(event.post), \(event.person), \(event.fullName), \(event.mailbox), \(event.agency),
                    \(event.unit), \(event.role.rawValue), \(event.title), \(event.procedureFields),
                    \(event.effectiveFrom))
            """)
        work.runtime.rights.forget(event.person)
        try await work.wake("person:\(event.person.text)")
    }
}

enum OnOfficialTransferred: Reaction {
    static func handle(_ event: OfficialTransferred, _ envelope: Envelope, _ work: Work) async throws {
        try await work.post(
            """
            UPDATE directory_posts SET valid_to = \(event.effectiveFrom.previous)
            WHERE post = \(event.formerPost)
            """)
        try await work.post(
            """
            INSERT INTO directory_posts
                (post, person, full_name, mailbox, agency, unit, role, title, fields, valid_from)
            VALUES (\(event.post), \(event.person), \(event.fullName), \(event.mailbox), \(event.agency),
                    \(event.unit), \(event.role.rawValue), \(event.title), \(event.procedureFields),
                    \(event.effectiveFrom))
            """)
        work.runtime.rights.forgetAll()
        try await work.wake("person:\(event.person.text)")
    }
}

enum OnServiceEnded: Reaction {
    static func handle(_ event: ServiceEnded, _ envelope: Envelope, _ work: Work) async throws {
        try await work.post(
            """
            UPDATE directory_posts SET valid_to = \(event.effectiveFrom.previous)
            WHERE person = \(event.person) AND (valid_to IS NULL OR valid_to >= \(event.effectiveFrom))
            """)
        work.runtime.rights.forgetAll()
    }
}

enum OnAdministratorNamed: Reaction {
    static func handle(_ event: AdministratorNamed, _ envelope: Envelope, _ work: Work) async throws {
        try await work.post(
            "INSERT INTO directory_administrators (person) VALUES (\(event.person)) ON CONFLICT DO NOTHING")
        work.runtime.rights.forget(event.person)
    }
}
