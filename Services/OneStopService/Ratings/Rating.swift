import Contracts
import ServiceKit

/// The points that an applicant gives to one indicator (Circular 01/2018/TT-VPCP, Art. 13).
struct IndicatorPoints: Record, Hashable {
    var indicator = 7
    var points = 2

    static let fields: [Field<Self>] = [
        .init("indicator", \.indicator, .integer(1...9), "Of those that are per dossier: 1, 2, 3, 4, 6 or 7"),
        .init("points", \.points, .integer(0...2), "0, 1 or 2 points"),
    ]

    /// Those of a dossier. 5, 8 and 9 are of an agency and are computed.
    static let ofDossier = [1, 2, 3, 4, 6, 7]
}

/// A rating of one occasion of a dossier, as it stands: the last revision.
struct Rating: Record, Hashable {
    var id = RatingID()
    var dossier = DossierID()
    var occasion = RatingOccasion.receipt
    var revision = 1
    var channel = RatingChannel.online
    var agency = AgencyCode.none
    var stars = 5
    var points: [IndicatorPoints] = []
    var remark: String?
    var at = Date(timeIntervalSince1970: 0)

    static let fields: [Field<Self>] = [
        .init("id", \.id, .id, "Identity"),
        .init("dossier", \.dossier, .id, "The dossier"),
        .init("occasion", \.occasion, .choice, "With what it was offered"),
        .init("revision", \.revision, .integer(1...Int.max), "How often it was given or changed; also the ETag"),
        .init("channel", \.channel, .choice, "How it was given"),
        .init("agency", \.agency, .agency, "Who received the dossier"),
        .init("stars", \.stars, .integer(1...5), "Satisfaction, 5 the best"),
        .init("points", \.points, .list(.record, 0...IndicatorPoints.ofDossier.count), "Points by indicator"),
        .init("remark", \.remark, .text(1...Limits.noteLength), "In words"),
        .init("at", \.at, .instant, "When it was given last"),
    ]

    init() {}

    init(_ row: Row) throws {
        (id, dossier, revision) = (try row("id"), try row("dossier"), try row("revision"))
        occasion = RatingOccasion(rawValue: try row("occasion")) ?? .receipt
        channel = RatingChannel(rawValue: try row("channel")) ?? .online
        (agency, stars, remark, at) = (try row("agency"), try row("stars"), try row("remark"), try row("at"))
        for indicator in IndicatorPoints.ofDossier {
            guard let given: Int = try row("indicator_\(indicator)") else { continue }
            var points = IndicatorPoints()
            (points.indicator, points.points) = (indicator, given)
            self.points.append(points)
        }
    }

    func points(of indicator: Int) -> Int16? {
        points.first { $0.indicator == indicator }.map { Int16($0.points) }
    }
}

/// When ratings are offered: with forms 01, 02 and 03, and with the result.
struct Offered: Record, Hashable {
    var occasion = RatingOccasion.receipt
    var since = Date(timeIntervalSince1970: 0)
    var until = Date(timeIntervalSince1970: 0)
    var rating: Rating?

    static let fields: [Field<Self>] = [
        .init("occasion", \.occasion, .choice, "With what it is offered"),
        .init("since", \.since, .instant, "Since when"),
        .init("until", \.until, .instant, "Until when it is given and changed"),
        .init("rating", \.rating, .record, "As it was given"),
    ]

    /// - Parameter refused: when form 03 was handed out.
    static func all(_ dossier: Dossier, refused: Date?, known: [Rating]) -> [Offered] {
        let moments: [(RatingOccasion, Date?)] = [
            (.receipt, dossier.acceptedAt), (.supplement, dossier.supplementRequestedAt), (.refusal, refused),
            (.result, dossier.returnedAt),
        ]
        return moments.compactMap { occasion, since in
            guard let since else { return nil }
            var offered = Offered()
            (offered.occasion, offered.since) = (occasion, since)
            offered.until = (Day(since) + Limits.Citizen.ratingDays).next.start
            offered.rating = known.first { $0.occasion == occasion }
            return offered
        }
    }
}

extension Call {
    /// What of a dossier may be rated, with what was given.
    func offered(of dossier: Dossier) async throws -> [Offered] {
        let rows = try await run(
            """
            SELECT DISTINCT ON (occasion) * FROM ratings WHERE dossier = \(dossier.id)
            ORDER BY occasion, revision DESC
            """)
        // A withdrawal is confirmed, and hands out no form 03.
        let refused = try await run(
            """
            SELECT min(at) AS at FROM dossier_history
            WHERE dossier = \(dossier.id) AND what IN ('refused', 'stopped')
            """
        ).first
        return Offered.all(dossier, refused: try refused?("at"), known: try rows.map(Rating.init))
    }
}
