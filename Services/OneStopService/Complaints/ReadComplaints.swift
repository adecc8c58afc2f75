import Contracts
import ServiceKit

/// `GET /my/complaints`: a citizen's own, newest first.
enum ListMyComplaints: Endpoint {
    static let route = Route.get("/my/complaints")
    static let summary = "A citizen's own complaints, newest first"
    static let access = Access.citizen

    static func handle(_ input: NewestPage, _ call: Call) async throws -> Reply<ListComplaints.Output> {
        let rows = try await call.run(
            """
            SELECT * FROM complaints WHERE person = \(try call.person) \(input.older)
            ORDER BY id DESC LIMIT \(input.limit + 1)
            """)
        var output = ListComplaints.Output()
        output.complaints = try rows.prefix(input.limit).map {
            ComplaintView(try Complaint($0), forOfficial: false)
        }
        let next = rows.count > input.limit ? output.complaints.last?.id : nil
        return Reply(output, next: next.map { "/my/complaints?limit=\(input.limit)&before=\($0)" })
    }
}

/// `GET /my/complaints/{complaint}`: one of them.
enum ReadMyComplaint: Endpoint {
    static let route = Route.get("/my/complaints/{complaint}")
    static let summary = "Read one of a citizen's own complaints, with the answer"
    static let access = Access.citizen

    static func handle(_ input: ComplaintPath, _ call: Call) async throws -> Reply<ComplaintView> {
        guard let complaint = try await call.runtime.database.complaint(input.complaint) else {
            throw Refused.notFound
        }
        guard complaint.person == (try call.person) else {
            throw call.refused(.notFound, about: ["complaint": "\(input.complaint)"])
        }
        return Reply(ComplaintView(complaint, forOfficial: false), version: complaint.version)
    }
}

/// `GET /public/complaints/{code}`: the answer for somebody without an account, who has the key.
enum LookUpComplaint: Endpoint {
    static let route = Route.get("/public/complaints/{code}")
    static let summary = "Read the answer to a complaint without an account, by its code and key"
    static let access = Access.open

    struct Input: Record {
        var code = ""
        var key = ""

        static let fields: [Field<Self>] = [
            .init("code", \.code, .text(1...80), "Its code", in: .path),
            // A header: addresses stand in logs.
            .init("Complaint-Key", \.key, .text(1...60), "The key that was given with it", in: .header),
        ]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<ComplaintView> {
        guard let code = ComplaintCode(input.code) else { throw Refused.notFound }
        let rows = try await call.run(
            """
            SELECT * FROM complaints WHERE code_agency = \(code.agency) AND code_day = \(code.day)
                AND code_serial = \(Int32(code.serial)) AND look_up = \(LodgeAnonymously.digest(input.key))
            """)
        guard let row = rows.first else { throw Refused.notFound }
        var view = ComplaintView(try Complaint(row), forOfficial: false)
        view.id = nil
        return Reply(view)
    }
}

/// `GET /complaints`: what an agency has to answer, the most urgent first: all of it for who leads the agency, the own
/// for others.
enum ListComplaints: Endpoint {
    static let route = Route.get("/complaints")
    static let summary = "The complaints that an agency has to answer or has answered, the most urgent first"
    static let access = Access.official(.dossiersRead)
    static let refusals = [Refused.whichAgency]

    struct Input: Record {
        var agency: AgencyCode?
        var answered = false
        var cursor: String?
        var limit = Limits.pageDefault

        static let fields: [Field<Self>] = [
            .init("agency", \.agency, .agency, "The agency; absent: the caller's own", in: .query),
            .init("answered", \.answered, .bool, default: false, "Those that are answered", in: .query),
            .init("cursor", \.cursor, .text(1...Limits.cursorLength), "Where the page before ended", in: .query),
            .init(
                "limit", \.limit, .integer(1...Limits.pageMaximum), default: Limits.pageDefault, "Most rows",
                in: .query),
        ]
    }

