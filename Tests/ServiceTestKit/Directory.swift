import Contracts
import Postgres
import TestKit

/// What this service knows from HR and Identity, put there without events.
extension TestService {
    public func establish(
        _ agency: AgencyCode, _ kind: AgencyKind = .department, under parent: AgencyCode? = nil,
        from: Day? = nil, to: Day? = nil
    ) async throws {
        try await database.database.run(
            """
            INSERT INTO directory_agencies (code, name, name_en, kind, parent, valid_from, valid_to)
            VALUES (\(agency), \("Cơ quan \(agency.text)"), \("Agency \(agency.text)"), \(kind.rawValue), \(parent),
                    coalesce(\(from), date '2000-01-01'), \(to))
            """)
    }

    /// The person holds a post from that day on.
    public func appoint(
        _ person: PersonID, _ role: PostRole, at agency: AgencyCode, unit: String = "mot-cua", post: PostID = .new(),
        name: String = "Nguyễn Văn An", from: Day? = nil, to: Day? = nil
    ) async throws {
        try await database.database.run(
            """
            INSERT INTO directory_posts
                (post, person, full_name, mailbox, agency, unit, role, title, valid_from, valid_to)
            VALUES (\(post), \(person), \(name), \("an\(person.text.suffix(6))"), \(agency), \(unit), \(role.rawValue),
                    'Công chức', coalesce(\(from), date '2000-01-01'), \(to))
            """)
    }

    public func nameAdministrator(_ person: PersonID) async throws {
        try await database.database.run("INSERT INTO directory_administrators (person) VALUES (\(person))")
    }
}
