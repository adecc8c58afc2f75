import Contracts
import ServiceKit

/// What stands between a draft and a dossier, named by its place. Saving tells it; submitting asks that there is
/// nothing (os-031).
enum DraftCheck {
    /// What the check needs to know beside the draft.
    struct Facts: Sendable {
        /// In force today.
        var procedure: Procedure?
        /// The nature of the receiving agency.
        var kind: AgencyKind?
        /// That it has ended, and who its successor is (os-303).
        var dissolved: Refused?
        var uploads: [Upload] = []
        /// What of the draft's wishes may be taken again.
        var reused: [Reused] = []
        /// Of an application for linked procedures what stands beside its dossier, or what keeps it from being made.
        var linked: LinkedApplication?
        var linkFault: FieldFault?

        var handedIn: [HandedIn] { uploads.map(\.handedIn) + reused.map(\.handedIn) }
    }

    static func points(_ draft: Draft, _ facts: Facts) -> [FieldFault] {
        let (submission, wrong) = read(draft.content.submission)
        var points = wrong
        let stands = { (name: String) in !wrong.contains { $0.field == "submission.\(name)" } }
        if stands("procedure") { points += procedure(submission, draft.channel, facts) }
        if let dissolved = facts.dissolved {
            points.append(fault(dissolved, at: "submission.agency"))
        } else if stands("agency"), let definition = facts.procedure?.definition {
            if facts.kind.map({ !definition.receivers.contains($0) }) ?? true {
                points.append(fault(.agencyDoesNotReceive, at: "submission.agency"))
            }
        }
        points += facts.uploads.filter { $0.state == .receiving }.map { upload in
            FieldFault(
                "onestop.upload-unfinished", field: "uploads.\(upload.id)",
                vi: "chưa gửi xong: \(upload.offset) trên \(upload.size) byte",
                en: "is not whole yet: \(upload.offset) of \(upload.size) bytes")
        }
        points += facts.linkFault.map { [$0] } ?? []
        points += papers(draft.content, facts)
        return Array(points.prefix(Limits.OneStop.openPoints))
    }

    /// What was to be taken again and may not be, and what a clerk ticked that the procedure does not know.
    private static func papers(_ content: DraftContent, _ facts: Facts) -> [FieldFault] {
        var points: [FieldFault] = []
        let taken = { (wish: Reuse) in
            facts.reused.contains { $0.part == wish.part && $0.offer.paper == wish.paper && wish.means($0.offer) }
        }
        for (index, wish) in content.reuse.enumerated() where !taken(wish) {
            points.append(fault(.notOffered, at: "reuse[\(index)]"))
        }
        let files = facts.reused.compactMap(\.source)
        if files.count + facts.uploads.count > Limits.OneStop.attachments {
            points.append(fault(.tooManyAttachments, at: "reuse"))
        }
        let bytes = facts.uploads.map(\.size) + files.map(\.size)
        if bytes.reduce(0, +) > Limits.OneStop.dossierBytes { points.append(fault(.dossierTooLarge, at: "reuse")) }
        guard let definition = facts.procedure?.definition else { return points }
        do throws(Refused) { try PaperLine.check(content.onPaper, definition) } catch {
            points.append(fault(error, at: error.field ?? "onPaper"))
        }
        return points
    }

    /// The submission as far as it can be read, and what cannot.
    static func read(_ written: JSON) -> (Submission, [FieldFault]) {
        var submission = Submission()
        var wrong: [FieldFault] = []
        for field in Submission.fields {
            guard let value = written[field.name], value != .null, value != "" else {
                if field.isRequired { wrong.append(.missing("submission.\(field.name)")) }
                continue
            }
            do throws(FieldFault) { try submission.decode(field, value) } catch {
                var fault = error
                fault.field = "submission.\(error.field)"
                wrong.append(fault)
            }
        }
        return (submission, wrong)
    }

    private static func procedure(_ submission: Submission, _ channel: Channel, _ facts: Facts) -> [FieldFault] {
        guard let definition = facts.procedure?.definition else {
            return [fault(.procedureUnknown, at: "submission.procedure")]
        }
        var points: [FieldFault] = []
        let isOnline = definition.onlineLevel?.takesDossiers ?? true
        if channel == .online, !isOnline { points.append(fault(.notOnline, at: "submission.procedure")) }
        do throws(Refused) { try definition.check(form: submission.form, channel: channel) } catch {
            let named = error.faults.isEmpty ? [fault(error, at: "form")] : error.faults
            points += named.map { point in
                var point = point
                point.field = "submission.\(point.field)"
                return point
            }
        }
        if channel == .online { points += definition.missing(facts.handedIn).map(Self.missing) }
        return points
    }

    static func missing(_ part: Part) -> FieldFault {
        FieldFault("missing", field: "parts.\(part.key)", vi: "chưa có: \(part.name)", en: "is missing: \(part.nameEn)")
    }

    static func fault(_ refused: Refused, at field: String) -> FieldFault {
        FieldFault(refused.code, field: field, vi: refused.vietnamese, en: refused.english)
    }
}

/// What is there for a part of the procedure: a file that was looked at.
struct HandedIn: Sendable, Hashable {
    var part: String
    var mediaType: String?
    var signed: Bool?
}

extension Upload {
    /// What is not whole yet counts as well: it is named by itself.
    var handedIn: HandedIn {
        state == .receiving
            ? HandedIn(part: part, mediaType: nil, signed: nil)
            : HandedIn(part: part, mediaType: mediaType, signed: signed)
    }
}

extension Definition {
    /// The required parts that must be there before an online dossier is submitted, and are not (os-034). The
    /// electronic form is no file: it is asked for by its schema (os-013).
    func missing(_ there: [HandedIn]) -> [Part] {
        parts.filter { part in
            part.required && part.due == .submission && part.kind != .form
                && !there.contains { $0.part == part.key && part.takes($0) }
        }
    }
}

extension Part {
    /// Whether what was handed in is what the part asks for today: the procedure may have changed since it was sent.
    func takes(_ paper: HandedIn) -> Bool {
        guard let type = paper.mediaType else { return true }
        return (types.isEmpty || types.contains { $0.rawValue == type }) && (!signed || paper.signed == true)
    }
}
