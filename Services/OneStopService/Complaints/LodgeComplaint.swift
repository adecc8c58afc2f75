import Contracts
import Crypto
import LegalClock
import ServiceKit
import Synchronization

/// What a complaint says.
struct Grievance: Record {
    var kind = ComplaintKind.report
    var subject = ""
    var text = ""

    static let fields: [Field<Self>] = [
        .init("kind", \.kind, .choice, "Report (phản ánh), suggestion (kiến nghị) or complaint (khiếu nại)"),
        .init("subject", \.subject, .text(1...Limits.nameLength), "In a line"),
        .init("text", \.text, .text(1...Limits.Citizen.complaintText), "What happened, or what should be done"),
    ]
}

/// `POST /my/complaints`: a citizen complains, points something out or suggests something.
enum LodgeComplaint: Endpoint {
    static let route = Route.post("/my/complaints", success: 201)
    static let summary = "Complain, point something out or suggest something"
    static let access = Access.citizen
    static let refusals = [Refused.agencyUnknown, .agencyDissolved, .complaintAbout, .dossierElsewhere]

    struct Input: Record {
        var grievance = Grievance()
        var agency: AgencyCode?
        var dossier: DossierID?
        var official: PersonID?

        static let fields: [Field<Self>] = [
            .init("grievance", \.grievance, .record, "What it says"),
            .init("agency", \.agency, .agency, "Whom it is about; absent: who received the dossier"),
            .init("dossier", \.dossier, .id, "The own dossier that it is about"),
            .init("official", \.official, .id, "The official whom it is about"),
        ]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<ComplaintView> {
        var complaint = Complaint()
        if let dossier = input.dossier {
            let own = try await call.dossier(dossier)
            guard input.agency.map(own.agencies.contains) ?? true else { throw Refused.dossierElsewhere }
            complaint.dossier = dossier
            complaint.aboutAgency = own.receivingAgency
        }
        if let agency = input.agency { complaint.aboutAgency = agency }
        (complaint.person, complaint.official) = (try call.person, input.official)
        return try await call.lodge(complaint, input.grievance) { lodged in
            Reply(ComplaintView(lodged, forOfficial: false), version: 1, location: "/my/complaints/\(lodged.id)")
        }
    }
}

/// `POST /public/complaints`: the same without an account. The answer is looked up by code and key; a contact is sealed
/// under a key of the complaint alone. Nothing ties it to a person: no account, no dossier, no address of a machine.
enum LodgeAnonymously: Endpoint {
    static let route = Route.post("/public/complaints", success: 201)
    static let summary = "Complain, point something out or suggest something without an account"
    static let access = Access.open
    static let refusals = [Refused.agencyUnknown, .agencyDissolved, .complaintAbout, .tooManyAnonymous]

    struct Input: Record {
        var grievance = Grievance()
        var agency = AgencyCode.none
        var official: PersonID?
        var contact: String?

        static let fields: [Field<Self>] = [
            .init("grievance", \.grievance, .record, "What it says"),
            .init("agency", \.agency, .agency, "Whom it is about"),
            .init("official", \.official, .id, "The official whom it is about"),
            .init(
                "contact", \.contact, .text(1...Limits.Citizen.contact),
                "How to reach you, if you like: sealed, and opened only by who is to answer"),
        ]
    }

    struct Output: Record {
        var code = ""
        var key = ""
        var dueAt = Date(timeIntervalSince1970: 0)

        static let fields: [Field<Self>] = [
            .init("code", \.code, .text(1...80), "Its code"),
            .init("key", \.key, .text(1...60), "Opens the answer, together with the code; it is shown this once"),
            .init("dueAt", \.dueAt, .instant, "When the answer is due"),
        ]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<Output> {
        try await call.requireComplained(input.agency)
        guard call.resource(AnonymousGate.self).admits() else { throw Refused.tooManyAnonymous }
        var complaint = Complaint()
        complaint.id = .new()
        (complaint.aboutAgency, complaint.official) = (input.agency, input.official)
        var random = SystemRandomNumberGenerator()
        let secret = (0..<Limits.Citizen.lookUpKey).map { _ in UInt8.random(in: .min ... .max, using: &random) }
        let key = Base64URL.encode(secret)
        if let contact = input.contact {
            let sealing = try await SubjectKeys.key(
                of: complaint.contactSubject, call.resource(SealingKeys.self), at: call.now,
                in: call.runtime.database)
            complaint.contact = try sealing.seal(contact, for: Complaint.contactPurpose)
        }
        return try await call.lodge(complaint, input.grievance, key: key) { lodged in
            var output = Output()
            (output.code, output.key, output.dueAt) = (lodged.code.description, key, lodged.dueAt)
            return Reply(output)
        }
    }

    /// What is kept of a key.
    static func digest(_ key: String) -> [UInt8] { Array(SHA256.hash(data: Array(key.utf8))) }
}

/// So many anonymous complaints an hour, in each process: anybody may send them, and people read each.
final class AnonymousGate: Sendable {
    private let hour = Mutex<(until: ContinuousClock.Instant, taken: Int)>((.now, 0))

