import Contracts
import ServiceKit

enum SlipTag {}
typealias SlipID = ID<SlipTag>

/// What the leading agency decided about a link whose dossier was refused or stopped: open it once more, or go on
/// without it.
enum LinkDecision: String, CaseIterable, Sendable { case `repeat`, drop }

/// The slip with which the leading agency gives a link to another (phiếu chuyển xử lý): what is to be done, by whom and
/// until when, and how it ended (os-059). One for each time that a link is opened.
struct Slip: Record {
    var id = SlipID()
    var parent = DossierID()
    var key = ""
    var procedure = ""
    var child: DossierID?
    var fromAgency = AgencyCode.none
    var agency = AgencyCode.none
    var task = ""
    var openedAt = Date(timeIntervalSince1970: 0)
    var dueAt = Date(timeIntervalSince1970: 0)
    var explanation = Explanation()
    var closedAt: Date?
    var outcome: LinkOutcome?
    var late: Bool?
    var decision: LinkDecision?
    var reason: String?

    static let fields: [Field<Self>] = [
        .init("id", \.id, .id, "Identity"),
        .init("parent", \.parent, .id, "The dossier of the citizen's application"),
        .init("key", \.key, .text(1...60), "Key of the link"),
        .init("procedure", \.procedure, .text(1...40), "National code of the procedure"),
        .init("child", \.child, .id, "The linked dossier; absent where it could not be opened"),
        .init("fromAgency", \.fromAgency, .agency, "The agency that leads"),
        .init("agency", \.agency, .agency, "The agency that does it"),
        .init("task", \.task, .text(1...Limits.nameLength), "What is to be done"),
        .init("openedAt", \.openedAt, .instant, "When it was given"),
        .init("dueAt", \.dueAt, .instant, "Until when it is to be done"),
        .init("explanation", \.explanation, .record, "Why it is due then"),
        .init("closedAt", \.closedAt, .instant, "When it ended"),
        .init("outcome", \.outcome, .choice, "How it ended"),
        .init("late", \.late, .bool, "Ended after its deadline"),
        .init("decision", \.decision, .choice, "What the leading agency decided where it did not end well"),
        .init("reason", \.reason, .text(1...Limits.noteLength), "Why"),
    ]

    init() {}

    init(_ row: Row) throws {
        (id, parent, child) = (try row("id"), try row("parent"), try row("child"))
        (key, procedure, task) = (try row("key"), try row("procedure"), try row("task"))
        (fromAgency, agency) = (try row("from_agency"), try row("agency"))
        (openedAt, dueAt) = (try row("opened_at"), try row("due_at"))
        explanation = try Explanation(decoding: try row("explanation"), unknown: .ignore)
        (closedAt, late, reason) = (try row("closed_at"), try row("late"), try row("reason"))
        let (outcome, decision): (String?, String?) = (try row("outcome"), try row("decision"))
        (self.outcome, self.decision) = (outcome.flatMap(LinkOutcome.init), decision.flatMap(LinkDecision.init))
    }
}

/// How far a link of an application is.
enum LinkState: String, CaseIterable, Sendable {
    /// Its turn has not come.
    case waiting
    case open
    case finished
    /// Refused, stopped or not to be opened: the leading agency decides.
    case failed
    case dropped
}

/// An application for linked procedures: the set that it keeps, and what was opened for it.
struct LinkedCase: Sendable {
    var set: LinkedSet
    /// In the order of opening.
    var slips: [Slip]

    func slip(_ key: String) -> Slip? { slips.last { $0.key == key } }

    /// Why a link was opened once more or left out, as it was said last: that stands with the slip that failed, also
    /// when another has followed.
    func reason(_ key: String) -> String? { slips.last { $0.key == key && $0.reason != nil }?.reason }

    func state(_ key: String) -> LinkState {
        guard let slip = slip(key) else { return .waiting }
        guard let outcome = slip.outcome else { return .open }
        switch slip.decision {
        case .repeat: return .waiting
        case .drop: return .dropped
        case nil: return outcome == .finished ? .finished : .failed
        }
    }

    /// Whether nothing is left to wait for.
    var isDone: Bool { self.set.links.allSatisfy { [.finished, .dropped].contains(state($0.key)) } }

    /// What is opened now (os-055): all that wait, or of a chain the next one when those before it are done.
    func opens(_ parent: Dossier) -> [Link] {
        // Nothing is begun before the office accepted the application, while its withdrawal is decided, or after.
        guard parent.acceptedAt != nil,
            [.accepted, .processing, .awaitingSupplement, .awaitingPayment].contains(parent.status)
        else { return [] }
        switch set.order {
        case .parallel: return set.links.filter { state($0.key) == .waiting }
        case .chain:
            let next = set.links.first { ![.finished, .dropped].contains(state($0.key)) }
            return next.map { state($0.key) == .waiting ? [$0] : [] } ?? []
        }
    }
}

extension LinkedCase {
    /// Refuses the end of an application while a link is open or nobody has decided what becomes of it (os-056).
    func requireDone() throws(Refused) {
        guard isDone else { throw .linksOpen }
    }

    /// Refuses to return a linked dossier by itself: its result is returned with the application (os-058).
    /// - Parameter application: how that stands; nil where the dossier belongs to none.
    static func requireReturned(_ application: DossierStatus?) throws(Refused) {
        guard application?.isFinal ?? true else { throw .returnedTogether }
    }
}

extension Session {
    /// The application of which this is the dossier; nil for every other.
    func linkedCase(of parent: DossierID) async throws -> LinkedCase? {
        let rows = try await run(
            """
            SELECT s.* FROM linked_cases c JOIN linked_sets s ON s.code = c.set_code AND s.number = c.set_number
            WHERE c.parent = \(parent)
            """)
        guard let row = rows.first else { return nil }
        // Not by the time of opening: a clock may have gone back, and what was opened last would not be the last. Each
        // before it has the decision to open the link once more.
        let slips = try await run(
            """
            SELECT * FROM slips WHERE parent = \(parent)
            ORDER BY decision IS DISTINCT FROM \(LinkDecision.repeat.rawValue), opened_at, id
            """)
        return LinkedCase(set: try LinkedSet(row), slips: try slips.map(Slip.init))
    }

    /// The dossier of the application for which this one was opened.
    func parent(of child: DossierID) async throws -> DossierID? {
        try await run("SELECT parent FROM slips WHERE child = \(child)").first?("parent")
    }
}

extension Call {
    func requireLinksDone(_ dossier: Dossier) async throws {
        guard dossier.isAccompanied else { return }
        try await runtime.database.linkedCase(of: dossier.id)?.requireDone()
    }

    func requireReturnedAlone(_ dossier: Dossier) async throws {
        guard dossier.isAccompanied else { return }
        let rows = try await run(
            """
            SELECT d.status FROM slips s JOIN dossiers d ON d.id = s.parent WHERE s.child = \(dossier.id)
            """)
        try LinkedCase.requireReturned(try rows.first.flatMap { try Dossier.status($0, "status") })
    }
}

extension Refused {
    static let linksOpen = Refused(
        "onestop.links-open", vi: "Còn thủ tục thành phần chưa xong hoặc chưa được quyết định.",
        en: "A linked dossier is not done, or nobody has decided what becomes of it.")
    static let returnedTogether = Refused(
        "onestop.returned-together", vi: "Kết quả được trả cùng hồ sơ liên thông.",
        en: "The result is returned together with the application that it belongs to.")
}
