import Contracts
import ServiceKit

/// `POST /complaints/{complaint}/assign`: who leads the agency names who is to answer.
enum AssignComplaint: Endpoint {
    static let route = Route.post("/complaints/{complaint}/assign")
    static let summary = "Name the official who is to answer a complaint"
    static let access = Access.official(.dossiersApprove)
    static let refusals = [Refused.complaintAnswered, .handlerNotThere, .handlerInvolved]

    struct Input: Record {
        var complaint = ComplaintID()
        var handler = PersonID()

        static let fields: [Field<Self>] = [
            .init("complaint", \.complaint, .id, "The complaint", in: .path),
            .init("handler", \.handler, .id, "Who is to answer it"),
        ]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<ComplaintView> {
        let before = try await call.answerable(input.complaint, purpose: "assign")
        try await call.require(.dossiersApprove, at: before.agency)
        let complaint = try decide(
            before, handler: try await call.runtime.database.official(input.handler, on: call.today),
            involved: try await call.involved(in: before), now: call.now)
        var event = ComplaintAssigned()
        (event.complaint, event.agency, event.handler) = (complaint.id, complaint.agency, input.handler)
        (event.actor, event.assignedAt) = (call.caller.person, call.now)
        return try await call.save(complaint, "assigned", event)
    }

    static func decide(
        _ before: Complaint, handler: Official?, involved: Set<PersonID>, now: Date
    ) throws(Refused) -> Complaint {
        guard before.answeredAt == nil else { throw .complaintAnswered }
        guard let handler, handler.agency == before.agency, Scope.of(handler.role).contains(.dossiersRead) else {
            throw .handlerNotThere
        }
        // os-138, os-139
        guard handler.person != before.official, !involved.contains(handler.person) else { throw .handlerInvolved }
        var complaint = before
        (complaint.handler, complaint.assignedAt) = (handler.person, now)
        return complaint
    }
}

/// `POST /complaints/{complaint}/answer`: the answer, and whether the complaint is justified; that counts for the
/// indicators 7 and 8 (Circular 01/2018/TT-VPCP, Art. 13).
enum AnswerComplaint: Endpoint {
    static let route = Route.post("/complaints/{complaint}/answer")
    static let summary = "Answer a complaint, and say whether it is justified"
    static let access = Access.official(.dossiersRead)
    static let refusals = [Refused.complaintAnswered]

    struct Input: Record {
        var complaint = ComplaintID()
        var answer = ""
        var justified = false

        static let fields: [Field<Self>] = [
            .init("complaint", \.complaint, .id, "The complaint", in: .path),
            .init("answer", \.answer, .text(1...Limits.Citizen.complaintText), "The answer; the complainant reads it"),
            .init("justified", \.justified, .bool, "Whether it is right"),
        ]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<ComplaintView> {
        let before = try await call.answerable(input.complaint, purpose: "answer")
        let complaint = try decide(before, input, by: try call.person, now: call.now)
        var event = ComplaintAnswered()
        (event.complaint, event.agency, event.dossier) = (complaint.id, complaint.agency, complaint.dossier)
        (event.actor, event.answeredAt) = (call.caller.person, call.now)
        (event.justified, event.late) = (input.justified, complaint.late ?? false)
        return try await call.save(complaint, "answered", event)
    }

    static func decide(
        _ before: Complaint, _ input: Input, by official: PersonID, now: Date
    ) throws(Refused) -> Complaint {
        guard before.answeredAt == nil else { throw .complaintAnswered }
        var complaint = before
        (complaint.answeredAt, complaint.answeredBy, complaint.answer) = (now, official, input.answer)
        (complaint.justified, complaint.late) = (input.justified, now > before.dueAt)
        return complaint
    }
}

extension Call {
    /// Who held the dossier that it is about, or acted on it.
    fileprivate func involved(in complaint: Complaint) async throws -> Set<PersonID> {
        guard let dossier = complaint.dossier else { return [] }
        let rows = try await run(
            """
            SELECT officer AS person FROM dossier_history WHERE dossier = \(dossier) AND officer IS NOT NULL
            UNION SELECT (payload->>'actor')::uuid FROM event_log
            WHERE aggregate_type = 'dossier' AND aggregate_id = \(dossier.text) AND payload->>'actor' IS NOT NULL
            """)
        return Set(try rows.map { try $0("person") })
    }

    fileprivate func save(
        _ after: Complaint, _ what: String, _ event: any Event
    ) async throws -> Reply<ComplaintView> {
        var complaint = after
        complaint.version += 1
        return try await flight(
            """
            UPDATE complaints SET version = \(complaint.version), handler = \(complaint.handler),
                assigned_at = \(complaint.assignedAt), answered_at = \(complaint.answeredAt),
                answered_by = \(complaint.answeredBy), answer = \(complaint.answer),
                justified = \(complaint.justified), late = \(complaint.late)
            WHERE id = \(complaint.id) AND version = \(after.version) RETURNING id, version
            """, then: [ComplaintSQL.noted(what, complaint.handler, at: now, actor: caller.id)],
            announcing: [(event, complaint.agency)],
            reply: Reply(ComplaintView(complaint, forOfficial: true), version: complaint.version))
    }
}

extension Refused {
    static let complaintAnswered = Refused(
        "onestop.complaint-answered", vi: "Phản ánh, kiến nghị này đã được trả lời.",
        en: "This complaint was answered already.")
    static let handlerNotThere = Refused(
        "onestop.handler-not-there", 422, vi: "Người này không giữ chức vụ phù hợp tại cơ quan giải quyết.",
        en: "This official holds no fitting post at the agency that answers.", field: "handler")
    static let handlerInvolved = Refused(
        "onestop.handler-involved", 422,
        vi: "Người bị phản ánh, hoặc đã xử lý hồ sơ, không được giao trả lời.",
        en: "Whom it is about, or who worked on the dossier, is not given it to answer.", field: "handler")
}
