import Contracts
import Foundation
import Postgres
import Synchronization

/// One thing that a person may do, where, about what and when: scope x agency subtree x fields of procedures, with
/// validity.
public struct Right: Sendable, Hashable {
    public let scope: Scope
    public let subtree: AgencyCode
    /// Where a procedure applies.
    public let fields: ProcedureFields
    public let validFrom: Day
    public let validTo: Day?
    /// Whose it is, where it was delegated.
    public let standsFor: StandsFor?

    public init(
        scope: Scope, subtree: AgencyCode, fields: ProcedureFields = ProcedureFields(), validFrom: Day, validTo: Day?,
        standsFor: StandsFor? = nil
    ) {
        self.scope = scope
        self.subtree = subtree
        self.fields = fields
        self.validFrom = validFrom
        self.validTo = validTo
        self.standsFor = standsFor
    }

    func isValid(on day: Day) -> Bool { validFrom <= day && (validTo.map { day <= $0 } ?? true) }
}

/// All rights of one person. Pure.
public struct RightsOfPerson: Sendable {
    public let rights: [Right]
    public let isAdministrator: Bool

    public init(rights: [Right], isAdministrator: Bool) {
        self.rights = rights
        self.isAdministrator = isAdministrator
    }

    /// - Parameter field: of the procedure that the act concerns. Nil where none applies: then a limited right counts
    ///   as any other does (`ProcedureFields.contain`).
    public func allow(_ scope: Scope, at agency: AgencyCode, on day: Day, field: String?) -> Bool {
        isAdministrator || basis(scope, at: agency, on: day, field: field) != nil
    }

    /// The right that allows it, an own one before a delegated one.
    public func basis(_ scope: Scope, at agency: AgencyCode, on day: Day, field: String?) -> Right? {
        let fitting = rights.lazy.filter {
            $0.scope == scope && $0.isValid(on: day) && agency.isWithin($0.subtree) && $0.fields.contain(field)
        }
        return fitting.first { $0.standsFor == nil } ?? fitting.first
    }

    /// At whatever agency, about whatever procedure: who is let in at all. What is asked for decides `allow`.
    public func allowSomewhere(_ scope: Scope, on day: Day) -> Bool {
        isAdministrator || rights.contains { $0.scope == scope && $0.isValid(on: day) }
    }

    /// The tops of the subtrees at which the scope is held; an administrator holds it at the root.
    public func agencies(_ scope: Scope, on day: Day) -> [AgencyCode] {
        if isAdministrator { return [.none] }
        return Array(Set(rights.filter { $0.scope == scope && $0.isValid(on: day) }.map(\.subtree))).sorted()
    }
}

/// The rights of persons, read from the directory projection and kept in memory for a short time: a change of post is
/// seen at once in the process that projected it, and within `Limits.rightsKept` in others.
public final class Rights: Sendable {
    private let database: Database
    private let kept = Mutex<[PersonID: (rights: RightsOfPerson, until: ContinuousClock.Instant)]>([:])

    public init(_ database: Database) { self.database = database }

    public func of(_ person: PersonID) async throws -> RightsOfPerson {
        let now = ContinuousClock.now
        if let known = kept.withLock({ $0[person] }), known.until > now { return known.rights }
        let rights = try await load(person)
        kept.withLock { kept in
            if kept.count >= Limits.rightsPersons { kept.removeAll() }
            kept[person] = (rights, now + Limits.rightsKept)
        }
        return rights
    }

    /// Reactions call this inside their transaction; the short life of an entry covers a read that raced the commit.
    func forget(_ person: PersonID) { kept.withLock { _ = $0.removeValue(forKey: person) } }

    /// A post ended: whoever stands in for its holder is not known here.
    func forgetAll() { kept.withLock { $0.removeAll() } }

    private func load(_ person: PersonID) async throws -> RightsOfPerson {
        let posts = try await database.run(
            "SELECT agency, role, fields, valid_from, valid_to FROM directory_posts WHERE person = \(person)")
        let administrator = try await database.run(
            "SELECT 1 AS one FROM directory_administrators WHERE person = \(person)")
        var rights: [Right] = []
        for post in posts {
            let role: String = try post("role")
            guard let role = PostRole(rawValue: role) else { continue }
            let agency: AgencyCode = try post("agency")
            let from: Day = try post("valid_from")
            let to: Day? = try post("valid_to")
            let fields = ProcedureFields(try post("fields"))
            rights += Scope.of(role).map {
                Right(scope: $0, subtree: agency, fields: fields, validFrom: from, validTo: to)
            }
        }
        rights += try await database.delegatedRights(of: person)
        return RightsOfPerson(rights: rights, isAdministrator: !administrator.isEmpty)
    }
}

/// What services ask the directory beside rights.
public struct Official: Sendable {
    public let person: PersonID
    public let fullName: String
    public let mailbox: String
    public let agency: AgencyCode
    public let unit: String
    public let role: PostRole
    public let title: String
    public let fields: ProcedureFields

    public init(
        person: PersonID, fullName: String, mailbox: String, agency: AgencyCode, unit: String, role: PostRole,
        title: String, fields: ProcedureFields = ProcedureFields()
    ) {
        self.person = person
        self.fullName = fullName
        self.mailbox = mailbox
        self.agency = agency
        self.unit = unit
        self.role = role
        self.title = title
        self.fields = fields
    }
}

extension Session {
    /// The officials in post at `agency` on `day`, optionally with one role.
    public func officials(at agency: AgencyCode, role: PostRole? = nil, on day: Day) async throws -> [Official] {
        let rows = try await run(
            """
            SELECT person, full_name, mailbox, agency, unit, role, title, fields FROM directory_posts
            WHERE agency = \(agency) AND (\(role?.rawValue)::text IS NULL OR role = \(role?.rawValue))
              AND valid_from <= \(day) AND (valid_to IS NULL OR valid_to >= \(day))
            ORDER BY full_name, person
            """)
        return try rows.map(Official.init)
    }

    /// The post that a person holds on `day`; nil when none.
    public func official(_ person: PersonID, on day: Day) async throws -> Official? {
        try await run(
            """
            SELECT person, full_name, mailbox, agency, unit, role, title, fields FROM directory_posts
            WHERE person = \(person) AND valid_from <= \(day) AND (valid_to IS NULL OR valid_to >= \(day))
            ORDER BY valid_from DESC LIMIT 1
            """
        ).first.map(Official.init)
    }

    /// Whether the directory knows this agency.
    public func knows(agency: AgencyCode) async throws -> Bool {
        try await !run("SELECT 1 AS one FROM directory_agencies WHERE code = \(agency)").isEmpty
    }
}

extension Official {
    init(_ row: Row) throws {
        let role: String = try row("role")
        self.init(
            person: try row("person"), fullName: try row("full_name"), mailbox: try row("mailbox"),
            agency: try row("agency"), unit: try row("unit"), role: PostRole(rawValue: role) ?? .officer,
            title: try row("title"), fields: ProcedureFields(try row("fields")))
    }
}