    func admits(at now: ContinuousClock.Instant = .now) -> Bool {
        hour.withLock { hour in
            if hour.until <= now { hour = (now + .seconds(3_600), 0) }
            guard hour.taken < Limits.Citizen.anonymousPerHour else { return false }
            hour.taken += 1
            return true
        }
    }
}

extension Call {
    /// Takes a complaint in: who has to answer, by when, under which code (os-145). Its answer is kept in the same
    /// commit, under the Idempotency-Key: sent again it is answered so (os-143).
    func lodge<Output: Record>(
        _ begun: Complaint, _ grievance: Grievance, key: String? = nil, _ reply: (Complaint) -> Reply<Output>
    ) async throws -> Reply<Output> {
        try await requireComplained(begun.aboutAgency)
        var decided = begun
        if decided.id == ComplaintID() { decided.id = .new() }
        (decided.agency, decided.version) = (try await answering(begun), 1)
        (decided.kind, decided.subject, decided.text) = (grievance.kind, grievance.subject, grievance.text)
        let due = try Deadlines.due(
            from: now, limit: try await complaintLimit(grievance.kind).limit,
            calendar: try await calendar(of: decided.agency))
        (decided.lodgedAt, decided.dueAt, decided.explanation) = (now, due.at, due.explanation)
        let before = decided
        return try await transaction { work in
            let serial: Int32? = try await work.run(
                """
                INSERT INTO complaint_serials (agency, day, last) VALUES (\(before.agency), \(work.today), 1)
                ON CONFLICT (agency, day) DO UPDATE SET last = complaint_serials.last + 1 RETURNING last
                """
            ).first.map { try $0("last") }
            var complaint = before
            complaint.code = ComplaintCode(agency: before.agency, day: work.today, serial: Int(serial ?? 0))
            try await work.write(complaint, lookUp: key.map(LodgeAnonymously.digest))
            return reply(complaint)
        }
    }

    /// What is said about an agency that has ended is answered by its successor (os-303).
    private func answering(_ complaint: Complaint) async throws -> AgencyCode {
        try await resource(ProcedureBook.self).answering(
            complaint.official, at: try await heir(of: complaint.aboutAgency), on: today, in: runtime.database)
    }

    fileprivate func requireComplained(_ agency: AgencyCode) async throws {
        guard agency != .none else { throw Refused.complaintAbout }
        guard try await resource(ProcedureBook.self).inCharge(of: agency, on: today) == nil else { return }
        do { try await requireKnown(agency) } catch let refused as Refused { throw refused.at("agency") }
    }
}

extension ProcedureBook {
    /// os-137: who leads an agency does not answer what is said about him or her: the agency above does.
    /// - Parameter official: whom a complaint is about.
    func answering(
        _ official: PersonID?, at place: AgencyCode, on day: Day, in session: any Session
    ) async throws -> AgencyCode {
        guard let official, let above = place.parent else { return place }
        let leads = try await session.officials(at: place, role: .leader, on: day).contains { $0.person == official }
        guard leads, try await kind(of: above, on: day) != nil else { return place }
        return above
    }
}

extension Work {
    fileprivate func write(_ complaint: Complaint, lookUp: [UInt8]?) async throws {
        var event = ComplaintLodged()
        (event.complaint, event.code, event.kind) = (complaint.id, complaint.code.description, complaint.kind)
        (event.agency, event.dossier, event.anonymous) = (complaint.agency, complaint.dossier, complaint.person == nil)
        (event.lodgedAt, event.dueAt) = (complaint.lodgedAt, complaint.dueAt)
        try await flight(
            """
            INSERT INTO complaints (id, version, code_agency, code_day, code_serial, kind, agency, about_agency,
                                    official, dossier, person, look_up, contact, subject, body, lodged_at, due_at,
                                    explanation)
            VALUES (\(complaint.id), 1, \(complaint.code.agency), \(complaint.code.day),
                    \(Int32(complaint.code.serial)), \(complaint.kind.rawValue), \(complaint.agency),
                    \(complaint.aboutAgency), \(complaint.official), \(complaint.dossier), \(complaint.person),
                    \(lookUp), \(complaint.contact?.json), \(complaint.subject), \(complaint.text),
                    \(complaint.lodgedAt), \(complaint.dueAt), \(complaint.explanation.json))
            RETURNING id, version
            """, then: [ComplaintSQL.noted("lodged", nil, at: now, actor: actor)], announcing: event,
            to: complaint.agency)
    }
}

enum ComplaintSQL {
    static func noted(_ what: String, _ handler: PersonID?, at now: Date, actor: String) -> (String, SQL) {
        (
            "noted",
            """
            INSERT INTO complaint_history (complaint, version, at, actor, what, handler)
            SELECT id, version, \(now), \(actor), \(what), \(handler) FROM change
            """
        )
    }
}

extension Refused {
    static let complaintAbout = Refused(
        "onestop.complaint-about", 422, vi: "Hãy nêu cơ quan, hoặc hồ sơ của mình, được phản ánh.",
        en: "Name the agency that it is about, or your dossier.", field: "agency")
    static let dossierElsewhere = Refused(
        "onestop.dossier-elsewhere", 422, vi: "Hồ sơ không liên quan đến cơ quan này.",
        en: "The dossier has nothing to do with that agency.", field: "agency")
    static let tooManyAnonymous = Refused(
        "onestop.too-many-anonymous", 429,
        vi: "Hiện có quá nhiều phản ánh không danh tính; hãy đăng nhập hoặc thử lại sau.",
        en: "Too many come without a name right now: sign in, or try again later.")
}
