import Foundation

/// The JSON Schema (2020-12) of an event's data, made from its field list: what integrators validate and generate code
/// with. Open: within a version optional fields may come, and whoever reads must ignore what it does not know.
public enum EventSchema {
    public static let dialect = "https://json-schema.org/draft/2020-12/schema"
    /// RFC draft-bhutton-json-schema-01, section 14.
    public static let mediaType = "application/schema+json"

    /// The whole document of one event version.
    public static func document(of event: any Event.Type) -> JSON {
        guard case .object(let members) = data(of: event) else { return [:] }
        return .object([.init("$schema", .string(dialect)), .init("$id", .string(identity(of: event)))] + members)
    }

    /// A name, not an address: schemas are served by every province under its own host.
    public static func identity(of event: any Event.Type) -> String { "urn:lienthong:event:\(event.type)" }

    /// The schema without dialect and identity, to be embedded.
    public static func data(of event: any Event.Type) -> JSON {
        func members<E: Event>(_ event: E.Type) -> JSON { E.schema(of: E.fields, closed: false) }
        guard case .object(let list) = explained(members(event)) else { return [:] }
        return .object([.init("title", .string(event.type)), .init("description", .string(event.doc))] + list)
    }

    /// Adds to each value what its bounds alone do not say: the unit of an amount, the form of an agency's code.
    static func explained(_ schema: JSON) -> JSON {
        guard case .object(let members) = schema else { return schema }
        var changed = members.map { member -> JSON.Member in
            switch (member.name, member.value) {
            case ("properties", .object(let properties)):
                JSON.Member("properties", .object(properties.map { .init($0.name, explained($0.value)) }))
            case ("items", let items): JSON.Member("items", explained(items))
            default: member
            }
        }
        for (kind, meaning) in meanings where kind.isWithin(members) { changed += meaning }
        return .object(changed)
    }

    private static let meanings: [(kind: JSON, meaning: [JSON.Member])] = [
        (Kind<Money>.money.schema, [.init("x-unit", "VND")]),
        (
            Kind<AgencyCode>.agency.schema,
            [.init("pattern", #"^[A-Z][0-9]{2}(\.[0-9A-Z]+)*$"#), .init("examples", ["H19", "H19.12"])]
        ),
    ]
}

extension JSON {
    /// Whether these members say everything that this object says.
    fileprivate func isWithin(_ members: [JSON.Member]) -> Bool {
        guard case .object(let mine) = self else { return false }
        return mine.allSatisfy { wanted in members.contains { $0.name == wanted.name && $0.value == wanted.value } }
            && members.allSatisfy { other in
                other.name == "description" || mine.contains { $0.name == other.name }
            }
    }
}