    struct Output: Record {
        var complaints: [ComplaintView] = []
        static let fields: [Field<Self>] = [
            .init("complaints", \.complaints, .list(.record, 0...Limits.pageMaximum), "The complaints")
        ]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<Output> {
        let agency = if let asked = input.agency { asked } else { try await call.ownAgency }
        // What an agency that has ended answered stays there, and is its successor's to read (os-302).
        let place = try await call.heir(of: agency)
        try await call.require(.dossiersRead, at: place)
        let person = try call.person
        let leads = try await call.holds(.dossiersApprove, at: place)
        call.logRead(of: "complaints", agency.text, purpose: "what is to answer")
        let own: SQL = leads ? "" : "AND handler = \(person)"
        let after = try TimeCursor(input.cursor)
        let rows = try await call.run(
            """
            SELECT * FROM complaints
            WHERE agency = \(agency) AND answered_at IS \(raw: input.answered ? "NOT NULL" : "NULL") \(own)
              AND official IS DISTINCT FROM \(person)
              AND (due_at, id) > (\(after?.time ?? .distantPast), \(after?.id ?? UUID.zero))
            ORDER BY due_at, id LIMIT \(input.limit + 1)
            """)
        var output = Output()
        output.complaints = try rows.prefix(input.limit).map { ComplaintView(try Complaint($0), forOfficial: true) }
        guard rows.count > input.limit, let last = output.complaints.last, let id = last.id else {
            return Reply(output)
        }
        let next = TimeCursor(time: last.dueAt, id: id.uuid)
        return Reply(
            output,
            next: "/complaints?agency=\(agency)&answered=\(input.answered)&limit=\(input.limit)&cursor=\(next)")
    }
}

/// `GET /complaints/{complaint}`: one, for those who answer it.
enum ReadComplaint: Endpoint {
    static let route = Route.get("/complaints/{complaint}")
    static let summary = "Read a complaint that is to be answered"
    static let access = Access.official(.dossiersRead)

    static func handle(_ input: ComplaintPath, _ call: Call) async throws -> Reply<ComplaintView> {
        let complaint = try await call.answerable(input.complaint, purpose: "complaint")
        return Reply(ComplaintView(complaint, forOfficial: true), version: complaint.version)
    }
}

/// `GET /complaints/{complaint}/contact`: how an anonymous complainant may be reached; for nobody but who is to answer.
enum ReadContact: Endpoint {
    static let route = Route.get("/complaints/{complaint}/contact")
    static let summary = "How an anonymous complainant may be reached, for who is to answer"
    static let access = Access.official(.dossiersRead)
    static let refusals = [Refused.noContact]

    struct Output: Record {
        var contact = ""
        static let fields: [Field<Self>] = [
            .init("contact", \.contact, .text(1...Limits.Citizen.contact), "As it was given")
        ]
    }

    static func handle(_ input: ComplaintPath, _ call: Call) async throws -> Reply<Output> {
        let complaint = try await call.answerable(input.complaint, purpose: "contact of the complainant")
        // os-140
        guard complaint.handler == (try call.person) else { throw call.refused() }
        guard let sealed = complaint.contact else { throw Refused.noContact }
        let known = try await call.run("SELECT 1 AS one FROM subject_keys WHERE id = \(sealed.key)")
        guard !known.isEmpty else { throw Refused.noContact }
        let key = try await SubjectKeys.key(
            of: complaint.contactSubject, call.resource(SealingKeys.self), at: call.now, in: call.runtime.database)
        var output = Output()
        output.contact = try key.open(sealed, for: Complaint.contactPurpose)
        return Reply(output)
    }
}

extension Refused {
    static let noContact = Refused(
        "onestop.no-contact", vi: "Người phản ánh không để lại thông tin liên hệ, hoặc thông tin đã được xóa.",
        en: "The complainant left no contact, or it was erased.")
}
