/// The fields of procedures (lĩnh vực) to which a post is limited, by the codes that the procedures name: part of what
/// the work of a position (vị trí việc làm; Decree 62/2020/NĐ-CP) is. A field, and not single procedures, so that a new
/// procedure needs no new appointment.
public struct ProcedureFields: Sendable, Hashable {
    /// Empty: all.
    private let codes: Set<String>

    /// - Parameter codes: as an event or a row has them; nil and empty mean all, also of fields still to come.
    public init(_ codes: [String]? = nil) { self.codes = Set(codes ?? []) }

    /// Whether an act about a procedure of this field lies within them. Nil: the act concerns no procedure (to read an
    /// agency's inbox or register, to keep its accounts), so the limit says nothing about it. Whoever acts upon
    /// something that has a procedure names its field.
    public func contain(_ field: String?) -> Bool {
        guard let field else { return true }
        return codes.isEmpty || codes.contains(field)
    }
}
