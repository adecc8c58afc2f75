import Contracts
import ServiceKit

/// `POST /linked-procedures/{code}`: the next version of a set; what was opened before keeps its own.
enum WriteLinkedSet: Endpoint {
    static let route = Route.post("/linked-procedures/{code}")
    static let summary = "Write the next version of a set of linked procedures"
    static let access = Access.official(.proceduresPublish)
    static let refusals = [
        Refused.keyTwice, .linkAgency, .linkLeads, .procedureUnknown, .linksTooLong, .agencyDoesNotReceive,
    ]

    struct Input: Record {
        var set = LinkedSet()
        static let fields: [Field<Self>] = [
            .init("code", \.set.code, .text(1...60, pattern: Pattern.key), "Stable code of the set", in: .path),
            .init("validFrom", \.set.validFrom, .day, "First day"),
            .init("name", \.set.name, .text(1...Limits.nameLength), "Vietnamese name"),
            .init("nameEn", \.set.nameEn, .text(1...Limits.nameLength), "English name"),
            .init("lead", \.set.lead, .text(1...40, pattern: Pattern.procedure), "Procedure of the agency that leads"),
            .init("order", \.set.order, .choice, "One after the other, or all at once"),
            .init("links", \.set.links, .list(.record, 1...Limits.OneStop.links), "The procedures, in their order"),
        ]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<LinkedSet> {
        // A set is the whole province's: the right at one commune is not enough.
        try await call.require(.proceduresPublish, at: .none)
        let book = call.resource(ProcedureBook.self)
        let day = max(input.set.validFrom, call.today)
        var procedures: [String: Procedure] = [:]
        for code in [input.set.lead] + input.set.links.map(\.procedure) {
            procedures[code] = try await book.inForce(code, on: day)
        }
        try input.set.check(procedures)
        for link in input.set.links {
            guard let agency = link.agency, let procedure = procedures[link.procedure] else { continue }
            guard let kind = try await book.kind(of: agency, on: day), procedure.definition.receivers.contains(kind)
            else { throw Refused.agencyDoesNotReceive.at("links") }
        }
        return try await call.transaction { work in
            // One at a time: the next number is the last and one.
            try await work.run("SELECT pg_advisory_xact_lock(hashtext('linked set'), hashtext(\(input.set.code)))")
            let last: Int? = try await work.run(
                "SELECT max(number) AS last FROM linked_sets WHERE code = \(input.set.code)"
            ).first?("last")
            try call.check(Int64(last ?? 0))
            var set = input.set
            set.number = (last ?? 0) + 1
            try await work.run(
                """
                INSERT INTO linked_sets (code, number, valid_from, definition, made_by, made_at)
                VALUES (\(set.code), \(Int32(set.number)), \(set.validFrom), \(set.json), \(work.actor), \(work.now))
                """)
            return Reply(set, version: Int64(set.number))
        }
    }
}

/// `GET /linked-procedures`: the sets in force today, for whoever applies.
enum ListLinkedSets: Endpoint {
    static let route = Route.get("/linked-procedures")
    static let summary = "List the sets of linked procedures in force"
    static let access = Access.open

    struct Output: Record {
        var sets: [LinkedSet] = []
        static let fields: [Field<Self>] = [
            .init("sets", \.sets, .list(.record, 0...Limits.OneStop.linkedSets), "By code")
        ]
    }

    static func handle(_ input: Nothing, _ call: Call) async throws -> Reply<Output> {
        var output = Output()
        output.sets = try await call.run(
            """
            SELECT DISTINCT ON (code) * FROM linked_sets WHERE valid_from <= \(call.today)
            ORDER BY code, number DESC LIMIT \(Limits.OneStop.linkedSets)
            """
        ).map(LinkedSet.init)
        return Reply(output)
    }
}
