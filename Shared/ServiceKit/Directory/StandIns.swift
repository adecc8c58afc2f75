import Contracts
import Foundation
import Postgres
import Synchronization

/// Who stands in for whom: delegations (ủy quyền) and absences, projected from HR's events. A delegation counts on
/// the days on which it is valid and both hold their posts, at the same agency; its rights are those of the
/// delegator's post that can be delegated (`Scope.delegable`), never what somebody else delegated in turn.
extension Directory {
    public static let standIns = Migration(
        4, "delegations and absences",
        """
        CREATE TABLE directory_delegations (
            delegation uuid PRIMARY KEY,
            person uuid NOT NULL,
            post uuid NOT NULL,
            delegate uuid NOT NULL,
            valid_from date NOT NULL,
            valid_to date NOT NULL
        );
        CREATE INDEX directory_delegations_delegate ON directory_delegations (delegate);
        CREATE INDEX directory_delegations_person ON directory_delegations (person);
        CREATE TABLE directory_absences (
            absence uuid PRIMARY KEY,
            person uuid NOT NULL,
            valid_from date NOT NULL,
            valid_to date NOT NULL
        );
        CREATE INDEX directory_absences_person ON directory_absences (person);
        """)
}

enum OnDelegationDecided: Reaction {
    static func handle(_ event: DelegationDecided, _ envelope: Envelope, _ work: Work) async throws {
        try await work.post(
            """
            INSERT INTO directory_delegations (delegation, person, post, delegate, valid_from, valid_to)
            VALUES (\(event.delegation), \(event.person), \(event.post), \(event.delegate), \(event.validFrom),
                    \(event.validTo))
            """)
        work.runtime.rights.forget(event.delegate)
    }
}

enum OnDelegationRevoked: Reaction {
    static func handle(_ event: DelegationRevoked, _ envelope: Envelope, _ work: Work) async throws {
        try await work.post(
            """
            UPDATE directory_delegations SET valid_to = \(event.validTo) WHERE delegation = \(event.delegation)
            """)
        work.runtime.rights.forget(event.delegate)
    }
}

enum OnAbsenceDecided: Reaction {
    static func handle(_ event: AbsenceDecided, _ envelope: Envelope, _ work: Work) async throws {
        try await work.post(
            """
            INSERT INTO directory_absences (absence, person, valid_from, valid_to)
            VALUES (\(event.absence), \(event.person), \(event.validFrom), \(event.validTo))
            """)
    }
}

enum OnAbsenceEnded: Reaction {
    static func handle(_ event: AbsenceEnded, _ envelope: Envelope, _ work: Work) async throws {
        try await work.post(
            "UPDATE directory_absences SET valid_to = \(event.validTo) WHERE absence = \(event.absence)")
    }
}

/// In whose name somebody acts, by which delegation.
public struct StandsFor: Sendable, Hashable {
    public let delegation: DelegationID
    public let person: PersonID

    public init(delegation: DelegationID, person: PersonID) {
        self.delegation = delegation
        self.person = person
    }
}

/// What a request's rights rest upon: the last delegation without which it would have been refused.
final class ActingFor: Sendable {
    private let found = Mutex<StandsFor?>(nil)

    var value: StandsFor? { found.withLock { $0 } }

    func note(_ right: Right) {
        guard let standsFor = right.standsFor else { return }
        found.withLock { $0 = standsFor }
    }
}

extension Session {
    /// The rights that others delegated to a person, each on the days on which it and both posts are valid.
    func delegatedRights(of person: PersonID) async throws -> [Right] {
        let rows = try await run(
            """
            SELECT d.delegation, d.person, p.agency, p.role, p.fields,
                   greatest(d.valid_from, p.valid_from, own.valid_from) AS valid_from,
                   least(d.valid_to, p.valid_to, own.valid_to) AS valid_to
            FROM directory_delegations d
            JOIN directory_posts p ON p.post = d.post
            JOIN directory_posts own ON own.person = d.delegate AND own.agency = p.agency
            WHERE d.delegate = \(person)
            """)
        return try rows.flatMap { row -> [Right] in
            let role: String = try row("role")
            guard let role = PostRole(rawValue: role) else { return [] }
            let standsFor = StandsFor(delegation: try row("delegation"), person: try row("person"))
            let (agency, fields): (AgencyCode, ProcedureFields) = (
                try row("agency"), ProcedureFields(try row("fields"))
            )
            let (from, to): (Day, Day?) = (try row("valid_from"), try row("valid_to"))
            return Scope.of(role).intersection(Scope.delegable).map {
                Right(scope: $0, subtree: agency, fields: fields, validFrom: from, validTo: to, standsFor: standsFor)
            }
        }
    }

    /// Whether an official is away on `day`.
    public func isAbsent(_ person: PersonID, on day: Day) async throws -> Bool {
        try await !run(
            """
            SELECT 1 AS one FROM directory_absences
            WHERE person = \(person) AND valid_from <= \(day) AND valid_to >= \(day) LIMIT 1
            """
        ).isEmpty
    }

    /// Who acts in an official's name on `day`, and is there; nil when nobody does.
    public func standIn(for person: PersonID, on day: Day) async throws -> PersonID? {
        try await run(
            """
            SELECT d.delegate FROM directory_delegations d
            JOIN directory_posts p ON p.post = d.post
                AND p.valid_from <= \(day) AND (p.valid_to IS NULL OR p.valid_to >= \(day))
            JOIN directory_posts own ON own.person = d.delegate AND own.agency = p.agency
                AND own.valid_from <= \(day) AND (own.valid_to IS NULL OR own.valid_to >= \(day))
            WHERE d.person = \(person) AND d.valid_from <= \(day) AND d.valid_to >= \(day)
                AND NOT EXISTS (SELECT 1 FROM directory_absences a
                                WHERE a.person = d.delegate AND a.valid_from <= \(day) AND a.valid_to >= \(day))
            ORDER BY d.valid_from DESC LIMIT 1
            """
        ).first.map { try $0("delegate") }
    }
}
