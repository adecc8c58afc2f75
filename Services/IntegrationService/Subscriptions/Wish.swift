import Contracts
import Courier
import Foundation
import ServiceKit

/// What a subscription is about, as it is asked for: checked alike when it is made and when it is changed.
enum Wish {
    /// Patterns that could ever match something: a misspelt type would be silence.
    static func check(types: [String]) throws(Refused) {
        for pattern in types {
            guard pattern.range(of: Filter.shape, options: .regularExpression) != nil else { throw .patternShape }
            guard Catalogue.events.contains(where: { Filter.matches(pattern, $0.type) }) else {
                throw .patternUnknown(pattern)
            }
        }
    }

    static func check(url: String?, _ kind: TargetKind, _ policy: AddressPolicy) throws(Refused) {
        switch (kind, url) {
        case (.queue, nil): return
        case (.queue, _): throw .urlWithQueue
        case (.webhook, nil): throw .urlMissing
        case (.webhook, let url?):
            switch policy.defect(url) {
            case nil: return
            case .malformed: throw .urlMalformed
            case .scheme: throw .urlScheme
            case .forbidden: throw .urlForbidden
            }
        }
    }

    /// An aggregate whose events somebody announces.
    static func check(aggregate: AggregateChoice?) throws(Refused) {
        guard let aggregate else { return }
        let isKnown = Catalogue.events.contains { $0.source == aggregate.source && $0.aggregate == aggregate.type }
        guard isKnown else { throw .aggregateUnknown }
    }
}

extension Refused {
    static let patternShape = Refused(
        "integration.pattern-shape", 422,
        vi: "Mẫu loại sự kiện gồm các từ cách nhau bằng dấu chấm, * thay một từ, # ở cuối thay mọi từ còn lại.",
        en: "A pattern has words apart by dots; * stands for one word, # at the end for all further ones.",
        field: "types")
    static func patternUnknown(_ pattern: String) -> Refused {
        Refused(
            "integration.pattern-unknown", 422, vi: "Không có loại sự kiện nào khớp mẫu \(pattern).",
            en: "No type of event matches \(pattern).", field: "types")
    }
    static let urlWithQueue = Refused(
        "integration.url-with-queue", 422, vi: "Đăng ký bằng hàng đợi không có địa chỉ webhook.",
        en: "A subscription with a queue has no address.", field: "url")
    static let urlMissing = Refused(
        "integration.url-missing", 422, vi: "Webhook cần địa chỉ nhận.", en: "A webhook needs an address.",
        field: "url")
    static let urlMalformed = Refused(
        "integration.url-malformed", 422, vi: "Địa chỉ phải là URL tuyệt đối, không chứa người dùng hay phân đoạn #.",
        en: "The address must be an absolute URL without a user and without a fragment.", field: "url")
    static let urlScheme = Refused(
        "integration.url-scheme", 422, vi: "Địa chỉ phải bắt đầu bằng https://.",
        en: "The address must begin with https://.", field: "url")
    static let urlForbidden = Refused(
        "integration.url-forbidden", 422, vi: "Không được gửi đến mạng này.",
        en: "Nothing is sent to addresses of this network.", field: "url")
    static let aggregateUnknown = Refused(
        "integration.aggregate-unknown", 422, vi: "Không có loại đối tượng này.",
        en: "No service announces events of such a thing.", field: "aggregate")
    static let positionAhead = Refused(
        "integration.position-ahead", 422, vi: "Vị trí này chưa có.", en: "The archive has no such position yet.",
        field: "fromPosition")
    static let twoStarts = Refused(
        "integration.two-starts", 422, vi: "Chỉ chọn một điểm bắt đầu: thời điểm hoặc vị trí.",
        en: "Choose one beginning: a time or a position.", field: "fromPosition")
    static let tooManySubscriptions = Refused(
        "integration.too-many-subscriptions", vi: "Đã đủ \(Limits.Integration.subscriptions) đăng ký.",
        en: "There are \(Limits.Integration.subscriptions) subscriptions already.")
}
