import Contracts
import EventLog
import Foundation
import Receipts

/// `GET /events/{id}/receipt`: the proof that an event stands in this service's history. Whoever may read the feed may
/// have it, and operators; it is checked offline with `lienthong verify`.
enum ReadReceipt: Endpoint {
    static let route = Route.get("/events/{id}/receipt")
    static let summary = "The proof that an event stands in this service's history, for offline checks"
    static let access = Access.signedIn
    static let refusals = [Refused.receiptNotYet, .eventAltered]

    struct Input: Record {
        var id = EventID()
        static let fields: [Field<Self>] = [.init("id", \.id, .id, "Identity of the event", in: .path)]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<Receipt> {
        if !call.runtime.isConsumer(call.caller) { try await call.require(.systemOperate, at: .none) }
        switch try await ReceiptReader().receipt(of: input.id.uuid, in: call.runtime.database) {
        case .receipt(let receipt):
            // Commands are their addressee's only, as in the feed; operators see what is sealed in them and no more.
            let program = call.caller.client.flatMap { ServiceName(rawValue: $0) }
            let hidden = program == nil ? [] : Catalogue.hidden(of: call.runtime.service, from: program)
            guard let event = EventRecord(receipt.event), !hidden.contains(event.aggregateType) else {
                throw call.refused()
            }
            return Reply(receipt)
        case .unknown: throw Refused.notFound
        case .notSealed: throw Refused.receiptNotYet
        case .altered:
            call.log.error("an event is not what was sealed", metadata: ["event": "\(input.id.text)"])
            throw Refused.eventAltered
        }
    }
}

extension Refused {
    public static let receiptNotYet = Refused(
        "receipt-not-yet", 409, vi: "Sự kiện chưa được niêm phong; hãy thử lại sau vài giây.",
        en: "The event is not sealed yet; try again in a few seconds.")
    public static let eventAltered = Refused(
        "event-altered", 409, vi: "Dữ liệu của sự kiện không còn như khi được niêm phong.",
        en: "The event is not what was sealed: somebody changed the log.")
}

/// `GET /receipts/roots`: every signed statement, to be anchored outside by anybody. Statements hold numbers and
/// hashes, nothing of any event.
enum ListReceiptRoots: Endpoint {
    static let route = Route.get("/receipts/roots")
    static let summary = "The signed statements over this service's history, oldest first"
    static let access = Access.open

    struct Input: Record {
        var after = 0
        var limit = Limits.Receipts.page
        static let fields: [Field<Self>] = [
            .init("after", \.after, .integer(0...Int.max), default: 0, "Only those after this number", in: .query),
            .init(
                "limit", \.limit, .integer(1...Limits.Receipts.page), default: Limits.Receipts.page, "Most statements",
                in: .query),
        ]
    }

    struct Output: Record {
        var statements: [SignedSeal] = []
        static let fields: [Field<Self>] = [
            .init("statements", \.statements, .list(.record, 0...Limits.Receipts.page), "The statements")
        ]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<Output> {
        var output = Output()
        output.statements = try await ReceiptReader().statements(
            after: Int64(input.after), limit: input.limit, in: call.runtime.database)
        return Reply(output)
    }
}

/// `GET /receipts/keys`: the public keys that this service's statements are or were signed with.
enum ListReceiptKeys: Endpoint {
    static let route = Route.get("/receipts/keys")
    static let summary = "The public keys of this service's receipts"
    static let access = Access.open

    struct Key: Record {
        var key = ""
        var pem = ""
        var since = Date(timeIntervalSince1970: 0)
        static let fields: [Field<Self>] = [
            .init("key", \.key, .text(1...100), "As statements name it"),
            .init("pem", \.pem, .text(1...400), "The Ed25519 key (RFC 8410)"),
            .init("since", \.since, .instant, "When it came, in real time"),
        ]
    }

    struct Output: Record {
        var service = ""
        var keys: [Key] = []
        static let fields: [Field<Self>] = [
            .init("service", \.service, .text(1...100), "Whose they are, as statements name it"),
            .init("keys", \.keys, .list(.record, 0...Limits.Receipts.keys), "The oldest first"),
        ]
    }

    static func handle(_ input: Nothing, _ call: Call) async throws -> Reply<Output> {
        var output = Output()
        output.service = call.runtime.service.rawValue
        for (known, since) in try await ReceiptReader().keys(in: call.runtime.database) {
            var key = Key()
            (key.key, key.pem, key.since) = (known.id, known.pem, since)
            output.keys.append(key)
        }
        return Reply(output)
    }
}
