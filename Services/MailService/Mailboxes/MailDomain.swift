import Contracts
import ServiceKit

/// The domain of the province's official addresses, from `LIENTHONG_MAIL_DOMAIN`.
struct MailDomain: Sendable {
    /// What stands behind the @ where nothing else is configured: the demonstration province.
    static let standard = "dongnai.gov.vn"

    let name: String

    init(_ configuration: Configuration) throws(ConfigurationFaults) {
        let name = configuration.optional("LIENTHONG_MAIL_DOMAIN") ?? Self.standard
        guard Self.isDomain(name) else {
            throw ConfigurationFaults(faults: ["LIENTHONG_MAIL_DOMAIN must be a domain such as \(Self.standard)"])
        }
        self.name = name
    }

    init(_ name: String) { self.name = name }

    func address(_ localPart: String) -> String { "\(localPart)@\(name)" }

    /// Labels of lower-case letters, digits and inner hyphens (RFC 1035, section 2.3.1), at least two.
    static func isDomain(_ text: String) -> Bool {
        let labels = text.split(separator: ".", omittingEmptySubsequences: false)
        return labels.count >= 2 && text.utf8.count <= Limits.Mail.domainLength
            && labels.allSatisfy { label in
                (1...63).contains(label.utf8.count) && label.first != "-" && label.last != "-"
                    && label.utf8.allSatisfy { (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2D }
            }
    }
}
