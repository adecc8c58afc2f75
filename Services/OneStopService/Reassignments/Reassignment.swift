import Contracts
import ServiceKit

/// What is given to whom: the open dossiers of one official at one agency, all or some, to one or several others there.
struct Reassignment: Record {
    var agency: AgencyCode?
    var officer = PersonID()
    var toOfficers: [PersonID] = []
    var procedure: String?
    var step: String?
    var reasonCode = "workload"
    var note: String?

    static let fields: [Field<Self>] = [
        .init("agency", \.agency, .agency, "Where the dossiers are; absent: the caller's own agency"),
        .init("officer", \.officer, .id, "Who holds them"),
        .init(
            "toOfficers", \.toOfficers, .list(.id, 1...Limits.OneStop.reassignOfficers),
            "Who is to hold them, in turn; each only what the fields of his or her post allow"),
        .init(
            "procedure", \.procedure, .text(1...40, pattern: Pattern.procedure), "Only those of this procedure"),
        .init("step", \.step, .text(1...60, pattern: Pattern.key), "Only those at this step"),
        .init(
            "reasonCode", \.reasonCode, .text(1...60, pattern: Pattern.key), default: "workload",
            "Stable code of the reason"),
        .init("note", \.note, .text(1...Limits.noteLength), "What is to be done"),
    ]

    /// The dossiers behind a cursor that it is about, in the order of their ids.
    func dossiers(_ columns: SQL, at agency: AgencyCode, after cursor: UUID, limit: Int) -> SQL {
        """
        SELECT \(columns) FROM dossiers
        WHERE officer = \(officer) AND status IN (1, 2, 4, 5, 6, 7) AND working_agency = \(agency) AND id > \(cursor)
            AND (\(procedure)::text IS NULL OR procedure = \(procedure))
            AND (\(step)::text IS NULL OR step = \(step))
        ORDER BY id LIMIT \(limit)
        """
    }

    /// Whose turn it is among those who may work on procedures of this field (os-080); nil when nobody may.
    static func turn(_ turn: Int, among officers: [Official], field: String, not holder: PersonID) -> Official? {
        let fitting = officers.filter { $0.mayProcess(field) && $0.person != holder }
        return fitting.isEmpty ? nil : fitting[turn % fitting.count]
    }
}

extension Session {
    /// Of these persons those who hold a post at the agency on `day` and are not away, in the order named.
    func present(_ persons: [PersonID], at agency: AgencyCode, on day: Day) async throws -> [Official] {
        var present: [Official] = []
        for person in persons where !present.contains(where: { $0.person == person }) {
            guard let official = try await official(person, on: day), official.agency == agency else { continue }
            if try await !isAbsent(person, on: day) { present.append(official) }
        }
        return present
    }
}
