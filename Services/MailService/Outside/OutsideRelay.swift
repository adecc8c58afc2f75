import Contracts
import MailRelay
import ServiceKit

/// How letters leave the system, from `LIENTHONG_SMTP_RELAY` (`smtp://host:587`, `smtps://host:465`), `_SMTP_USER`,
/// `_SMTP_PASSWORD`, `_SMTP_AUTHORITIES` (PEM) and `_SMTP_FROM`. Without a relay letters wait, for everybody to see.
struct OutsideRelay: Sendable {
    let server: RelayServer?
    /// Nobody reads what comes back to it.
    let from: String

    init(_ configuration: Configuration, _ domain: MailDomain) throws(ConfigurationFaults) {
        from = configuration.optional("LIENTHONG_SMTP_FROM") ?? domain.address("khong-tra-loi")
        guard Letter.isAddress(from) else {
            throw ConfigurationFaults(faults: ["LIENTHONG_SMTP_FROM must be a mail address"])
        }
        guard let address = configuration.optional("LIENTHONG_SMTP_RELAY") else {
            server = nil
            return
        }
        server = RelayServer(
            address, user: configuration.optional("LIENTHONG_SMTP_USER"),
            password: configuration.optional("LIENTHONG_SMTP_PASSWORD"),
            authorities: configuration.optional("LIENTHONG_SMTP_AUTHORITIES"))
        guard server != nil else {
            throw ConfigurationFaults(faults: [
                "LIENTHONG_SMTP_RELAY must be an address such as smtp://mail.example:587"
            ])
        }
    }
}
