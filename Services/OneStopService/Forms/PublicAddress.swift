import Foundation
import ServiceKit

/// Where the public reaches this service, for the QR codes on forms: `LIENTHONG_PUBLIC_URL`. Without it they say the
/// dossier's code alone.
struct PublicAddress: Sendable {
    let address: String?

    static let variable = "LIENTHONG_PUBLIC_URL"

    init(_ configuration: Configuration) throws(ConfigurationFaults) {
        guard let text = configuration.optional(Self.variable) else {
            address = nil
            return
        }
        let bare = text.hasSuffix("/") ? String(text.dropLast()) : text
        guard let parts = URLComponents(string: bare), ["http", "https"].contains(parts.scheme),
            parts.host?.isEmpty == false, parts.user == nil, parts.query == nil, parts.fragment == nil,
            bare.utf8.count <= 120
        else {
            throw ConfigurationFaults(
                faults: ["\(Self.variable) must be an http or https address of at most 120 characters"])
        }
        address = bare
    }
}
