import Contracts
import ServiceKit

/// Which agency receives a linked dossier, seen from the one that received the citizen's application.
enum LinkPlace: String, CaseIterable, Sendable {
    /// The same agency.
    case receiving
    /// The one above it.
    case parent
    /// The one at the top of its line: the province.
    case top
    /// The one that the link names.
    case named
}

/// Whether linked dossiers are opened one after the other, or all at once (song song).
enum LinkOrder: String, CaseIterable, Sendable { case chain, parallel }

/// One procedure of a set of linked ones: who does it, what, and within what time.
struct Link: Record, Hashable {
    var key = ""
    var procedure = ""
    var place = LinkPlace.receiving
    var agency: AgencyCode?
    var task = ""
    var taskEn = ""
    var limit = TimeLimit()

    static let fields: [Field<Self>] = [
        .init("key", \.key, .text(1...60, pattern: Pattern.key), "Stable key"),
        .init("procedure", \.procedure, .text(1...40, pattern: Pattern.procedure), "National code of the procedure"),
        .init("place", \.place, .choice, default: .receiving, "Which agency receives it"),
        .init("agency", \.agency, .agency, "The agency of place “named”"),
        .init("task", \.task, .text(1...Limits.nameLength), "What is to be done, in Vietnamese; stands on the slip"),
        .init("taskEn", \.taskEn, .text(1...Limits.nameLength), "The same in English"),
        .init("limit", \.limit, .record, "Within what time, by that agency's calendar"),
    ]

    func agency(from receiving: AgencyCode) throws(Refused) -> AgencyCode {
        switch place {
        case .receiving: return receiving
        case .named: return agency ?? receiving
        case .top: return receiving.ancestors.last ?? receiving
        case .parent:
            guard let parent = receiving.parent else { throw .noAgencyAbove }
            return parent
        }
    }
}

/// Procedures that a citizen asks for together (thủ tục hành chính liên thông; Decree 61/2018/NĐ-CP, Art. 19.6, 19.7):
/// one application to the agency that leads, which opens a dossier for each.
struct LinkedSet: Record {
    var code = ""
    var number = 1
    var validFrom = Day.none
    var name = ""
    var nameEn = ""
    var lead = ""
    var order = LinkOrder.parallel
    var links: [Link] = []

    static let fields: [Field<Self>] = [
        .init("code", \.code, .text(1...60, pattern: Pattern.key), "Stable code of the set"),
        .init("number", \.number, .integer(1...Limits.OneStop.procedureVersions), "Version"),
        .init("validFrom", \.validFrom, .day, "First day"),
        .init("name", \.name, .text(1...Limits.nameLength), "Vietnamese name"),
        .init("nameEn", \.nameEn, .text(1...Limits.nameLength), "English name"),
        .init("lead", \.lead, .text(1...40, pattern: Pattern.procedure), "Procedure of the agency that leads"),
        .init("order", \.order, .choice, "One after the other, or all at once"),
        .init("links", \.links, .list(.record, 1...Limits.OneStop.links), "The procedures, in their order"),
    ]

    init() {}

    init(_ row: Row) throws {
        let definition: JSON = try row("definition")
        self = try LinkedSet(decoding: definition, unknown: .ignore)
        (code, number, validFrom) = (try row("code"), try row("number"), try row("valid_from"))
    }

    /// Whether it holds together, given the procedures that it names (os-054).
    func check(_ procedures: [String: Procedure]) throws(Refused) {
        guard Set(links.map(\.key)).count == links.count else { throw .keyTwice.at("links") }
        guard links.allSatisfy({ ($0.place == .named) == ($0.agency != nil) }) else { throw .linkAgency }
        guard !links.contains(where: { $0.procedure == lead }) else { throw .linkLeads }
        guard let lead = procedures[lead], links.allSatisfy({ procedures[$0.procedure] != nil }) else {
            throw .procedureUnknown.at("links")
        }
        for link in links { _ = try link.limit.lawful }
        let weights = links.map(\.limit.weight)
        let needed = order == .chain ? weights.reduce(0, +) : weights.max() ?? 0
        guard needed <= lead.definition.limit.weight else { throw .linksTooLong }
    }
}

extension Session {
    /// The version of a set that is in force on `day`; nil when none is.
    func linkedSet(_ code: String, on day: Day) async throws -> LinkedSet? {
        try await run(
            """
            SELECT * FROM linked_sets WHERE code = \(code) AND valid_from <= \(day) ORDER BY number DESC LIMIT 1
            """
        ).first.map(LinkedSet.init)
    }
}

extension Refused {
    static let linkAgency = Refused(
        "onestop.link-agency", 422, vi: "Thủ tục “named” phải nêu cơ quan; các thủ tục khác thì không.",
        en: "A link of place “named” names its agency, the others do not.", field: "links")
    static let linkLeads = Refused(
        "onestop.link-leads", 422, vi: "Thủ tục chủ trì không đồng thời là thủ tục thành phần.",
        en: "The procedure that leads is not one of those that it opens.", field: "links")
    static let linksTooLong = Refused(
        "onestop.links-too-long", 422,
        vi: "Tổng thời hạn của các thủ tục thành phần vượt thời hạn của thủ tục chủ trì.",
        en: "The limits of the links together exceed that of the procedure that leads.", field: "links")
}
