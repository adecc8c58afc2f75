import Contracts
import Files
import ServiceKit

/// `POST /documents/{document}/issue`: the records clerk numbers and issues. The number is taken and used in one
/// transaction: whatever fails in between gives it back, so a series has no gap (Decree 30/2020/NĐ-CP, Art. 15).
enum IssueDocument: Endpoint {
    static let route = Route.post("/documents/{document}/issue")
    static let summary = "Number a document and issue it (cấp số, phát hành)"
    static let access = Access.official(.documentsIssue)
    static let refusals = [
        Refused.notApproved, .alreadyIssued, .agencyDissolved, .fieldMissing, .fieldUnfit, .symbolTaken,
    ]

    struct Input: Record {
        var document = DocumentID()
        static let fields: [Field<Self>] = [
            .init("document", \.document, .id, "The document", in: .path)
        ]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<Document> {
        let clerk = try call.person
        guard let seen = try await call.runtime.database.document(input.document) else { throw Refused.notFound }
        try await call.require(.documentsIssue, at: seen.agency)
        // What is announced as issued must still be what was approved. Files do not change after the approval.
        if seen.state == .approved, let hash = seen.main.flatMap({ ContentHash($0.sha256) }) {
            _ = try await call.resource(FileStore.self).read(hash)
        }
        do {
            return try await call.transaction { work in
                let before = try await work.document(input.document, of: call, .documentsIssue)
                let numbering = try await work.numberingHeld(of: before.agency)
                let place = try decide(before, numbering: numbering, on: call.today)
                let number = try await take(place, at: before.agency, work)
                let document = try issued(before, place, number, now: call.now)
                try await work.run(
                    """
                    UPDATE documents SET version = \(document.version), announced = \(document.announced),
                        state = 'issued', series = \(place.series), year = \(place.day.year), number = \(number),
                        symbol = \(place.symbol), issued_on = \(place.day), issued_at = \(call.now),
                        issued_by = \(work.actor)
                    WHERE id = \(document.document)
                    """)
                try await work.note(document, "issued", document.number)
                try await work.announce(
                    event(document, place, clerk), version: Int64(document.announced), to: document.agency)
                return document.reply
            }
        } catch let error as PostgresError where error.constraint == "documents_one_symbol" {
            throw Refused.symbolTaken
        }
    }

    /// Where a document is numbered, and what stands behind its number.
    struct Place: Equatable {
        let series: String
        let symbol: String
        /// The day in Vietnam; its year is the year of the series, which begins with 01 on 1 January.
        let day: Day
    }

    static func decide(_ before: Document, numbering: Numbering, on day: Day) throws(Refused) -> Place {
        switch before.state {
        case .drafted: throw .notApproved
        case .issued: throw .alreadyIssued
        case .approved: break
        }
        let form = before.content.form
        return Place(
            series: numbering.series(of: form),
            symbol: try form.symbol(issuer: numbering.symbol, field: before.content.field), day: day)
    }

    static func issued(_ before: Document, _ place: Place, _ number: Int, now: Date) throws(FieldFault) -> Document {
        var document = before
        document.number = try DocumentNumber(number, symbol: place.symbol).text
        (document.state, document.series) = (.issued, place.series)
        (document.issuedOn, document.issuedAt) = (place.day, now)
        document.version += 1
        document.announced += 1
        return document
    }

    private static func event(_ document: Document, _ place: Place, _ clerk: PersonID) -> DocumentIssued {
        var event = DocumentIssued()
        (event.document, event.dossier, event.agency) = (document.document, document.dossier, document.agency)
        (event.number, event.issuedOn, event.series) = (document.number ?? "", place.day, place.series)
        (event.sha256, event.actor) = (document.main?.sha256, clerk)
        return event
    }

    /// The next number. The counter's row stays locked to the end of the transaction: others wait for it, and take the
    /// same number when this one rolls back.
    private static func take(_ place: Place, at agency: AgencyCode, _ work: Work) async throws -> Int {
        let rows = try await work.run(
            """
            INSERT INTO series_counters AS c (agency, series, year, last)
            VALUES (\(agency), \(place.series), \(place.day.year), 1)
            ON CONFLICT (agency, series, year) DO UPDATE SET last = c.last + 1
            RETURNING last
            """)
        guard let row = rows.first else { throw PostgresError(.decoding, "the counter gave no number") }
        return try row("last")
    }
}

extension Refused {
    static let notApproved = Refused(
        "documents.not-approved", vi: "Văn bản chưa được duyệt nên chưa được cấp số.",
        en: "The document is not approved, so it gets no number.")
    static let alreadyIssued = Refused(
        "documents.already-issued", vi: "Văn bản đã được phát hành.", en: "The document is issued already.")
    static let symbolTaken = Refused(
        "documents.symbol-taken", vi: "Số và ký hiệu này đã dùng trong năm; hãy xem lại ký hiệu của cơ quan.",
        en: "This number with this symbol was used this year; look at the agency's symbol.")
}
