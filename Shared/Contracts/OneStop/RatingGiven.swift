import Foundation

public enum RatingTag {}
public typealias RatingID = ID<RatingTag>

/// An applicant rated how a dossier was handled, or changed that rating.
public struct RatingGiven: Event {
    public static let type = "onestop.rating.given.v1"
    public static let doc = "An applicant rated how a dossier was handled, or changed that rating."
    public var rating = RatingID()
    public var dossier = DossierID()
    public var agency = AgencyCode.none
    public var occasion: RatingOccasion = .receipt
    public var channel: RatingChannel = .online
    public var stars = 5
    public var givenAt: Date = Date(timeIntervalSince1970: 0)

    public var aggregateID: String { rating.text }

    public init() {}

    public static let fields: [Field<Self>] = [
        .init("rating", \.rating, .id, "The rating: one of each dossier and occasion"),
        .init("dossier", \.dossier, .id, "The dossier"),
        .init("agency", \.agency, .agency, "Who received the dossier"),
        .init("occasion", \.occasion, .choice, "With what it was offered"),
        .init("channel", \.channel, .choice, "How it was given"),
        .init("stars", \.stars, .integer(1...5), "Satisfaction, 5 the best"),
        .init("givenAt", \.givenAt, .instant, "When"),
    ]
}

/// With what a rating is offered: forms 01, 02 and 03 (Circular 01/2018/TT-VPCP, Art. 13-15), and the result.
public enum RatingOccasion: String, CaseIterable, Sendable { case receipt, supplement, refusal, result }

/// How a rating is given: on a paper slip, at a device of the counter, online.
public enum RatingChannel: String, CaseIterable, Sendable { case paper, device, online }
