import Contracts
import ServiceKit

/// `POST /dossiers/{dossier}/links/{link}/decide`: a link was refused, stopped or could not be opened; the leading
/// agency opens it once more, or goes on without it, with the reason (os-057).
enum DecideLink: Endpoint {
    static let route = Route.post("/dossiers/{dossier}/links/{link}/decide")
    static let summary = "Decide what becomes of a link that did not end well"
    static let access = Access.official(.dossiersRead)
    static let refusals = [Refused.notInStatus, .linkNotFailed]

    struct Input: Record {
        var dossier = DossierID()
        var link = ""
        var decision = LinkDecision.repeat
        var reason = ""

        static let fields: [Field<Self>] = [
            .init("dossier", \.dossier, .id, "The dossier of the application", in: .path),
            .init("link", \.link, .text(1...60), "Key of the link", in: .path),
            .init("decision", \.decision, .choice, "Open it once more, or go on without it"),
            .init("reason", \.reason, .text(1...Limits.noteLength), "Why; the applicant reads it"),
        ]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<ReadLinks.Output> {
        let before = try await call.dossier(input.dossier)
        try await call.requireAtDesk(before)
        guard let linked = try await call.runtime.database.linkedCase(of: before.id) else { throw Refused.notFound }
        var slip = try decide(before, linked, input)
        call.logRead(of: before.id, purpose: .linkDecided)
        return try await call.transaction { work in
            try await work.post(DossierSQL.hold(before))
            var dossier = before
            // Only of the one that failed: who decided in the meantime has the dossier's version.
            try await work.post(
                """
                UPDATE slips SET decision = \(input.decision.rawValue), decided_by = \(work.actor),
                    reason = \(input.reason) WHERE id = \(slip.id)
                """)
            switch input.decision {
            case .repeat:
                guard let link = linked.set.links.first(where: { $0.key == slip.key }) else { throw Refused.notFound }
                _ = try await FollowLinks.open(link, of: &dossier, work)
            case .drop:
                slip.decision = .drop
                try await work.close(slip, of: &dossier, why: input.reason)
                // The next of a chain, or the end.
                try await work.schedule(
                    FollowLinks.self, key: "\(dossier.id)@\(dossier.version)", at: work.now)
            }
            let output = try await ReadLinks.output(dossier, work, work.resource(ProcedureBook.self))
            return Reply(output, version: dossier.version)
        }
    }

    static func decide(_ dossier: Dossier, _ linked: LinkedCase, _ input: Input) throws(Refused) -> Slip {
        try dossier.require(.accepted, .processing, .awaitingSupplement, .awaitingPayment)
        guard linked.set.links.contains(where: { $0.key == input.link }) else { throw .notFound }
        guard linked.state(input.link) == .failed, let slip = linked.slip(input.link) else { throw .linkNotFailed }
        return slip
    }
}

extension Refused {
    static let linkNotFailed = Refused(
        "onestop.link-not-failed", vi: "Thủ tục thành phần này không bị từ chối hay dừng lại.",
        en: "This link was neither refused nor stopped.")
}
