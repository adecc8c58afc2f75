import Contracts
import ServiceKit

/// Where a page in the order of a time and an id ended.
struct TimeCursor: CustomStringConvertible {
    var time: Date
    var id: UUID

    init(time: Date, id: UUID) {
        self.time = time
        self.id = id
    }

    /// - Throws: the fault of field `cursor` when it is no cursor of ours; nil when there is none.
    init?(_ text: String?) throws {
        guard let text else { return nil }
        guard let parts = try Cursor(text).parts(2), let microseconds = Int64(parts[0]),
            let id = UUID(text: parts[1]),
            abs(microseconds) < 300_000_000_000_000_000
        else {
            throw Cursor.foreign
        }
        (time, self.id) = (Date(timeIntervalSince1970: Double(microseconds) / 1_000_000), id)
    }

    var description: String {
        let microseconds = Int64((time.timeIntervalSince1970 * 1_000_000).rounded())
        return Cursor(parts: ["\(microseconds)", id.text]).description
    }
}

/// A page of what an agency has to do, in the order of `TimeCursor`.
struct AgencyPage: Record {
    var agency: AgencyCode?
    var cursor: String?
    var limit = Limits.pageDefault

    static let fields: [Field<Self>] = [
        .init("agency", \.agency, .agency, "The agency; absent: the caller's own", in: .query),
        .init("cursor", \.cursor, .text(1...Limits.cursorLength), "Where the page before ended", in: .query),
        .init(
            "limit", \.limit, .integer(1...Limits.pageMaximum), default: Limits.pageDefault, "Most rows", in: .query),
    ]
}

/// A page of a citizen's own, the newest first.
struct NewestPage: Record {
    var before: UUID?
    var limit = Limits.pageDefault

    static let fields: [Field<Self>] = [
        .init("before", \.before, .uuid, "The last one of the page before", in: .query),
        .init(
            "limit", \.limit, .integer(1...Limits.pageMaximum), default: Limits.pageDefault, "Most rows", in: .query),
    ]

    var older: SQL { before.map { "AND id < \($0)" } ?? "" }
}

extension UUID {
    /// Below every id.
    static let zero = DossierID().uuid
}

extension Call {
    /// The agency of the caller's post today.
    var ownAgency: AgencyCode {
        get async throws {
            guard let official = try await runtime.database.official(try person, on: today) else {
                throw Refused.whichAgency
            }
            return official.agency
        }
    }
}

extension Refused {
    static let whichAgency = Refused(
        "onestop.which-agency", 422, vi: "Người dùng không giữ chức vụ nào; hãy nêu cơ quan.",
        en: "You hold no post; name the agency.", field: "agency")
}
