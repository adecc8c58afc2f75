import Contracts
import Foundation

/// The languages in which people are answered.
public enum Language: String, Sendable {
    case vietnamese = "vi"
    case english = "en"

    /// The better liked of the two (RFC 9110, section 12.5.4); Vietnamese when nothing is asked.
    init(accepting header: String?) {
        guard let header else {
            self = .vietnamese
            return
        }
        func quality(_ tag: String) -> Double {
            for range in header.split(separator: ",") {
                let parts = range.split(separator: ";").map { $0.trimmingCharacters(in: .whitespaces) }
                guard let name = parts.first, name.lowercased().hasPrefix(tag) else { continue }
                let weight = parts.dropFirst().first { $0.hasPrefix("q=") }
                return weight.flatMap { Double($0.dropFirst(2)) } ?? 1
            }
            return 0
        }
        self = quality("en") > quality("vi") ? .english : .vietnamese
    }
}

/// The office says no: a stable code, the HTTP status, and the reason in both languages. Thrown by decisions; shown
/// as a problem document (RFC 9457).
public struct Refused: Error, Sendable, Equatable {
    public let code: String
    public let status: Int
    public let vietnamese: String
    public let english: String
    /// The field of the request at fault, when there is one.
    public var field: String?
    /// All that is at fault, where it is more than one thing; named instead of `field`.
    public var faults: [FieldFault] = []

    public init(_ code: String, _ status: Int = 409, vi: String, en: String, field: String? = nil) {
        self.code = code
        self.status = status
        vietnamese = vi
        english = en
        self.field = field
    }

    public func at(_ field: String) -> Refused {
        var copy = self
        copy.field = field
        return copy
    }

    public func naming(_ faults: [FieldFault]) -> Refused {
        var copy = self
        copy.faults = faults
        return copy
    }

    func detail(_ language: Language) -> String { language == .english ? english : vietnamese }
}

extension Refused {
    public static let unauthenticated = Refused(
        "unauthenticated", 401, vi: "Cần đăng nhập: thiếu mã truy cập hoặc mã không hợp lệ.",
        en: "Sign in first: the access token is missing or not valid.")
    public static let forbidden = Refused(
        "forbidden", 403, vi: "Người dùng không có quyền thực hiện việc này ở cơ quan này.",
        en: "You do not have the right to do this at this agency.")
    public static let notFound = Refused("not-found", 404, vi: "Không tìm thấy.", en: "There is no such thing here.")
    public static let preconditionRequired = Refused(
        "precondition-required", 428, vi: "Cần tiêu đề If-Match với phiên bản đã đọc.",
        en: "An If-Match header with the version that was read is required.")
    public static let stale = Refused(
        "stale-version", 412, vi: "Dữ liệu đã được người khác thay đổi; hãy đọc lại.",
        en: "Somebody changed this in the meantime; read it again.")
    public static let outcomeUnknown = Refused(
        "outcome-unknown", 503,
        vi: "Chưa biết kết quả; hãy gửi lại yêu cầu với cùng Idempotency-Key.",
        en: "The outcome is not known; send the request again with the same Idempotency-Key.")
    public static let busy = Refused(
        "busy", 503, vi: "Hệ thống đang bận; hãy thử lại sau.", en: "The system is busy; try again shortly.")
}

/// A problem document (RFC 9457), and the schema that OpenAPI shows for it.
enum Problem {
    static func outgoing(
        _ status: Int, code: String, detail: String, faults: [FieldFault] = [], language: Language, trace: String,
        headers: [(name: String, value: String)] = []
    ) -> Outgoing {
        var writer = JSONWriter()
        writer.object { writer in
            writer.name("type")
            writer.string("urn:lienthong:problem:\(code)")
            writer.name("title")
            writer.string(code)
            writer.name("status")
            writer.integer(Int64(status))
            writer.name("code")
            writer.string(code)
            writer.name("detail")
            writer.string(detail)
            writer.name("trace")
            writer.string(trace)
            guard !faults.isEmpty else { return }
            writer.name("errors")
            writer.array { writer in
                for fault in faults {
                    writer.object { writer in
                        writer.name("field")
                        writer.string(fault.field)
                        writer.name("code")
                        writer.string(fault.code)
                        writer.name("detail")
                        writer.string(language == .english ? fault.english : fault.vietnamese)
                    }
                }
            }
        }
        return Outgoing(
            status,
            headers: [("content-type", "application/problem+json"), ("content-language", language.rawValue)] + headers,
            body: writer.bytes)
    }

    static func outgoing(_ refused: Refused, _ language: Language, trace: String) -> Outgoing {
        let field = refused.field.map {
            [FieldFault(refused.code, field: $0, vi: refused.vietnamese, en: refused.english)]
        }
        let faults = refused.faults.isEmpty ? field ?? [] : refused.faults
        var headers: [(name: String, value: String)] = []
        if refused.status == 401 { headers.append(("www-authenticate", "Bearer realm=\"lienthong\"")) }
        if refused.status == 503 { headers.append(("retry-after", "1")) }
        return outgoing(
            refused.status, code: refused.code, detail: refused.detail(language), faults: faults,
            language: language, trace: trace, headers: headers)
    }

    static let schema: JSON = [
        "type": "object", "required": ["type", "title", "status", "code", "detail"],
        "properties": [
            "type": ["type": "string"], "title": ["type": "string"], "status": ["type": "integer"],
            "code": ["type": "string", "description": "Stable for ever; programs decide by it"],
            "detail": ["type": "string", "description": "For people, in the language asked for"],
            "trace": ["type": "string"],
            "errors": [
                "type": "array",
                "items": [
                    "type": "object", "required": ["field", "code", "detail"],
                    "properties": [
                        "field": ["type": "string"], "code": ["type": "string"], "detail": ["type": "string"],
                    ],
                ],
            ],
        ],
    ]
}
