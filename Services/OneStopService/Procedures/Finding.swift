import Contracts
import ServiceKit

/// What is wrong with a version of a procedure, found before it is published: the rule that it breaks
/// (`Deploy/runbooks/procedures.md`), where it stands, and the way on which it happens.
struct Finding: Record, Hashable {
    var rule = ""
    var code = ""
    var field = ""
    var path: [String] = []
    var vietnamese = ""
    var english = ""

    static let fields: [Field<Self>] = [
        .init("rule", \.rule, .text(1...6), "Number of the rule"),
        .init("code", \.code, .text(1...60), "Stable code of what is wrong"),
        .init("field", \.field, .text(1...Limits.nameLength), "Where it stands in the definition"),
        .init(
            "path", \.path, .list(.text(1...60), 0...Limits.OneStop.path),
            "Steps that are left one after the other until it happens, then the step at which it does"),
        .init("vietnamese", \.vietnamese, .text(1...Limits.noteLength), "In Vietnamese"),
        .init("english", \.english, .text(1...Limits.noteLength), "In English"),
    ]

    init() {}

    init(_ rule: String, _ code: String, at field: String, path: [String] = [], vi: String, en: String) {
        (self.rule, self.code, self.field) = (rule, code, "definition.\(field)")
        self.path = path.count > Limits.OneStop.path ? Array(path.suffix(Limits.OneStop.path)) : path
        // What does not fit into a note stands in `path`.
        let way = path.count > 1 ? " (\(path.joined(separator: " → ").suffix(Limits.noteLength / 2)))" : ""
        (vietnamese, english) = (vi + way, en + way)
    }

    var fault: FieldFault { FieldFault(code, field: field, vi: vietnamese, en: english) }
}
