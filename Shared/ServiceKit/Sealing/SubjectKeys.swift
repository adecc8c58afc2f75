import Contracts
import Foundation
import Postgres
import Sealing

/// The keys under which a service seals what belongs to a person: one a subject, in a table of its own that is not
/// append-only. They are kept here and nowhere else: addressees ask for a key each time they open something, and keep
/// neither key nor text. So erasing one row erases all that was sealed under it, wherever it was copied to, and not a
/// stored byte changes. The rows are wrapped for the service itself: the database alone reveals nothing.
public enum SubjectKeys {
    /// For the migrations of a service that seals.
    public static let schema = """
        -- Keys of subjects, wrapped for this service (HPKE). Deleting a row erases what was sealed under it.
        CREATE TABLE subject_keys (
            id uuid PRIMARY KEY,
            subject uuid NOT NULL UNIQUE,
            wrapped bytea NOT NULL,
            made_at timestamptz NOT NULL
        );
        -- Who erased whose key when and why; nothing of the key.
        CREATE TABLE subject_erasures (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            key uuid NOT NULL UNIQUE,
            subject uuid NOT NULL,
            at timestamptz NOT NULL,
            actor text NOT NULL,
            reason text NOT NULL
        );
        CREATE INDEX subject_erasures_subject ON subject_erasures (subject, id);
        """
    public static let appendOnly = ["subject_erasures"]

    /// The subject's key; made when there is none, also after an erasure: what comes later is sealed anew.
    public static func key(
        of subject: SubjectID, _ keys: SealingKeys, at now: Date, in session: any Session
    ) async throws -> SubjectKey {
        let fresh = try keys.own.publicKey.wrap(SubjectKey())
        let rows = try await session.run(
            """
            INSERT INTO subject_keys AS k (id, subject, wrapped, made_at)
            VALUES (\(fresh.id), \(subject), \(fresh.bytes), \(now))
            ON CONFLICT (subject) DO UPDATE SET subject = k.subject RETURNING k.id, k.wrapped
            """)
        guard let row = rows.first else { throw PostgresError(.decoding, "an upsert of a key gave no row") }
        return try keys.own.unwrap(WrappedKey(id: try row("id"), bytes: try row("wrapped")))
    }

    /// Nil when there is no such key, or no longer.
    static func key(_ id: SubjectKeyID, _ keys: SealingKeys, in session: any Session) async throws -> SubjectKey? {
        let rows = try await session.run("SELECT wrapped FROM subject_keys WHERE id = \(id)")
        guard let row = rows.first else { return nil }
        return try keys.own.unwrap(WrappedKey(id: id, bytes: try row("wrapped")))
    }
}

/// `GET /subject-keys/{key}`: an addressee opens something that was sealed for it.
public enum ReadSubjectKey: Endpoint {
    public static let route = Route.get("/subject-keys/{key}")
    public static let summary = "A subject's key, wrapped for the calling service (HPKE, RFC 9180)"
    public static let access = Access.consumer
    public static let refusals = [Refused.keyErased, .notFound]

    public struct Input: Record {
        var key = SubjectKeyID()
        public init() {}
        public static let fields: [Field<Self>] = [.init("key", \.key, .id, "The key", in: .path)]
    }

    public struct Output: Record {
        var key = SubjectKeyID()
        var wrapped = ""
        public init() {}
        public static let fields: [Field<Self>] = [
            .init("key", \.key, .id, "The key"),
            .init(
                "wrapped", \.wrapped, .text(1...200), "Encapsulated key and ciphertext for the caller alone, base64"),
        ]
    }

    public static func handle(_ input: Input, _ call: Call) async throws -> Reply<Output> {
        let keys = call.resource(SealingKeys.self)
        guard let reader = call.caller.client.flatMap({ ServiceName(rawValue: $0) }),
            Catalogue.addressees(of: call.runtime.service).contains(reader), let receiver = keys.publicKey(of: reader)
        else { throw call.refused() }
        guard let key = try await SubjectKeys.key(input.key, keys, in: call.runtime.database) else {
            let erased = try await call.run("SELECT 1 AS one FROM subject_erasures WHERE key = \(input.key)")
            throw erased.isEmpty ? Refused.notFound : Refused.keyErased
        }
        call.logRead(of: "subject-key", input.key.text, purpose: "to open what was sealed for \(reader.rawValue)")
        var output = Output()
        output.key = input.key
        output.wrapped = Data(try receiver.wrap(key).bytes).base64EncodedString()
        return Reply(output)
    }
}

/// `POST /subjects/{subject}/erase`: somebody's data is to be erased wherever messages took it.
public enum EraseSubject: Endpoint {
    public static let route = Route.post("/subjects/{subject}/erase")
    public static let summary = "Erase a subject's key, and with it everything sealed under it"
    public static let access = Access.official(.systemOperate)
    public static let refusals = [Refused.notFound]

    public struct Input: Record {
        var subject = SubjectID()
        var reason = ""
        public init() {}
        public static let fields: [Field<Self>] = [
            .init(
                "subject", \.subject, .id, "The citizen, or the dossier of an applicant without an account", in: .path),
            .init("reason", \.reason, .text(1...Limits.noteLength), "Why; kept with who did it"),
        ]
    }

    public struct Erasure: Record {
        var key = SubjectKeyID()
        var at = Date(timeIntervalSince1970: 0)
        public init() {}
        public static let fields: [Field<Self>] = [
            .init("key", \.key, .id, "The key that is no more"), .init("at", \.at, .instant, "When it was erased"),
        ]
    }

    public struct Output: Record {
        var subject = SubjectID()
        var erased: [Erasure] = []
        public init() {}
        public static let fields: [Field<Self>] = [
            .init("subject", \.subject, .id, "Whose"),
            .init(
                "erased", \.erased, .list(.record, 0...Limits.Sealing.erasures), "Every erasure so far, newest first"),
        ]
    }

    /// Any number of times: what is erased already stays as it was noted.
    public static func handle(_ input: Input, _ call: Call) async throws -> Reply<Output> {
        // It concerns no one agency: only who administers the whole may.
        try await call.require(.systemOperate, at: .none)
        return try await call.transaction { work in
            let gone = try await work.run("DELETE FROM subject_keys WHERE subject = \(input.subject) RETURNING id")
            for row in gone {
                let key: SubjectKeyID = try row("id")
                try await work.run(
                    """
                    INSERT INTO subject_erasures (key, subject, at, actor, reason)
                    VALUES (\(key), \(input.subject), \(work.now), \(work.actor), \(input.reason))
                    """)
                work.log.notice("subject key erased", metadata: ["key": "\(key)", "subject": "\(input.subject)"])
            }
            let rows = try await work.run(
                """
                SELECT key, at FROM subject_erasures WHERE subject = \(input.subject)
                ORDER BY id DESC LIMIT \(Limits.Sealing.erasures)
                """)
            guard !rows.isEmpty else { throw Refused.notFound }
            var output = Output()
            output.subject = input.subject
            output.erased = try rows.map { row in
                var erasure = Erasure()
                (erasure.key, erasure.at) = (try row("key"), try row("at"))
                return erasure
            }
            return Reply(output)
        }
    }
}

extension Refused {
    static let keyErased = Refused(
        "sealing.key-erased", 410, vi: "Khóa này đã được xóa theo yêu cầu.", en: "This key has been erased.")
}
