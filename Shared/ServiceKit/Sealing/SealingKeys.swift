import Contracts
import Sealing

/// The key pair of a service that seals personal data or opens what was sealed for it, and the public keys of the
/// services that it seals for. From the environment: `LIENTHONG_SEALING_KEY` (private, 64 hexadecimal digits) and
/// `LIENTHONG_SEALING_PUBLIC` (`mail=<hex>,…`), both made by Deploy/local's provision.
public struct SealingKeys: Sendable {
    public let own: ServiceKey
    private let others: [ServiceName: ServicePublicKey]

    public init(own: ServiceKey, others: [ServicePublicKey]) {
        self.own = own
        self.others = Dictionary(others.map { ($0.service, $0) }, uniquingKeysWith: { $1 })
    }

    /// - Throws: when a key is missing or no key, also that of a service to which this one sends commands.
    public init(_ configuration: Configuration) throws(ConfigurationFaults) {
        let text = try configuration.secret("LIENTHONG_SEALING_KEY").value
        guard let own = try? ServiceKey(configuration.service, hex: text) else {
            throw ConfigurationFaults(faults: ["LIENTHONG_SEALING_KEY must have 64 hexadecimal digits"])
        }
        var others: [ServicePublicKey] = []
        for pair in (configuration.optional("LIENTHONG_SEALING_PUBLIC") ?? "").split(separator: ",") {
            let sides = pair.split(separator: "=", maxSplits: 1).map(String.init)
            guard sides.count == 2, let service = ServiceName(rawValue: sides[0]),
                let key = try? ServicePublicKey(service, hex: sides[1])
            else {
                throw ConfigurationFaults(faults: ["LIENTHONG_SEALING_PUBLIC must be a list such as mail=<64 digits>"])
            }
            others.append(key)
        }
        self.init(own: own, others: others)
        let missing = Catalogue.addressees(of: configuration.service).filter { self.others[$0] == nil }
        guard missing.isEmpty else {
            let names = missing.map(\.rawValue).sorted().joined(separator: ", ")
            throw ConfigurationFaults(faults: ["LIENTHONG_SEALING_PUBLIC has no key of \(names)"])
        }
    }

    /// Of a service that may be sealed for; nil for others.
    func publicKey(of service: ServiceName) -> ServicePublicKey? { others[service] }
}
