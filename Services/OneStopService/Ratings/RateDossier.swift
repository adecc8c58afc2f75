import Contracts
import ServiceKit

/// `POST /dossiers/{dossier}/ratings`: the applicant rates online; a clerk types in what a paper slip or the device of
/// the counter says (Circular 01/2018/TT-VPCP, Art. 13-15). Every revision stays.
enum RateDossier: Endpoint {
    static let route = Route.post("/dossiers/{dossier}/ratings")
    static let summary = "Rate a dossier on an occasion on which that is offered, or change that rating"
    static let access = Access.signedIn
    static let refusals = [
        Refused.ratingNotOffered, .ratingTooLate, .ratingChannel, .ratedByApplicant, .indicatorUnknown, .keyTwice,
    ]

    struct Input: Record {
        var dossier = DossierID()
        var occasion = RatingOccasion.receipt
        var channel = RatingChannel.online
        var stars = 5
        var points: [IndicatorPoints] = []
        var remark: String?

        static let fields: [Field<Self>] = [
            .init("dossier", \.dossier, .id, "The dossier", in: .path),
            .init("occasion", \.occasion, .choice, "With what it was offered: form 01, 02 or 03, or the result"),
            .init("channel", \.channel, .choice, default: .online, "How it is given; paper and device by a clerk"),
            .init("stars", \.stars, .integer(1...5), "Satisfaction, 5 the best"),
            .init(
                "points", \.points, .list(.record, 0...IndicatorPoints.ofDossier.count), default: [],
                "Points of the indicators that are per dossier, each once"),
            .init("remark", \.remark, .text(1...Limits.noteLength), "In words"),
        ]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<Rating> {
        let dossier = try await call.rated(input.dossier)
        let isApplicant = call.caller.kind == .citizen
        if !isApplicant { try await call.require(.dossiersReceive, for: dossier, at: dossier.receivingAgency) }
        let offered = try await call.offered(of: dossier).first { $0.occasion == input.occasion }
        let rating = try decide(dossier, input, offered: offered, isApplicant: isApplicant, now: call.now)
        try call.check(Int64(rating.revision - 1))
        var event = RatingGiven()
        (event.rating, event.dossier, event.agency) = (rating.id, dossier.id, rating.agency)
        (event.occasion, event.channel, event.stars) = (rating.occasion, rating.channel, rating.stars)
        event.givenAt = call.now
        return try await call.flight(
            insert(rating, actor: call.caller.id), announcing: [(event, rating.agency)],
            reply: Reply(rating, version: Int64(rating.revision)))
    }

    static func decide(
        _ dossier: Dossier, _ input: Input, offered: Offered?, isApplicant: Bool, now: Date
    ) throws(Refused) -> Rating {
        // os-134
        guard let offered else { throw .ratingNotOffered }
        guard now < offered.until else { throw .ratingTooLate }
        // os-135
        guard isApplicant == (input.channel == .online) else { throw .ratingChannel }
        if let known = offered.rating, known.channel == .online, !isApplicant { throw .ratedByApplicant }
        // os-136
        let indicators = input.points.map(\.indicator)
        guard indicators.allSatisfy(IndicatorPoints.ofDossier.contains) else { throw .indicatorUnknown }
        guard Set(indicators).count == indicators.count else { throw Refused.keyTwice.at("points") }
        var rating = Rating()
        (rating.id, rating.dossier, rating.occasion) = (offered.rating?.id ?? .new(), dossier.id, input.occasion)
        (rating.revision, rating.channel) = ((offered.rating?.revision ?? 0) + 1, input.channel)
        (rating.agency, rating.stars, rating.remark) = (dossier.receivingAgency, input.stars, input.remark)
        rating.points = input.points.sorted { $0.indicator < $1.indicator }
        rating.at = now
        return rating
    }

    /// Of two at once the second finds its revision there, writes nothing and reads again.
    private static func insert(_ rating: Rating, actor: String) -> SQL {
        """
        INSERT INTO ratings (dossier, occasion, revision, id, channel, agency, stars, indicator_1, indicator_2,
                             indicator_3, indicator_4, indicator_6, indicator_7, remark, at, actor)
        VALUES (\(rating.dossier), \(rating.occasion.rawValue), \(rating.revision), \(rating.id),
                \(rating.channel.rawValue), \(rating.agency), \(Int16(rating.stars)), \(rating.points(of: 1)),
                \(rating.points(of: 2)), \(rating.points(of: 3)), \(rating.points(of: 4)), \(rating.points(of: 6)),
                \(rating.points(of: 7)), \(rating.remark), \(rating.at), \(actor))
        ON CONFLICT DO NOTHING RETURNING id, revision AS version
        """
    }
}

/// `GET /dossiers/{dossier}/ratings`: what may be rated, and what was given. Who is rated does not look: the applicant
/// reads them, and who leads the agency.
enum ReadRatings: Endpoint {
    static let route = Route.get("/dossiers/{dossier}/ratings")
    static let summary = "The occasions on which a dossier may be rated, with the ratings"
    static let access = Access.signedIn

    struct Output: Record {
        var occasions: [Offered] = []
        static let fields: [Field<Self>] = [
            .init("occasions", \.occasions, .list(.record, 0...RatingOccasion.allCases.count), "In their order")
        ]
    }

    static func handle(_ input: DossierPath, _ call: Call) async throws -> Reply<Output> {
        let dossier = try await call.dossier(input.dossier)
        if call.caller.kind != .citizen {
            try await call.require(.dossiersApprove, at: try await call.heir(of: dossier.receivingAgency))
        }
        call.logRead(of: dossier.id, purpose: .ratings)
        var output = Output()
        output.occasions = try await call.offered(of: dossier)
        return Reply(output)
    }
}

extension Call {
    /// If-Match of a rating names its revision, and not the dossier's version.
    fileprivate func rated(_ id: DossierID) async throws -> Dossier {
        guard let dossier = try await runtime.database.dossier(id) else { throw Refused.notFound }
        if caller.kind == .citizen, dossier.applicant.person != caller.person {
            throw refused(.notFound, about: ["dossier": "\(id)"])
        }
        return dossier
    }
}

extension Refused {
    static let ratingNotOffered = Refused(
        "onestop.rating-not-offered", vi: "Hồ sơ chưa có dịp đánh giá này.",
        en: "The dossier has had no such occasion yet.", field: "occasion")
    static let ratingTooLate = Refused(
        "onestop.rating-too-late", vi: "Đã hết thời hạn đánh giá.", en: "The time for this rating is over.",
        field: "occasion")
    static let ratingChannel = Refused(
        "onestop.rating-channel", 422,
        vi: "Người nộp hồ sơ đánh giá trực tuyến; phiếu giấy và thiết bị do công chức một cửa nhập.",
        en: "The applicant rates online; slips and the device are typed in by a clerk.", field: "channel")
    static let ratedByApplicant = Refused(
        "onestop.rated-by-applicant", vi: "Người nộp hồ sơ đã tự đánh giá trực tuyến.",
        en: "The applicant has rated this online already.", field: "occasion")
    static let indicatorUnknown = Refused(
        "onestop.indicator-unknown", 422, vi: "Chỉ chấm điểm các chỉ số 1, 2, 3, 4, 6, 7 của từng hồ sơ.",
        en: "Points are given to the indicators 1, 2, 3, 4, 6 and 7, which are per dossier.", field: "points")
}
