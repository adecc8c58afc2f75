import Contracts
import ServiceKit

/// A delegation (ủy quyền): an official of the same agency does the work of a post in its holder's name, for a time.
struct Delegation: Record {
    var delegation = DelegationID()
    var number = ""
    var person = PersonID()
    var delegate = PersonID()
    var agency = AgencyCode.none
    var validFrom = Day.none
    var validTo = Day.none
    var decidedAt = Date(timeIntervalSince1970: 0)
    var revokedAt: Date?
    var version = 1

    static let fields: [Field<Self>] = [
        .init("delegation", \.delegation, .id, "The delegation"),
        .init("number", \.number, .text(1...60), "Number and symbol of the decision"),
        .init("person", \.person, .id, "Who delegates"),
        .init("delegate", \.delegate, .id, "Who acts in that name"),
        .init("agency", \.agency, .agency, "The agency of both"),
        .init("validFrom", \.validFrom, .day, "First day"),
        .init("validTo", \.validTo, .day, "Last day; before the first one where it was revoked before it"),
        .init("decidedAt", \.decidedAt, .instant, "When it was decided"),
        .init("revokedAt", \.revokedAt, .instant, "When it was ended early"),
        .init("version", \.version, .integer(1...Int.max), "Version, also the ETag"),
    ]

    init() {}

    init(_ row: Row) throws {
        delegation = try row("id")
        number = try row("number")
        person = try row("person")
        delegate = try row("delegate")
        agency = try row("agency")
        validFrom = try row("valid_from")
        validTo = try row("valid_to")
        decidedAt = try row("decided_at")
        revokedAt = try row("revoked_at")
        version = try row("version")
    }

    /// To whom the work of a role may go: whoever has it, or works on dossiers at the same agency. The counter has its
    /// reserve (Decree 61/2018/NĐ-CP, Art. 10-12); a head lets a deputy or a specialist act. Money, personnel, records
    /// and the system are not delegated.
    static let takers: [PostRole: Set<PostRole>] = [
        .clerk: [.clerk, .officer, .leader], .officer: [.officer, .leader], .leader: [.leader, .officer],
    ]
}

extension Work {
    /// Ends a delegation early and announces it.
    func end(_ delegation: Delegation, lastDay: Day) async throws {
        let last = min(delegation.validTo, max(lastDay, delegation.validFrom.previous))
        try await run(
            """
            UPDATE delegations SET valid_to = \(last), revoked_at = \(now), revoked_by = \(actor), version = version + 1
            WHERE id = \(delegation.delegation)
            """)
        var event = DelegationRevoked()
        (event.delegation, event.agency, event.validTo) = (delegation.delegation, delegation.agency, last)
        (event.person, event.delegate) = (delegation.person, delegation.delegate)
        try await announce(event, version: Int64(delegation.version) + 1, to: delegation.agency)
    }

    /// A post ends: whatever its holder delegated, or was delegated, ends with it.
    func endStandIns(of person: PersonID, from day: Day) async throws {
        let rows = try await run(
            """
            SELECT * FROM delegations WHERE (person = \(person) OR delegate = \(person)) AND valid_to >= \(day)
                AND valid_to >= valid_from
            ORDER BY id FOR UPDATE
            """)
        for delegation in try rows.map(Delegation.init) { try await end(delegation, lastDay: day.previous) }
    }
}
